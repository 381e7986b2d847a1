#include "backup/shortcomings.hpp"

#include <algorithm>
#include <cstring>
#include <string>

#include "base/concat.hpp"
#include "map/types/table.hpp"
#include "pg/guard.hpp"

#include "pg/server.hpp"

extern "C" {
#include "access/relation.h"
#include "catalog/dependency.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
}

namespace ferry::backup {
namespace {

/// A type of an extension whose text is not all of its values, and that has no other form.
struct LossyType {
  const char *extension, *name;
};
constexpr LossyType kLossy[] = {{"seg", "seg"}, {"intarray", "query_int"}, {"ltree", "ltxtquery"}};

/// Types whose input functions accept nothing.
constexpr Oid kUnreadable[] = {PG_NODE_TREEOID, PG_NDISTINCTOID,          PG_DEPENDENCIESOID,
                               PG_MCV_LISTOID,  PG_BRIN_BLOOM_SUMMARYOID, PG_BRIN_MINMAX_MULTI_SUMMARYOID};

bool is_lossy(const map::PgType& type) {
  if (type.kind != map::TypeKind::other || type.oid < FirstNormalObjectId) return false;
  return pg::call([oid = type.oid] {
    const Oid owner = getExtensionOfObject(TypeRelationId, oid);
    if (!OidIsValid(owner)) return false;
    HeapTuple const tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(oid));
    if (!HeapTupleIsValid(tuple)) return false;
    const char* const name = NameStr(reinterpret_cast<Form_pg_type>(GETSTRUCT(tuple))->typname);
    bool found = false;
    for (const LossyType& lossy : kLossy)
      found |= std::strcmp(name, lossy.name) == 0 && owner == get_extension_oid(lossy.extension, true);
    ReleaseSysCache(tuple);
    return found;
  });
}

bool is_unreadable(const map::PgType& type) {
  return std::find(std::begin(kUnreadable), std::end(kUnreadable), type.oid) != std::end(kUnreadable);
}

/// Whether the type or a part of it is such a one.
bool has_part(const map::PgType& type, bool (*is_such)(const map::PgType&)) {
  return is_such(type) ||
         std::any_of(type.parts.begin(), type.parts.end(), [=](const auto& part) { return has_part(part, is_such); }) ||
         std::any_of(type.attributes.begin(), type.attributes.end(),
                     [=](const auto& attribute) { return !attribute.is_dropped && has_part(attribute.type, is_such); });
}

void report_types(Relation table) {
  for (const map::Column& column : map::describe(table).columns) {
    if (has_part(column.type, is_unreadable))
      pg::notice(
          concat("column \"", column.name, "\" of table \"", RelationGetRelationName(table), "\" cannot be restored").c_str(),
          concat("The server reads no values of type ", column.type.name, '.').c_str());
    if (has_part(column.type, is_lossy))
      pg::notice(concat("values of column \"", column.name, "\" of table \"", RelationGetRelationName(table),
                        "\" come back as their text shows them")
                     .c_str(),
                 concat("A value of type ", column.type.name, " may have more than its text shows.").c_str());
  }
}

bool is_in(const std::vector<PlannedTable>& tables, Oid oid) {
  return std::any_of(tables.begin(), tables.end(), [oid](const PlannedTable& table) {
    return std::binary_search(table.members.begin(), table.members.end(), oid);
  });
}

void report_children(Relation table, const std::vector<PlannedTable>& tables) {
  if (table->rd_rel->relkind != RELKIND_RELATION || !table->rd_rel->relhassubclass) return;
  const List* const family = pg::call([table] { return find_all_inheritors(RelationGetRelid(table), NoLock, nullptr); });
  int count = 0;
  for (int i = 0; i < list_length(family); i++)
    if (!is_in(tables, list_nth_oid(family, i))) count++;
  if (count == 0) return;
  pg::notice(concat("backup of table \"", RelationGetRelationName(table), "\" does not have the rows of ", count,
                    count == 1 ? " table that inherits from it" : " tables that inherit from it")
                 .c_str(),
             "Back these up with it, by \"backup_tables\" or \"backup_schema\".");
}

}  // namespace

void report_shortcomings(const std::vector<PlannedTable>& tables) {
  for (const PlannedTable& planned : tables) {
    Relation const table = pg::call(relation_open, planned.table, LOCKMODE{NoLock});
    report_children(table, tables);
    report_types(table);
    pg::call(relation_close, table, LOCKMODE{NoLock});
  }
}

}  // namespace ferry::backup
