// The statements that make a table for a file and load it.

#include <algorithm>
#include <set>
#include <vector>

#include "base/concat.hpp"
#include "load/functions/file_sniff.hpp"
#include "load/functions/sql_text.hpp"
#include "load/header_names.hpp"
#include "load/source/option_words.hpp"

#include "pg/server.hpp"

extern "C" {
#include "mb/pg_wchar.h"
}

namespace ferry::load {
namespace {

/// Whether the titles of the file are those of the columns, each of one alone.
bool is_matched_by_name(const text::SniffedFile& file) {
  std::set<std::string> keys;
  return file.has_header && std::all_of(file.columns.begin(), file.columns.end(), [&keys](const text::SniffedColumn& column) {
           const std::string key = loose_key(column.name);
           return loose_key(column.title) == key && keys.insert(key).second;
         });
}

std::string array_of(const std::vector<std::string>& texts) {
  std::string list;
  for (const std::string& text : texts) list += concat(list.empty() ? "" : ", ", literal(text));
  return concat("ARRAY[", list, ']');
}

}  // namespace

std::string create_table_sql(const text::SniffedFile& file, const std::string& table, const std::string& key) {
  std::string sql = concat("CREATE TABLE ", table, " (");
  for (std::size_t i = 0; i < file.columns.size(); i++) {
    const text::SniffedColumn& column = file.columns[i];
    const bool is_last = i + 1 == file.columns.size() && key.empty();
    sql += concat("\n    ", identifier(column.name), ' ', name_of(column.type), is_last ? "" : ",");
    if (!column.reason.empty()) sql += concat("  -- ", column.reason);
  }
  if (!key.empty()) sql += concat("\n    ", key);
  sql += "\n);";
  for (const text::SniffedColumn& column : file.columns)
    if (!column.title.empty() && column.title != column.name)
      sql += concat("\nCOMMENT ON COLUMN ", table, '.', identifier(column.name), " IS ", literal(column.title), ';');
  return sql;
}

std::string load_command_sql(const FileSniff& sniffed, const std::string& table, const std::string& path) {
  const text::SniffedFile& file = sniffed.file;
  const text::Dialect& dialect = file.layout.dialect;
  if (std::any_of(file.columns.begin(), file.columns.end(), [](const auto& column) { return column.has_quoted_blanks; }))
    return concat("-- load_csv cannot load a file with empty fields in quotes that stand for NULL.\n-- create_table_from(",
                  literal(path), ", ", literal(table), ") makes the table and loads it.");
  std::string sql;
  if (const std::string style = date_style_of(file); !style.empty()) sql = concat("SET datestyle TO ", style, ";\n");
  sql += concat("SELECT * FROM load_csv(", literal(table), ", ", literal(path));
  const auto add = [&sql](std::string_view name, const std::string& value) { sql += concat(", ", name, " => ", value); };
  const auto byte = [](char c) { return literal(std::string_view(&c, 1)); };
  const bool goes_by_name = is_matched_by_name(file);
  if (goes_by_name) add("header", "true");
  if (dialect.delimiter != ',') add("delimiter", byte(dialect.delimiter));
  if (dialect.quote != '"') add("quote", byte(dialect.quote));
  if (dialect.escape != dialect.quote) add("escape", byte(dialect.escape));
  if (pg_char_to_encoding(sniffed.encoding.c_str()) != pg_get_client_encoding()) add("encoding", literal(sniffed.encoding));
  // a header that has other names than the columns is passed over
  const std::int64_t skip_lines = file.has_header && !goes_by_name ? file.last_header_line : dialect.skip_lines;
  if (skip_lines > 0) add("skip_lines", std::to_string(skip_lines));
  if (!dialect.comment.empty()) add("comment", literal(dialect.comment));
  if (!file.null_words.empty()) add("null_strings", array_of(file.null_words));
  if (file.has_blanks_around) add("trim_blanks", "true");
  if (file.layout.is_ragged) add("ragged", "true");
  if (dialect.quotes != text::Quotes::copy) add("quotes", literal(name_of(dialect.quotes)));
  return sql + ");";
}

}  // namespace ferry::load
