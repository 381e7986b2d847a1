#include "load/write/named_row.hpp"

#include <string_view>
#include <vector>

#include "pg/guard.hpp"
#include "pg/names.hpp"

#include "pg/server.hpp"

namespace ferry::load {

namespace {

/// The parts between the separators.
std::vector<std::string_view> split_list(std::string_view list) {
  std::vector<std::string_view> parts;
  for (std::size_t at = 0; at <= list.size();) {
    const std::size_t end = std::min(list.find(", ", at), list.size());
    parts.push_back(list.substr(at, end - at));
    at = end + 2;
  }
  return parts;
}

/// What a detail tells of a row: the values of some columns, or all values of a row in the other table's order.
struct Told {
  std::vector<std::size_t> fields{};  ///< whose values these are; empty: of any
  std::vector<std::string_view> values{};
};

/// Where the fields of records go by name. Nothing where a name is none of theirs.
std::optional<std::vector<std::size_t>> fields_of(std::string_view names, const TargetTable& target) {
  std::vector<std::size_t> fields;
  for (const std::string_view name : split_list(names)) {
    std::size_t field = 0;
    while (field < target.field_columns().size() && target.column_of_field(field)->name != name) field++;
    if (field == target.field_columns().size()) return std::nullopt;
    fields.push_back(field);
  }
  return fields;
}

std::optional<Told> read_detail(std::string_view detail, const TargetTable& target) {
  const std::size_t open = detail.find('('), close = detail.rfind(')');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open) return std::nullopt;
  const std::string_view inside = detail.substr(open + 1, close - open - 1);
  const std::size_t equal = inside.find(")=(");
  if (equal == std::string_view::npos) return Told{{}, split_list(inside)};
  auto fields = fields_of(inside.substr(0, equal), target);
  if (!fields) return std::nullopt;
  const auto values = split_list(inside.substr(equal + 3));
  return values.size() == fields->size() ? std::optional(Told{std::move(*fields), values}) : std::nullopt;
}

/// Whether a field says what a value of a detail does.
bool is_said(const Field& field, Oid type, std::string_view value) {
  switch (field.state) {
    case Field::State::text:
    case Field::State::view:
      return std::string_view(field.text, field.size) == value;
    case Field::State::null:
      return value == "null";
    case Field::State::value:
      return value == pg::call(pg::output_text, type, Datum{field.value});
    default:
      return false;
  }
}

/// How many of the values told the fields say.
std::size_t count_said(const Told& told, const Fields& fields, const TargetTable& target) {
  const auto says = [&](std::size_t field, std::string_view value) {
    return field < fields.valid && is_said(fields.values[field], target.column_of_field(field)->type, value);
  };
  std::size_t count = 0;
  for (std::size_t i = 0; i < told.values.size(); i++) {
    bool is = false;
    if (!told.fields.empty()) is = says(told.fields[i], told.values[i]);
    for (std::size_t field = 0; told.fields.empty() && field < fields.valid && !is; field++) is = says(field, told.values[i]);
    count += is ? 1 : 0;
  }
  return count;
}

}  // namespace

std::optional<std::size_t> find_named_row(const std::string& detail, std::span<const Record> records,
                                          std::span<const std::size_t> positions, Source& source, const TargetTable& target,
                                          Fields& fields) {
  const auto told = read_detail(detail, target);
  if (!told) return std::nullopt;
  std::optional<std::size_t> named;
  std::size_t most = 1;
  for (const std::size_t at : positions) {
    source.split(records[at], fields);
    const std::size_t count = count_said(*told, fields, target);
    if (count < most || (!told->fields.empty() && count < told->values.size())) continue;
    most = count;
    named = at;
  }
  return named;
}

}  // namespace ferry::load
