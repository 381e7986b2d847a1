// The statements that make a table for a file and load it.

#include <algorithm>
#include <set>
#include <vector>

#include "base/concat.hpp"
#include "base/error.hpp"
#include "load/functions/file_sniff.hpp"
#include "load/functions/sql_text.hpp"

#include "pg/server.hpp"

extern "C" {
#include "mb/pg_wchar.h"
}

namespace ferry::load {
namespace {

/// Whether the titles of the file name the columns.
bool is_matched_by_name(const text::SniffedFile& file) {
  std::set<std::string> titles;
  return file.has_header && std::all_of(file.columns.begin(), file.columns.end(), [&titles](const text::SniffedColumn& column) {
           return column.title == column.name && titles.insert(column.title).second;
         });
}

/// What no load can do with the file.
std::vector<const char*> obstacles_to_any_load(const text::SniffedFile& file) {
  std::vector<const char*> obstacles;
  if (!file.layout.comment.empty()) obstacles.push_back("comments");
  if (file.null_words.size() > 1 || (!file.null_words.empty() && file.has_empty_fields))
    obstacles.push_back("several spellings of NULL");
  if (file.has_blanks_around) obstacles.push_back("blanks around its values");
  if (file.layout.is_ragged) obstacles.push_back("records of different lengths");
  return obstacles;
}

/// What load_csv cannot do with it, though create_table_from() can.
std::vector<const char*> obstacles_to_load_csv(const text::SniffedFile& file) {
  std::vector<const char*> obstacles;
  if (file.layout.skip_lines > 0) obstacles.push_back("lines before its records");
  if (file.layout.skip_lines == 0 && file.has_header && !is_matched_by_name(file))
    obstacles.push_back("a header that has other names than the columns");
  if (!file.layout.has_quotes) obstacles.push_back("quotes that are data");
  if (std::any_of(file.columns.begin(), file.columns.end(), [](const auto& column) { return column.has_quoted_blanks; }))
    obstacles.push_back("empty fields in quotes that stand for NULL");
  return obstacles;
}

std::string list_of(const std::vector<const char*>& texts) {
  std::string list;
  for (const char* const text : texts) list += concat(list.empty() ? "" : ", ", text);
  return list;
}

/// A comment in the place of a statement that would not run.
std::string no_load_command(const text::SniffedFile& file, const std::string& table, const std::string& path) {
  std::vector<const char*> obstacles = obstacles_to_any_load(file);
  const bool can_be_loaded = obstacles.empty();
  for (const char* const obstacle : obstacles_to_load_csv(file)) obstacles.push_back(obstacle);
  return concat("-- load_csv cannot load a file with ", list_of(obstacles), '.',
                can_be_loaded
                    ? concat("\n-- create_table_from(", literal(path), ", ", literal(table), ") makes the table and loads it.")
                    : std::string("\n-- Mend that in the file first."));
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
  const text::Layout& layout = file.layout;
  if (!obstacles_to_any_load(file).empty() || !obstacles_to_load_csv(file).empty()) return no_load_command(file, table, path);
  std::string sql;
  if (const std::string style = date_style_of(file); !style.empty()) sql = concat("SET datestyle TO ", style, ";\n");
  sql += concat("SELECT * FROM load_csv(", literal(table), ", ", literal(path));
  const auto add = [&sql](std::string_view name, const std::string& value) { sql += concat(", ", name, " => ", value); };
  const auto byte = [](char c) { return literal(std::string_view(&c, 1)); };
  if (file.has_header) add("header", "true");
  if (layout.dialect.delimiter != ',') add("delimiter", byte(layout.dialect.delimiter));
  if (layout.dialect.quote != '"') add("quote", byte(layout.dialect.quote));
  if (layout.dialect.escape != layout.dialect.quote) add("escape", byte(layout.dialect.escape));
  if (!file.null_words.empty()) add("null_string", literal(file.null_words.front()));
  if (pg_char_to_encoding(sniffed.encoding.c_str()) != pg_get_client_encoding()) add("encoding", literal(sniffed.encoding));
  return sql + ");";
}

void check_can_be_loaded(const text::SniffedFile& file) {
  if (const auto obstacles = obstacles_to_any_load(file); !obstacles.empty())
    throw Error("0A000", concat("cannot load a file with ", list_of(obstacles)))
        .hint("Mend that in the file first, or make the table alone by load => false.");
}

}  // namespace ferry::load
