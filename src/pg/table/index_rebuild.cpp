#include "pg/table/index_rebuild.hpp"

#include <algorithm>

#include "pg/compat.hpp"
#include "pg/table/maintenance_memory.hpp"

extern "C" {
#include "access/amapi.h"
#include "access/genam.h"
#include "access/relation.h"
#include "catalog/index.h"
#include "commands/tablecmds.h"
#include "commands/trigger.h"
#include "storage/bufmgr.h"
#include "storage/predicate.h"
}

namespace ferry::pg {
namespace {

/// Whether it calls the server's functions only. Those of users could use the index, which REINDEX keeps them from before it is
/// whole.
bool is_plain(Relation index, const IndexInfo* info) {
  if (info->ii_Expressions != NIL || info->ii_Predicate != NIL || info->ii_ExclusionOps != nullptr) return false;
  const int functions = index->rd_index->indnkeyatts * index->rd_indam->amsupport;
  return std::all_of(index->rd_support, index->rd_support + functions,
                     [](Oid function) { return function < FirstNormalObjectId; });
}

/// What REINDEX does, except that it looks at the rows with a snapshot of this transaction, as CREATE INDEX CONCURRENTLY does.
/// REINDEX, which expects rows of other transactions, locks the page for each row. False, and nothing done, where it is not
/// plain.
bool build_by_snapshot(Relation table, Oid oid) {
  Relation const index = index_open(oid, AccessExclusiveLock);
  IndexInfo* const info = BuildIndexInfo(index);
  const bool can = is_plain(index, info);
  if (can) {
    CheckTableNotInUse(index, "REINDEX INDEX");
    TransferPredicateLocksToHeapRelation(index);
    info->ii_Concurrent = true;
    compat::set_new_storage(index);
    compat::build_index(table, index, info);
  }
  index_close(index, NoLock);
  return can;
}

}  // namespace

bool may_rebuild_indexes(Relation table) {
  if (!compat::has_new_storage(table) || RelationGetNumberOfBlocks(table) > 0) return false;
  // the server's own check before a REINDEX, which would be an error later
  if (table->rd_refcnt != 1 || AfterTriggerPendingOnRel(RelationGetRelid(table))) return false;
  bool all_usable = true;
  List* const indexes = RelationGetIndexList(table);
  ListCell* cell;
  foreach (cell, indexes) {
    Relation const index = index_open(lfirst_oid(cell), AccessShareLock);
    all_usable = all_usable && index->rd_index->indisvalid && index->rd_index->indisready && index->rd_refcnt == 1;
    index_close(index, AccessShareLock);
  }
  list_free(indexes);
  return all_usable;
}

void rebuild_indexes(Relation table) {
  const int memory = limit_maintenance_memory();
  CommandCounterIncrement();  // the snapshot is to see all rows
  List* const indexes = RelationGetIndexList(table);
  ListCell* cell;
  foreach (cell, indexes) {
    const Oid index = lfirst_oid(cell);
    if (!build_by_snapshot(table, index)) compat::rebuild_index(index, table->rd_rel->relpersistence);
    CommandCounterIncrement();
  }
  list_free(indexes);
  restore_maintenance_memory(memory);
}

}  // namespace ferry::pg
