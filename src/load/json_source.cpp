#include "load/json_source.hpp"

#include "base/concat.hpp"
#include "pg/encoding.hpp"
#include "pg/guard.hpp"

#include "pg/server.hpp"

namespace ferry::load {

using pg::call;

bool JsonSource::read(Record& record) {
  if (next_ == rows_.size()) return false;
  record.raw = rows_[next_++];
  record.row_number = static_cast<std::int64_t>(next_);
  record.line_number = 0;
  record.problem.reset();
  bytes_ += static_cast<std::int64_t>(record.raw.size());
  return true;
}

std::optional<std::string> JsonSource::text_of(const Record& record) { return pg::from_utf8(record.raw); }

void JsonSource::split(const Record& record, Fields& out) {
  out.values.assign(rules_.field_columns().size(), Field{});
  out.valid = 0;
  out.problem.reset();
  auto members = text::read_json_row(record.raw);
  if (!members) {
    out.problem = Problem{"22023", {}, {}, "row is not a JSON object", {}};
    return;
  }
  members_ = std::move(*members);
  for (text::JsonMember& member : members_) {
    place(member, out);
    if (out.problem) return;
  }
  out.valid = out.values.size();
}

/// Puts a member in the place of its column; a problem where it has none or is no text.
void JsonSource::place(text::JsonMember& member, Fields& out) {
  using Kind = text::JsonMember::Kind;
  const std::string name = pg::from_utf8(member.key);
  const Column* const column = rules_.find_column(name);
  if (column == nullptr) {
    const bool exists = call(get_attnum, RelationGetRelid(rules_.relation()), name.c_str()) > 0;
    out.problem = exists ? Problem{"428C9",
                                   name,
                                   {},
                                   concat("column \"", name, "\" is a generated column"),
                                   "Generated columns are computed and cannot be given a value."}
                         : Problem{"42703",
                                   name,
                                   {},
                                   concat("column \"", name, "\" of relation \"", rules_.table_name(), "\" does not exist"),
                                   {}};
    return;
  }
  if (member.kind == Kind::invalid) {
    out.problem = Problem{"22P05", name, {}, "unsupported Unicode escape sequence", pg::from_utf8(member.value)};
    return;
  }
  Field& field = out.values[static_cast<std::size_t>(column - rules_.columns().data())];
  if (member.kind == Kind::null) {
    field.state = Field::State::null;
    return;
  }
  const bool is_json = column->type == JSONOID || column->type == JSONBOID;
  if (member.kind == Kind::text && is_json) member.value = std::move(member.raw);
  member.value = pg::from_utf8(member.value);
  field.state = Field::State::text;
  field.text = member.value.c_str();
  field.size = member.value.size();
}

}  // namespace ferry::load
