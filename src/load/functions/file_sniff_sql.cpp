// The statements that make a table for a file and load it.

#include <algorithm>
#include <set>

#include "base/concat.hpp"
#include "base/json_text.hpp"
#include "load/functions/file_sniff.hpp"
#include "load/functions/sql_text.hpp"

#include "pg/server.hpp"

extern "C" {
#include "mb/pg_wchar.h"
}

namespace ferry::load {
namespace {

std::string text_array(const std::vector<std::string>& texts) {
  std::string list;
  for (const std::string& text : texts) list += concat(list.empty() ? "" : ", ", literal(text));
  return concat("ARRAY[", list, "]");
}

/// A title as load_csv compares it with the names of columns.
std::string loose(std::string_view text) {
  std::string result;
  for (const char c : text)
    if (c != ' ' && c != '\t' && c != '_' && c != '-') result += c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  return result;
}

/// Whether the titles of the file name the columns.
bool is_matched_by_name(const text::SniffedFile& file) {
  std::set<std::string> titles;
  return file.has_header && std::all_of(file.columns.begin(), file.columns.end(), [&titles](const text::SniffedColumn& column) {
           return loose(column.title) == loose(column.name) && titles.insert(loose(column.title)).second;
         });
}

/// Of columns in which NULL stands in quotes, which is text to a load.
std::string expressions(const text::SniffedFile& file) {
  std::string members;
  for (std::size_t i = 0; i < file.columns.size(); i++) {
    if (!file.columns[i].has_quoted_blanks) continue;
    members += concat(members.empty() ? "" : ", ", json_string(file.columns[i].name), ": ",
                      json_string(concat("nullif(f", i + 1, ", '')")));
  }
  return members.empty() ? members : concat("{", members, "}");
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

std::string load_command_sql(const text::SniffedFile& file, const std::string& table, const std::string& path) {
  const text::Layout& layout = file.layout;
  const bool by_name = is_matched_by_name(file);
  const std::int64_t skip_lines = layout.skip_lines + (by_name ? 0 : file.header_lines);
  std::string sql;
  if (const std::string style = date_style_of(file); !style.empty()) sql = concat("SET datestyle TO ", style, ";\n");
  sql += concat("SELECT * FROM load_csv(", literal(table), ", ", literal(path));
  const auto add = [&sql](std::string_view name, const std::string& value) { sql += concat(", ", name, " => ", value); };
  const auto byte = [](char c) { return literal(std::string_view(&c, 1)); };
  if (by_name) add("header", "true");
  if (layout.dialect.delimiter != ',') add("delimiter", byte(layout.dialect.delimiter));
  if (!layout.has_quotes) add("quotes", "'none'");
  if (layout.has_quotes && layout.dialect.quote != '"') add("quote", byte(layout.dialect.quote));
  if (layout.has_quotes && layout.dialect.escape != layout.dialect.quote) add("escape", byte(layout.dialect.escape));
  const std::string encoding(name_of(file.encoding));
  if (pg_char_to_encoding(encoding.c_str()) != pg_get_client_encoding()) add("encoding", literal(encoding));
  if (skip_lines > 0) add("skip_lines", std::to_string(skip_lines));
  if (!layout.comment.empty()) add("comment", literal(layout.comment));
  if (!file.null_words.empty()) add("null_strings", text_array(file.null_words));
  if (file.has_blanks_around) add("trim_blanks", "true");
  if (layout.is_ragged) add("ragged", "true");
  if (const std::string given = expressions(file); !given.empty()) add("expressions", literal(given));
  return sql + ");";
}

}  // namespace ferry::load
