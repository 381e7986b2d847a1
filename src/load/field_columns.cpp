#include "load/field_columns.hpp"

#include <algorithm>
#include <numeric>
#include <string_view>
#include <unordered_set>

#include "base/concat.hpp"
#include "base/error.hpp"

#include "pg/server.hpp"

namespace ferry::load {

namespace {

/// The header of HEADER MATCH has to have the names of the columns in their order.
void check_header(const HeaderLine& header, const StreamOptions& stream, const std::vector<LoadedColumn>& columns) {
  if (header.names.size() != columns.size())
    throw Error("22P04",
                concat("wrong number of fields in header line: got ", header.names.size(), ", expected ", columns.size()));
  for (std::size_t i = 0; i < columns.size(); i++) {
    const auto mismatch = [&](const std::string& got) {
      return Error("22P04", concat("column name mismatch in header line field ", i + 1, ": got ", got, ", expected \"",
                                   columns[i].name, '"'));
    };
    if (header.are_null[i]) throw mismatch(concat("null value (\"", stream.dialect.null_string, "\")"));
    if (header.names[i] != columns[i].name) throw mismatch(concat('"', header.names[i], '"'));
  }
}

void check_names(const std::vector<std::string>& names) {
  std::unordered_set<std::string_view> known;
  for (const std::string& name : names)
    if (!known.insert(name).second)
      throw Error("42701", concat("column \"", name, "\" occurs more than once in the header line"));
}

/// Those of a header's names.
void choose_named_columns(const std::vector<std::string>& names, TargetTable& target) {
  try {
    target.choose_columns(names);
  } catch (Error& error) {
    error.context("header line").hint("Columns are matched by name. Name the columns to load to pass over others.");
    throw;
  }
}

/// For each field which of the columns it fills, by its name; -1: none.
std::vector<int> match_names(const std::vector<std::string>& names, const std::vector<LoadedColumn>& columns) {
  std::vector<int> column_of_field;
  for (const std::string& name : names) {
    const auto found = std::find_if(columns.begin(), columns.end(), [&](const LoadedColumn& one) { return one.name == name; });
    column_of_field.push_back(found == columns.end() ? -1 : static_cast<int>(found - columns.begin()));
  }
  for (std::size_t i = 0; i < columns.size(); i++)
    if (std::find(column_of_field.begin(), column_of_field.end(), static_cast<int>(i)) == column_of_field.end())
      throw Error("42703", concat("column \"", columns[i].name, "\" is not in the header line"));
  return column_of_field;
}

}  // namespace

std::vector<std::string> choose_columns(StreamSource& source, const StreamOptions& stream, TargetTable& target) {
  if (!stream.columns.empty()) target.choose_columns(stream.columns);
  HeaderLine header = source.read_header();
  if (stream.header == Header::by_name) {
    check_names(header.names);
    if (stream.columns.empty()) choose_named_columns(header.names, target);
    const std::vector<LoadedColumn> columns = target.loaded_columns();
    source.fill(columns, match_names(header.names, columns));
    return std::move(header.names);
  }
  const std::vector<LoadedColumn> columns = target.loaded_columns();
  if (stream.header == Header::match) check_header(header, stream, columns);
  std::vector<int> in_order(columns.size());
  std::iota(in_order.begin(), in_order.end(), 0);
  source.fill(columns, std::move(in_order));
  return {};
}

void choose_columns(AvroSource& source, const AvroOptions& avro, TargetTable& target) {
  std::vector<map::ReadColumn> targets;
  const auto add = [&targets](const TargetColumn& column) {
    targets.push_back({column.name, map::read_type(column.type, column.typmod)});
  };
  for (const std::string& name : avro.columns) add(*target.find_column(name));
  if (avro.columns.empty())
    for (const TargetColumn& column : target.columns()) add(column);
  const std::vector<std::size_t>& filled = source.fill(targets);
  std::vector<std::string> names;
  for (const std::size_t at : filled) names.push_back(targets[at].name);
  if (!avro.columns.empty())
    for (std::size_t i = 0; i < targets.size(); i++)
      if (i == filled.size() || filled[i] != i)
        throw Error("42703",
                    concat("column \"", targets[i].name, "\" of table \"", target.table_name(), "\" does not exist in the file"))
            .detail(concat("The file has the columns (", map::stored_definition(source.schema()), ")."))
            .column(targets[i].name)
            .table(target.table_name());
  target.choose_columns(names);
}

}  // namespace ferry::load
