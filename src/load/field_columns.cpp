#include "load/field_columns.hpp"

#include <algorithm>
#include <iterator>
#include <numeric>
#include <string_view>
#include <unordered_set>

#include "base/concat.hpp"
#include "base/error.hpp"
#include "load/header_names.hpp"

#include "pg/server.hpp"

namespace ferry::load {

namespace {

/// The header of HEADER MATCH has to have the names of the columns in their order.
void check_header(const HeaderLine& header, const StreamOptions& stream, const std::vector<LoadedColumn>& columns) {
  if (header.names.size() != columns.size())
    throw Error("22P04",
                concat("wrong number of fields in header line: got ", header.names.size(), ", expected ", columns.size()))
        .hint(header.hint);
  for (std::size_t i = 0; i < columns.size(); i++) {
    const auto mismatch = [&](const std::string& got) {
      return Error("22P04", concat("column name mismatch in header line field ", i + 1, ": got ", got, ", expected \"",
                                   columns[i].name, '"'))
          .hint(header.hint);
    };
    if (header.are_null[i]) throw mismatch(concat("null value (\"", stream.dialect.null_string, "\")"));
    if (header.names[i] == columns[i].name) continue;
    const bool is_like_it = loose_key(header.names[i]) == loose_key(columns[i].name);
    if (is_like_it && stream.header_match == HeaderMatch::loose) continue;
    Error error = mismatch(concat('"', header.names[i], '"'));
    if (is_like_it) error.hint(kLooseHint);
    throw error;
  }
}

/// Makes the load fill the columns that the names of a header are those of.
void choose_named_columns(const HeaderLine& header, const std::vector<std::string>& columns, HeaderMatch how,
                          TargetTable& target) {
  std::vector<std::string> named;
  std::copy_if(columns.begin(), columns.end(), std::back_inserter(named), [](const std::string& name) { return !name.empty(); });
  if (named.empty()) throw Error("22P04", "header line has no names").hint(header.hint);
  try {
    target.choose_columns(named);
  } catch (Error& error) {
    error.context("header line").hint("Columns are matched by name. Name the columns to load to pass over others.");
    if (error.sqlstate() == "42703") explain_unmatched(error, header, columns, how, target.relation());
    throw;
  }
}

[[noreturn]] void fail_without_field(const HeaderLine& header, std::string_view column, HeaderMatch how) {
  Error error("42703", concat("column \"", column, "\" is not in the header line"));
  error.hint(header.hint);
  const auto like = std::find_if(header.names.begin(), header.names.end(),
                                 [key = loose_key(column)](const std::string& name) { return loose_key(name) == key; });
  if (like != header.names.end()) {
    error.detail(concat("Field ", like - header.names.begin() + 1, ", \"", *like, "\", ", kDiffersLoosely));
    if (how == HeaderMatch::exact) error.hint(kLooseHint);
  }
  throw error;
}

/// For each field which of the columns it fills, by the name of its own; -1: none.
std::vector<int> match_names(const HeaderLine& header, const std::vector<std::string>& names,
                             const std::vector<LoadedColumn>& columns, HeaderMatch how) {
  std::vector<int> column_of_field(names.size(), -1);
  for (std::size_t i = 0; i < columns.size(); i++) {
    const auto found = std::find(names.begin(), names.end(), columns[i].name);
    if (found == names.end()) fail_without_field(header, columns[i].name, how);
    column_of_field[static_cast<std::size_t>(found - names.begin())] = static_cast<int>(i);
  }
  return column_of_field;
}

/// Those of columns that are loaded occur once; all of them where none are given. Errors: 42701.
void check_once(const HeaderLine& header, const std::vector<std::string>& columns, const std::vector<std::string>& loaded) {
  const std::unordered_set<std::string_view> wanted(loaded.begin(), loaded.end());
  std::unordered_set<std::string_view> known;
  for (std::size_t i = 0; i < columns.size(); i++) {
    const bool is_loaded = wanted.empty() || wanted.contains(columns[i]);
    if (!columns[i].empty() && is_loaded && !known.insert(columns[i]).second)
      throw Error("42701", concat("column \"", columns[i], "\" occurs more than once in the header line"))
          .detail(header.names[i] == columns[i] ? std::string()
                                                : concat("Field ", i + 1, ", \"", header.names[i], "\", goes with it, too."));
  }
}

}  // namespace

std::vector<std::string> choose_columns(StreamSource& source, const StreamOptions& stream, TargetTable& target) {
  if (!stream.columns.empty()) target.choose_columns(stream.columns);
  HeaderLine header = source.read_header();
  if (stream.header == Header::by_name) {
    const std::vector<std::string> named = columns_named(header.names, stream.header_match, target.relation());
    check_once(header, named, stream.columns);
    if (stream.columns.empty()) choose_named_columns(header, named, stream.header_match, target);
    const std::vector<LoadedColumn> columns = target.loaded_columns();
    source.fill(columns, match_names(header, named, columns, stream.header_match));
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
