#include "backup/restore/restore_columns.hpp"

#include <algorithm>

#include "base/concat.hpp"
#include "base/error.hpp"
#include "map/read/read_node.hpp"
#include "map/types/table.hpp"
#include "pg/encoding.hpp"
#include "pg/guard.hpp"

#include "pg/server.hpp"

extern "C" {
#include "executor/executor.h"
#include "nodes/makefuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parse_coerce.h"
#include "rewrite/rewriteHandler.h"
}

namespace ferry::backup {
namespace {

/// What INSERT would put into a column that it has no value for; null: NULL. Calls the server without a guard.
Node* default_of(Relation table, const FormData_pg_attribute* attribute) {
  if (Node* const found = build_column_default(table, attribute->attnum); found != nullptr) return found;
  int32 modifier = attribute->atttypmod;
  const Oid base = getBaseTypeAndTypmod(attribute->atttypid, &modifier);
  if (base == attribute->atttypid) return nullptr;
  // a domain may refuse NULL
  Const* const null = makeNullConst(base, modifier, attribute->attcollation);
  return coerce_to_domain(reinterpret_cast<Node*>(null), base, modifier, attribute->atttypid, COERCION_IMPLICIT,
                          COERCE_IMPLICIT_CAST, -1, false);
}

void add_default(RestoreColumns& columns, const map::Column& column, const TableEntry& entry, Relation table) {
  const FormData_pg_attribute* const attribute = TupleDescAttr(RelationGetDescr(table), column.attribute - 1);
  Node* const expression = pg::call(default_of, table, attribute);
  if (expression == nullptr && !column.is_nullable && entry.rows > 0)
    throw Error("23502", concat("column \"", column.name, "\" of table \"", RelationGetRelationName(table),
                                "\" has no values in the backup, and must not be null"))
        .detail(definition_then(entry))
        .hint("Give the column a DEFAULT, which the restored rows take.")
        .column(column.name)
        .table(RelationGetRelationName(table));
  ExprState* const state = pg::call([expression]() -> ExprState* {
    return expression == nullptr ? nullptr : ExecInitExpr(expression_planner(reinterpret_cast<Expr*>(expression)), nullptr);
  });
  columns.has_volatile_default |= expression != nullptr && pg::call(contain_volatile_functions_not_nextval, expression);
  columns.defaults.push_back({column.attribute, state});
}

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

std::string quoted_list(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) list += concat(list.empty() ? "\"" : ", \"", name, '"');
  return list;
}

}  // namespace

std::string definition_then(const TableEntry& entry) {
  if (!entry.definition.empty()) return concat("It was backed up as:\n", pg::from_utf8(entry.definition));
  std::string columns;
  for (const ColumnEntry& column : entry.columns)
    columns += concat(columns.empty() ? "" : ", ", pg::call(quote_identifier, pg::from_utf8(column.name).c_str()), ' ',
                      pg::from_utf8(column.type), column.is_not_null ? " NOT NULL" : "");
  return concat("It was backed up with the columns (", columns, ").");
}

RestoreColumns match_columns(const avro::Schema& writer, const TableEntry& entry, Relation table) {
  if (writer.type != avro::Type::record)
    throw Error("42804", concat("records expected, but the file has values of type ", avro::type_name(writer.type)));
  const map::Table today = map::describe(table);
  std::vector<std::string> names;
  for (const map::Column& column : today.columns) names.push_back(column.name);
  RestoreColumns columns;
  std::vector<int> index_of(today.columns.size(), -1);
  for (const int column : map::match_fields(writer.fields, names)) {
    const std::string name = map::column_name(writer.fields[columns.column_of_field.size()]);
    const bool is_computed = column >= 0 && today.columns[static_cast<std::size_t>(column)].is_generated;
    if (column < 0) columns.dropped.push_back(name);
    const bool was_computed =
        avro::find_property(writer.fields[columns.column_of_field.size()].properties, "pg.generated").has_value();
    if (is_computed && !was_computed) columns.computed.push_back(name);
    columns.column_of_field.push_back(column < 0 || is_computed ? -1 : static_cast<int>(columns.read.size()));
    if (column < 0 || is_computed) continue;
    const map::Column& found = today.columns[static_cast<std::size_t>(column)];
    index_of[static_cast<std::size_t>(column)] = columns.column_of_field.back();
    columns.read.push_back({found.name, found.type});
    columns.attributes.push_back(found.attribute);
  }
  if (columns.dropped.size() == writer.fields.size() && !writer.fields.empty())
    throw Error("42703", concat("no column of the backup exists in table \"", today.name, '"')).detail(definition_then(entry));
  for (std::size_t i = 0; i < today.columns.size(); i++)
    if (index_of[i] < 0 && !today.columns[i].is_generated) add_default(columns, today.columns[i], entry, table);
  return columns;
}

map::RowReader make_reader(const avro::Schema& writer, const TableEntry& entry, RestoreColumns& columns,
                           const std::string& table_name) {
  for (std::size_t i = 0; i < writer.fields.size(); i++) {
    if (columns.column_of_field[i] < 0) continue;
    const map::ReadColumn& column = columns.read[static_cast<std::size_t>(columns.column_of_field[i])];
    try {
      append_skipped(map::plan_read(*writer.fields[i].schema, column.type, map::Origin::backup), column.name, columns.parts);
    } catch (const map::TypeMismatch&) {
      throw Error("42804", concat("column \"", column.name, "\" of table \"", table_name, "\" has type ", column.type.name,
                                  ", which cannot take type ", map::column_type(writer.fields[i]), " of the backup"))
          .detail(definition_then(entry))
          .column(column.name)
          .table(table_name);
    }
  }
  return map::RowReader(writer, columns.read, columns.column_of_field);
}

void report_left_out(const RestoreColumns& columns, const std::string& table_name) {
  if (!columns.dropped.empty())
    pg::notice(concat("table \"", table_name, "\" does not have columns of its backup: ", quoted_list(columns.dropped)).c_str(),
               "Their values are not restored.");
  if (!columns.parts.empty())
    pg::notice(concat("columns of table \"", table_name, "\" do not have attributes of its backup: ", quoted_list(columns.parts))
                   .c_str(),
               "Their values are not restored.");
  if (!columns.computed.empty())
    pg::notice(concat("columns of table \"", table_name, "\" are generated by now: ", quoted_list(columns.computed)).c_str(),
               "They are computed, and not restored.");
}

}  // namespace ferry::backup
