// floor_insert(source, target): the least that filling a table with a key can cost: tuples that are ready in another table,
// written a thousand at a time with their index entries, and nothing checked but the indexes. Built by bench/run.
extern "C" {
#include "postgres.h"

#include "access/heapam.h"
#include "access/tableam.h"
#include "executor/executor.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/snapmgr.h"

PG_MODULE_MAGIC;
PG_FUNCTION_INFO_V1(floor_insert);
}

extern "C" Datum floor_insert(PG_FUNCTION_ARGS) {
  constexpr int kRows = 1000;
  Relation const source = table_open(PG_GETARG_OID(0), AccessShareLock);
  Relation const target = table_open(PG_GETARG_OID(1), RowExclusiveLock);
  EState* const executor = CreateExecutorState();
  ResultRelInfo* const result = makeNode(ResultRelInfo);
  InitResultRelInfo(result, target, 1, nullptr, 0);
  ExecOpenIndices(result, false);
  BulkInsertState const state = GetBulkInsertState();
  TupleTableSlot* slots[kRows];
  for (TupleTableSlot*& slot : slots) slot = table_slot_create(target, nullptr);
  TupleTableSlot* const from = table_slot_create(source, nullptr);
  TableScanDesc const scan = table_beginscan(source, GetActiveSnapshot(), 0, nullptr);
  MemoryContext const batch = AllocSetContextCreate(CurrentMemoryContext, "batch", ALLOCSET_DEFAULT_SIZES);
  int64 total = 0;
  for (bool more = true; more;) {
    int count = 0;
    MemoryContext const caller = MemoryContextSwitchTo(batch);
    while (count < kRows && (more = table_scan_getnextslot(scan, ForwardScanDirection, from)))
      ExecForceStoreHeapTuple(ExecCopySlotHeapTuple(from), slots[count++], false);
    if (count > 0) table_multi_insert(target, slots, count, GetCurrentCommandId(true), 0, state);
    for (int i = 0; i < count; i++) {
      ResetPerTupleExprContext(executor);
      ExecInsertIndexTuples(result, slots[i], executor, false, false, nullptr, NIL);
    }
    for (int i = 0; i < count; i++) ExecClearTuple(slots[i]);
    MemoryContextSwitchTo(caller);
    MemoryContextReset(batch);
    total += count;
  }
  table_endscan(scan);
  FreeBulkInsertState(state);
  ExecDropSingleTupleTableSlot(from);
  for (TupleTableSlot* slot : slots) ExecDropSingleTupleTableSlot(slot);
  ExecCloseIndices(result);
  FreeExecutorState(executor);
  table_close(source, AccessShareLock);
  table_close(target, NoLock);
  PG_RETURN_INT64(total);
}
