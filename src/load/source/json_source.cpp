#include "load/source/json_source.hpp"

#include <algorithm>

#include "base/concat.hpp"
#include "base/equal_few.hpp"
#include "pg/encoding.hpp"
#include "pg/guard.hpp"
#include "settings.hpp"

#include "pg/server.hpp"

extern "C" {
#include "mb/pg_wchar.h"
}

namespace ferry::load {

using pg::call;
using text::JsonKind;
using text::JsonView;
using Shape = JsonLiterals::Shape;

namespace {

/// Whether a type takes the text of every scalar, so that nothing has to be known of it.
bool takes_text(Oid type) {
  switch (type) {
    case INT2OID:
    case INT4OID:
    case INT8OID:
    case FLOAT4OID:
    case FLOAT8OID:
    case NUMERICOID:
    case BOOLOID:
    case TEXTOID:
    case VARCHAROID:
    case DATEOID:
    case TIMESTAMPOID:
    case TIMESTAMPTZOID:
    case UUIDOID:
      return true;
    default:
      return false;
  }
}

}  // namespace

JsonSource::JsonSource(const text::JsonBatch& batch, std::span<const Row> rows, std::vector<LoadedColumn> columns,
                       NoSuchColumn no_such_column)
    : batch_(batch),
      rows_(rows),
      columns_(std::move(columns)),
      no_such_column_(std::move(no_such_column)),
      is_utf8_(GetDatabaseEncoding() == PG_UTF8) {
  for (const LoadedColumn& column : columns_) takes_text_.push_back(takes_text(column.type));
  splits_without_errors_ = is_utf8_ && std::find(takes_text_.begin(), takes_text_.end(), false) == takes_text_.end();
  if (!is_utf8_)
    for (const LoadedColumn& column : columns_) names_.push_back(pg::to_utf8(column.name));
}

bool JsonSource::read(Record& record) {
  if (next_ == rows_.size()) return false;
  record.raw.refer_to(rows_[next_++].raw);
  record.row_number = static_cast<std::int64_t>(next_);
  record.line_number = 0;
  record.is_cut = false;
  record.problem.reset();
  bytes_ += static_cast<std::int64_t>(record.raw.size());
  return true;
}

RecordText JsonSource::text_of(const Record& record, std::size_t most_bytes) {
  std::string_view raw = record.raw;
  const bool is_cut = record.is_cut || raw.size() > most_bytes;
  if (is_cut) raw = pg::whole_characters(raw.substr(0, most_bytes), PG_UTF8);
  return {pg::try_from_utf8(raw), is_cut};
}

void JsonSource::split(const Record& record, Fields& out) {
  out.values.assign(columns_.size(), Field{});
  out.valid = 0;
  out.take_problem_of(record);
  field_at_work_.reset();
  if (!kept_.empty()) kept_.clear();
  if (out.problem) return;
  const auto limit = static_cast<std::size_t>(settings::max_record_bytes);
  if (record.raw.size() > limit) {
    out.problem =
        Problem{"54000",
                {},
                {},
                "row is too long",
                concat("It has ", record.raw.size(), " bytes; the limit of \"pg_ferry.max_record_bytes\" is ", limit, ".")};
    return;
  }
  const bool is_single = rows_.empty();
  const Row row = is_single ? single_.read_row(record.raw) : rows_[static_cast<std::size_t>(record.row_number) - 1];
  if (!row.is_object) {
    out.problem = Problem{"22023", {}, {}, "row is not a JSON object", {}};
    return;
  }
  const auto members = (is_single ? single_ : batch_).members(row);
  if (put_as_before(members, out.values)) {
    out.valid = out.values.size();
    return;
  }
  out.values.assign(columns_.size(), Field{});
  out.problem = choose(members);
  for (std::size_t at = 0; at < chosen_.size() && !out.problem; at++) {
    if (chosen_[at] == nullptr) continue;
    field_at_work_ = at;
    out.problem = put_field(*chosen_[at], at, out.values[at]);
  }
  field_at_work_.reset();
  if (!out.problem) out.valid = out.values.size();
}

/// Makes the members fields where all are of the columns that those of the row before had, and have the texts that they need.
/// False: somewhere else has to be looked.
bool JsonSource::put_as_before(std::span<const JsonView> members, std::vector<Field>& fields) const {
  if (!splits_without_errors_ || members.size() > member_columns_.size()) return false;
  for (std::size_t i = 0; i < members.size(); i++) {
    const JsonView& member = members[i];
    const std::size_t at = member_columns_[i];
    const bool is_null = member.kind == JsonKind::null;
    const bool has_text = member.kind == JsonKind::text || member.kind == JsonKind::scalar;
    if ((!is_null && !has_text) || !equal_few(member.key, columns_[at].name)) return false;
    Field& field = fields[at];
    field.state = is_null ? Field::State::null : Field::State::view;
    field.text = member.value.data();
    field.size = member.value.size();
  }
  return true;
}

/// Finds the member of each column; of several the last.
std::optional<Problem> JsonSource::choose(std::span<const JsonView> members) {
  chosen_.assign(columns_.size(), nullptr);
  for (std::size_t i = 0; i < members.size(); i++) {
    const std::size_t at = members[i].kind == JsonKind::invalid_key ? chosen_.size() : find_column(members[i].key, i);
    if (at == chosen_.size()) return unknown(members[i]);
    chosen_[at] = &members[i];
  }
  return std::nullopt;
}

/// The index of the column of that name, or as many as there are columns. Rows mostly have the same keys in the same order.
std::size_t JsonSource::find_column(std::string_view key, std::size_t member) {
  const auto name = [this](std::size_t at) -> std::string_view { return is_utf8_ ? columns_[at].name : names_[at]; };
  if (member < member_columns_.size() && name(member_columns_[member]) == key) return member_columns_[member];
  std::size_t at = 0;
  while (at < columns_.size() && name(at) != key) at++;
  if (at == columns_.size()) return at;
  if (member >= member_columns_.size()) member_columns_.resize(member + 1);
  member_columns_[member] = at;
  return at;
}

Problem JsonSource::unknown(const JsonView& member) const {
  if (member.kind == JsonKind::invalid_key)
    return {"22P05", {}, {}, "unsupported Unicode escape sequence", "The name of a column has an invalid Unicode escape."};
  return no_such_column_(pg::from_utf8(member.key));
}

const char* JsonSource::keep(std::string text) { return kept_.emplace_back(std::move(text)).c_str(); }

/// Writes a value as its type reads it, where that is not the text that it has.
std::optional<Problem> JsonSource::write(const Shape& shape, const JsonView& member, std::string_view& value) {
  if (member.kind != JsonKind::structure) {
    if (shape.kind == Shape::Kind::json) value = keep(std::string(member.raw));
    return std::nullopt;
  }
  if (auto problem = JsonLiterals::mismatch(shape, member)) return problem;
  if (shape.kind != Shape::Kind::array && shape.kind != Shape::Kind::composite) return std::nullopt;
  std::string literal;
  auto problem = literals_.write(shape, member.raw, literal);
  value = keep(std::move(literal));
  return problem;
}

/// Makes a member the field of its column, or tells what is wrong with it.
std::optional<Problem> JsonSource::put_field(const JsonView& member, std::size_t at, Field& field) {
  const LoadedColumn& column = columns_[at];
  if (member.kind == JsonKind::null) {
    field.state = Field::State::null;
    return std::nullopt;
  }
  std::string_view value = member.value;
  bool is_valid = member.kind != JsonKind::invalid;
  if (member.kind == JsonKind::structure || !takes_text_[at]) {
    const Shape& shape = literals_.shape_of(column.type);
    if (auto problem = write(shape, member, value)) {
      problem->column = column.name;
      return problem;
    }
    is_valid = is_valid || shape.kind == Shape::Kind::json;
  }
  if (!is_valid)
    return Problem{"22P05", std::string(column.name), {}, "unsupported Unicode escape sequence", std::string(member.value)};
  if (!is_utf8_) value = keep(pg::from_utf8(value));
  field.state = Field::State::view;
  field.text = value.data();
  field.size = value.size();
  return std::nullopt;
}

}  // namespace ferry::load
