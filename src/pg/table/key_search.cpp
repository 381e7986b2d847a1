#include "pg/table/key_search.hpp"

#include "pg/compat.hpp"

extern "C" {
#include "access/genam.h"
#include "access/stratnum.h"
#include "catalog/index.h"
#include "executor/executor.h"
#include "storage/lmgr.h"
#include "utils/snapmgr.h"
}

namespace ferry::pg {

KeySearch KeySearch::open(Relation table, Oid index, Snapshot snapshot) {
  KeySearch search{};
  search.context_ = CurrentMemoryContext;
  search.index_ = index_open(index, RowExclusiveLock);
  search.key_count_ = IndexRelationGetNumberOfKeyAttributes(search.index_);
  for (int i = 0; i < search.key_count_; i++) {
    const Oid type = search.index_->rd_opcintype[i];
    const Oid equal = get_opfamily_member(search.index_->rd_opfamily[i], type, type, BTEqualStrategyNumber);
    ScanKeyInit(&search.keys_[i], static_cast<AttrNumber>(i + 1), BTEqualStrategyNumber, get_opcode(equal), Datum{0});
    search.keys_[i].sk_collation = search.index_->rd_indcollation[i];
  }
  search.scan_ = compat::begin_index_scan(table, search.index_, snapshot, search.key_count_);
  return search;
}

void KeySearch::close() {
  index_endscan(scan_);
  index_close(index_, NoLock);
}

bool KeySearch::find(TupleTableSlot* row, TupleTableSlot* found, ItemPointer except) {
  for (int i = 0; i < key_count_; i++) {
    bool is_null = false;
    keys_[i].sk_argument = slot_getattr(row, index_->rd_index->indkey.values[i], &is_null);
    if (is_null && !index_->rd_index->indnullsnotdistinct) return false;
    keys_[i].sk_flags = is_null ? SK_ISNULL | SK_SEARCHNULL : 0;
  }
  MemoryContext const caller = MemoryContextSwitchTo(context_);
  index_rescan(scan_, keys_, key_count_, nullptr, 0);
  bool is_found = index_getnext_slot(scan_, ForwardScanDirection, found);
  if (is_found && except != nullptr && ItemPointerEquals(&found->tts_tid, except))
    is_found = index_getnext_slot(scan_, ForwardScanDirection, found);
  MemoryContextSwitchTo(caller);
  return is_found;
}

namespace {

/// Locks the row in found. False: it changed meanwhile, search again.
bool lock_row(Relation table, TupleTableSlot* found) {
  TM_FailureData failure;
  PushActiveSnapshot(GetLatestSnapshot());
  const TM_Result result = table_tuple_lock(table, &found->tts_tid, GetActiveSnapshot(), found, GetCurrentCommandId(false),
                                            LockTupleExclusive, LockWaitBlock, 0, &failure);
  PopActiveSnapshot();
  if (result == TM_Ok) return true;
  if (result == TM_Updated || result == TM_Deleted) return false;
  elog(ERROR, "unexpected table_tuple_lock status: %d", static_cast<int>(result));
}

}  // namespace

bool find_and_lock_by_key(Relation table, Oid index, TupleTableSlot* row, TupleTableSlot* found) {
  SnapshotData dirty;
  InitDirtySnapshot(dirty);
  KeySearch search = KeySearch::open(table, index, &dirty);
  bool exists = false;
  for (;;) {
    CHECK_FOR_INTERRUPTS();
    exists = search.find(row, found);
    if (!exists) break;
    const TransactionId writer = TransactionIdIsValid(dirty.xmin) ? dirty.xmin : dirty.xmax;
    if (TransactionIdIsValid(writer)) {
      ExecClearTuple(found);
      XactLockTableWait(writer, nullptr, nullptr, XLTW_None);
      continue;
    }
    // looks at the buffer that the slot still holds
    if (IsolationUsesXactSnapshot() && !table_tuple_satisfies_snapshot(table, found, GetTransactionSnapshot()))
      ereport(ERROR, (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE), errmsg("could not serialize access due to concurrent update")));
    if (lock_row(table, found)) break;
  }
  search.close();
  return exists;
}

void recheck_unique(Relation table, ItemPointer tid, Oid index_oid) {
  // the same steps as the server's unique_key_recheck(): the row may be dead, or live on in a HOT child
  TupleTableSlot* const slot = table_slot_create(table, nullptr);
  ItemPointerData live_tid = *tid;
  bool call_again = false;
  IndexFetchTableData* const fetch = compat::begin_index_fetch(table);
  const bool alive = table_index_fetch_tuple(fetch, &live_tid, SnapshotSelf, slot, &call_again, nullptr);
  table_index_fetch_end(fetch);
  if (alive) {
    Relation const index = index_open(index_oid, RowExclusiveLock);
    IndexInfo* const info = BuildIndexInfo(index);
    EState* const estate = CreateExecutorState();
    GetPerTupleExprContext(estate)->ecxt_scantuple = slot;
    Datum values[INDEX_MAX_KEYS];
    bool nulls[INDEX_MAX_KEYS];
    FormIndexDatum(info, slot, estate, values, nulls);
    if (info->ii_ExclusionOps == nullptr)
      index_insert(index, values, nulls, tid, table, UNIQUE_CHECK_EXISTING, false, info);
    else
      check_exclusion_constraint(table, index, info, &live_tid, values, nulls, estate, false);
    FreeExecutorState(estate);
    index_close(index, RowExclusiveLock);
  }
  ExecDropSingleTupleTableSlot(slot);
}

}  // namespace ferry::pg
