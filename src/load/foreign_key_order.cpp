#include "load/foreign_key_order.hpp"

#include <algorithm>

#include "pg/guard.hpp"

#include "pg/server.hpp"

extern "C" {
#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/partition.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_inherits.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/relcache.h"
}

namespace ferry::load {

using pg::call;

namespace {

/// The tables that foreign keys of one table refer to. Calls the server without a guard.
List* references_of(Oid table) {
  List* references = NIL;
  Relation const catalog = table_open(ConstraintRelationId, AccessShareLock);
  ScanKeyData key;
  ScanKeyInit(&key, Anum_pg_constraint_conrelid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(table));
  SysScanDesc const scan = systable_beginscan(catalog, ConstraintRelidTypidNameIndexId, true, nullptr, 1, &key);
  while (HeapTuple const tuple = systable_getnext(scan)) {
    const auto* const form = reinterpret_cast<Form_pg_constraint>(GETSTRUCT(tuple));
    if (form->contype == CONSTRAINT_FOREIGN) references = list_append_unique_oid(references, form->confrelid);
  }
  systable_endscan(scan);
  table_close(catalog, AccessShareLock);
  return references;
}

/// The same of a table and all its partitions, each of which may have foreign keys of its own, which only the catalog tells of
/// without opening them.
std::vector<Oid> all_references_of(Relation table) {
  std::vector<Oid> references;
  if (table->rd_rel->relkind != RELKIND_PARTITIONED_TABLE) {
    const List* const keys = call(RelationGetFKeyList, table);
    for (int i = 0; i < list_length(keys); i++)
      references.push_back(static_cast<const ForeignKeyCacheInfo*>(list_nth(keys, i))->confrelid);
    return references;
  }
  const Oid whole = RelationGetRelid(table);
  const List* const found = call([whole] {
    List* all = NIL;
    const List* const parts = find_all_inheritors(whole, NoLock, nullptr);
    for (int i = 0; i < list_length(parts); i++) all = list_concat_unique_oid(all, references_of(list_nth_oid(parts, i)));
    return all;
  });
  for (int i = 0; i < list_length(found); i++) references.push_back(list_nth_oid(found, i));
  return references;
}

struct Walk {
  const std::vector<Relation>& tables;
  std::vector<bool> visited;
  std::vector<std::size_t> order;

  void visit(std::size_t place) {
    if (visited[place]) return;
    visited[place] = true;
    for (const Oid parent : all_references_of(tables[place])) visit_parent(parent);
    order.push_back(place);
  }

  /// Rows for a partition may come by way of a table that it is part of.
  void visit_parent(Oid parent) {
    const List* const above = call(get_rel_relispartition, parent) ? call(get_partition_ancestors, parent) : NIL;
    for (std::size_t i = 0; i < tables.size(); i++) {
      const Oid table = RelationGetRelid(tables[i]);
      if (table == parent || list_member_oid(above, table)) visit(i);
    }
  }
};

}  // namespace

std::vector<std::size_t> foreign_key_order(const std::vector<Relation>& tables) {
  Walk walk{tables, std::vector<bool>(tables.size()), {}};
  for (std::size_t i = 0; i < tables.size(); i++) walk.visit(i);
  return walk.order;
}

}  // namespace ferry::load
