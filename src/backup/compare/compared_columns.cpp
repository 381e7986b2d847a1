#include "backup/compare/compared_columns.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "base/concat.hpp"
#include "base/error.hpp"
#include "map/read/read_node.hpp"
#include "map/types/table.hpp"
#include "pg/guard.hpp"

#include "pg/server.hpp"

extern "C" {
#include "access/relation.h"
}

namespace ferry::backup {
namespace {

/// The name of a type without its modifiers.
std::string without_modifier(std::string_view type) {
  std::string name;
  int depth = 0;
  for (const char c : type) {
    if (c == '(') depth++;
    if (depth == 0) name += c;
    if (c == ')') depth--;
  }
  return name;
}

/// Whether a column that had one type has the same values in the other, if nothing else has changed.
bool keeps_values(const std::string& then, const std::string& now) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 9> kWider{{{"smallint", "integer"},
                                                                                 {"smallint", "bigint"},
                                                                                 {"smallint", "numeric"},
                                                                                 {"integer", "bigint"},
                                                                                 {"integer", "numeric"},
                                                                                 {"bigint", "numeric"},
                                                                                 {"real", "double precision"},
                                                                                 {"character varying", "text"},
                                                                                 {"text", "character varying"}}};
  return then == now ||
         std::find(kWider.begin(), kWider.end(), std::pair<std::string_view, std::string_view>(then, now)) != kWider.end();
}

bool is_comparable(const avro::Field& field, const map::Column& column) {
  if (!keeps_values(without_modifier(map::column_type(field)), without_modifier(column.type.name))) return false;
  try {
    static_cast<void>(map::plan_read(*field.schema, column.type, map::Origin::compared));
    return true;
  } catch (const map::TypeMismatch&) {
    return false;
  }
}

/// Nothing where there are none.
void report(const std::string& what, const std::vector<std::string>& names) {
  if (!names.empty()) pg::notice(concat(what, ": ", quoted_list(names)).c_str(), "They are not compared.");
}

}  // namespace

MatchedColumns match_compared(const avro::Schema& writer, const TableEntry& /*entry*/, Relation table) {
  if (writer.type != avro::Type::record)
    throw Error("42804", concat("records expected, but the file has values of type ", avro::type_name(writer.type)));
  const map::Table today = map::describe(table);
  std::vector<std::string> names;
  for (const map::Column& column : today.columns) names.push_back(column.name);
  MatchedColumns columns;
  columns.origin = map::Origin::compared;
  std::vector<bool> is_known(names.size());
  for (const int at : map::match_fields(writer.fields, names)) {
    const avro::Field& field = writer.fields[columns.column_of_field.size()];
    columns.column_of_field.push_back(-1);
    if (at < 0) {
      columns.dropped.push_back(map::column_name(field));
      continue;
    }
    is_known[static_cast<std::size_t>(at)] = true;
    const map::Column& column = today.columns[static_cast<std::size_t>(at)];
    if (!is_comparable(field, column)) {
      columns.retyped.push_back(column.name);
      continue;
    }
    columns.column_of_field.back() = static_cast<int>(columns.read.size());
    columns.read.push_back({column.name, column.type});
    columns.attributes.push_back(column.attribute);
  }
  for (std::size_t i = 0; i < names.size(); i++)
    if (!is_known[i]) columns.added.push_back(names[i]);
  return columns;
}

std::vector<AttrNumber> primary_key(Relation table) {
  List* const indexes = pg::call(RelationGetIndexList, table);
  std::vector<AttrNumber> key;
  for (int i = 0; i < list_length(indexes) && key.empty(); i++) {
    Relation const index = pg::call(relation_open, list_nth_oid(indexes, i), LOCKMODE{AccessShareLock});
    const Form_pg_index form = index->rd_index;
    if (form->indisprimary) key.assign(form->indkey.values, form->indkey.values + form->indnkeyatts);
    pg::call(relation_close, index, LOCKMODE{AccessShareLock});
  }
  return key;
}

void report_not_compared(const MatchedColumns& columns, const std::string& table_name) {
  report(concat("columns of table \"", table_name, "\" are not in its backup"), columns.added);
  report(concat("table \"", table_name, "\" does not have columns of its backup"), columns.dropped);
  report(concat("columns of table \"", table_name, "\" have another type by now"), columns.retyped);
  report(concat("columns of table \"", table_name, "\" do not have attributes of its backup"), columns.parts);
}

}  // namespace ferry::backup
