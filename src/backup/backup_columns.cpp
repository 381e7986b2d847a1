#include "backup/backup_columns.hpp"

#include <algorithm>

#include "base/concat.hpp"
#include "base/error.hpp"
#include "map/read/read_node.hpp"
#include "map/types/table.hpp"
#include "pg/encoding.hpp"
#include "pg/guard.hpp"

#include "pg/server.hpp"

namespace ferry::backup {
namespace {

/// Adds the fields of records that no attribute of a composite type takes, each with the names on the way to it.
void append_skipped(const map::ReadNode& node, const std::string& path, std::vector<std::string>& skipped) {
  for (std::size_t i = 0; i < node.parts.size(); i++) {
    const bool is_field = node.op == map::ReadOp::composite;
    const std::string part = is_field ? concat(path, '.', map::column_name(node.schema->fields[i])) : path;
    if (!is_field || node.attributes[i] >= 0)
      append_skipped(node.parts[i], part, skipped);
    else if (std::find(skipped.begin(), skipped.end(), part) == skipped.end())
      skipped.push_back(part);
  }
}

}  // namespace

std::string quoted_list(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) list += concat(list.empty() ? "\"" : ", \"", name, '"');
  return list;
}

std::string definition_then(const TableEntry& entry) {
  if (!entry.definition.empty()) return concat("It was backed up as:\n", pg::from_utf8(entry.definition));
  std::string columns;
  for (const ColumnEntry& column : entry.columns)
    columns += concat(columns.empty() ? "" : ", ", pg::call(quote_identifier, pg::from_utf8(column.name).c_str()), ' ',
                      pg::from_utf8(column.type), column.is_not_null ? " NOT NULL" : "");
  return concat("It was backed up with the columns (", columns, ").");
}

map::RowReader make_reader(const avro::Schema& writer, const TableEntry& entry, MatchedColumns& columns,
                           const std::string& table_name) {
  for (std::size_t i = 0; i < writer.fields.size(); i++) {
    if (columns.column_of_field[i] < 0) continue;
    const map::ReadColumn& column = columns.read[static_cast<std::size_t>(columns.column_of_field[i])];
    try {
      append_skipped(map::plan_read(*writer.fields[i].schema, column.type, columns.origin), column.name, columns.parts);
    } catch (const map::TypeMismatch&) {
      throw Error("42804", concat("column \"", column.name, "\" of table \"", table_name, "\" has type ", column.type.name,
                                  ", which cannot take type ", map::column_type(writer.fields[i]), " of the backup"))
          .detail(definition_then(entry))
          .column(column.name)
          .table(table_name);
    }
  }
  return map::RowReader(writer, columns.read, columns.column_of_field, columns.origin);
}

}  // namespace ferry::backup
