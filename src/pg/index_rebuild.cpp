#include "pg/index_rebuild.hpp"

#include "pg/compat.hpp"
#include "pg/maintenance_memory.hpp"

extern "C" {
#include "access/genam.h"
#include "access/relation.h"
#include "catalog/index.h"
#include "commands/trigger.h"
#include "storage/bufmgr.h"
}

namespace ferry::pg {

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
  List* const indexes = RelationGetIndexList(table);
  ListCell* cell;
  foreach (cell, indexes) {
    compat::rebuild_index(lfirst_oid(cell), table->rd_rel->relpersistence);
    CommandCounterIncrement();
  }
  list_free(indexes);
  restore_maintenance_memory(memory);
}

}  // namespace ferry::pg
