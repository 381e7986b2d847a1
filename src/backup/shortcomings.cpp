#include "backup/shortcomings.hpp"

#include <algorithm>
#include <cstring>
#include <string>

#include "backup/folder.hpp"
#include "base/concat.hpp"
#include "map/types/table.hpp"
#include "pg/guard.hpp"
#include "pg/names.hpp"

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

constexpr int kMostNames = 20;

/// "a, b and 3 more"
std::string list_of(const std::vector<std::string>& names) {
  std::string list;
  const std::size_t count = std::min<std::size_t>(names.size(), kMostNames);
  for (std::size_t i = 0; i < count; i++) list += concat(i == 0 ? "" : ", ", names[i]);
  return count == names.size() ? list : concat(list, " and ", names.size() - count, " more");
}

/// Children are tables of their own, which a restore fills by themselves: with the rows of the parent, they would be restored
/// into the parent.
void report_children(Relation table, const std::vector<PlannedTable>& tables) {
  if (table->rd_rel->relkind != RELKIND_RELATION || !table->rd_rel->relhassubclass) return;
  const List* const family = pg::call([table] { return find_all_inheritors(RelationGetRelid(table), NoLock, nullptr); });
  std::vector<std::string> ordinary, foreign;
  for (int i = 0; i < list_length(family); i++) {
    const Oid child = list_nth_oid(family, i);
    if (is_in(tables, child) || pg::call(get_rel_persistence, child) == RELPERSISTENCE_TEMP) continue;
    const bool is_foreign = pg::call(get_rel_relkind, child) == RELKIND_FOREIGN_TABLE;
    (is_foreign ? foreign : ordinary).emplace_back(pg::call(pg::shown_name, child));
  }
  const char* const name = RelationGetRelationName(table);
  const auto report = [name](const std::vector<std::string>& missing, const char* kind, const char* hint) {
    if (missing.empty()) return;
    const bool is_one = missing.size() == 1;
    pg::notice(concat("backup of table \"", name, "\" does not have the rows of ", missing.size(), ' ', kind,
                      is_one ? "table that inherits from it" : "tables that inherit from it")
                   .c_str(),
               hint, concat(is_one ? "It is " : "They are ", list_of(missing), '.').c_str());
  };
  report(ordinary, "", "Each is a table of its own: name them with it in one call of \"backup_tables\".");
  report(foreign, "foreign ", "COPY (SELECT ...) TO exports the rows of foreign tables.");
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

void report_missing_snapshot(const Manifest& manifest) {
  std::vector<std::string> names;
  for (const TableEntry& table : manifest.tables)
    if (!table.is_in_snapshot) names.push_back(sql_name(table));
  if (names.empty()) return;
  pg::notice("backup does not show one snapshot",
             "What is written meanwhile may be there in part. Foreign keys may not hold; keep writers away during a backup.",
             concat("Rows of ", list_of(names), " may come from other servers, each as of a moment of its own.").c_str());
}

}  // namespace ferry::backup
