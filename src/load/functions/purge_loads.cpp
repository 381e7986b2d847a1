// The SQL function purge_loads(): takes loads and their rejects out of the log.

#include "load/log/log_tables.hpp"
#include "pg/arguments.hpp"
#include "pg/compat.hpp"
#include "pg/guard.hpp"
#include "pg/table/table_writer.hpp"

#include "pg/server.hpp"

extern "C" {
#include "executor/executor.h"
#include "tcop/utility.h"
#include "utils/fmgroids.h"
#include "utils/timestamp.h"
}

namespace ferry::load {
namespace {

/// The log, open to have rows removed. The functions call the server without a guard; nothing here needs a destructor.
class Purge {
 public:
  void open() {
    loads_ = open_log_table("ferry_load_log", RowExclusiveLock);
    rejects_ = open_log_table("ferry_reject_log", RowExclusiveLock);
    reject_key_ = index_open(pg::compat::primary_key_index(rejects_), AccessShareLock);
    load_writer_ = pg::TableWriter::open(loads_, pg::TriggerSet::constraints);
    reject_writer_ = pg::TableWriter::open(rejects_, pg::TriggerSet::constraints);
    locked_ = table_slot_create(loads_, nullptr);
  }

  /// Removes the loads that finished before that time and that the user may see. How many.
  std::int64_t run(TimestampTz before) {
    std::int64_t removed = 0;
    ScanKeyData key;
    ScanKeyInit(&key, kLoadFinishedAt, BTLessStrategyNumber, F_TIMESTAMPTZ_LT, TimestampTzGetDatum(before));
    SysScanDesc const scan = systable_beginscan(loads_, InvalidOid, false, GetActiveSnapshot(), 1, &key);
    MemoryContext const row_context = AllocSetContextCreate(CurrentMemoryContext, "pg_ferry purge", ALLOCSET_SMALL_SIZES);
    for (HeapTuple load; HeapTupleIsValid(load = systable_getnext(scan));) {
      CHECK_FOR_INTERRUPTS();
      MemoryContext const caller = MemoryContextSwitchTo(row_context);
      const std::int64_t load_id = DatumGetInt64(value_of(load, kLoadId));
      if (may_see_load(TextDatumGetCString(value_of(load, kLoadedBy)), TextDatumGetCString(value_of(load, kLoadOwner))) &&
          lock_load(loads_, load_id, locked_)) {
        remove_rejects(load_id);
        load_writer_.remove(&locked_->tts_tid);
        removed++;
      }
      MemoryContextSwitchTo(caller);
      MemoryContextReset(row_context);
    }
    systable_endscan(scan);
    return removed;
  }

  void close() {
    ExecDropSingleTupleTableSlot(locked_);
    load_writer_.close();
    reject_writer_.close();
    index_close(reject_key_, NoLock);
    table_close(rejects_, NoLock);
    table_close(loads_, NoLock);
    CommandCounterIncrement();
  }

 private:
  [[nodiscard]] Datum value_of(HeapTuple load, AttrNumber column) const {
    bool is_null = false;
    return heap_getattr(load, column, RelationGetDescr(loads_), &is_null);
  }

  /// The load is locked: what a snapshot of now shows are all its rejects, and nobody else changes them.
  void remove_rejects(std::int64_t load_id) {
    Snapshot const snapshot = RegisterSnapshot(GetLatestSnapshot());
    ScanKeyData key;
    ScanKeyInit(&key, kRejectLoadId, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(load_id));
    SysScanDesc const scan = systable_beginscan_ordered(rejects_, reject_key_, snapshot, 1, &key);
    for (HeapTuple reject; HeapTupleIsValid(reject = systable_getnext_ordered(scan, ForwardScanDirection));) {
      CHECK_FOR_INTERRUPTS();
      reject_writer_.remove(&reject->t_self);
    }
    systable_endscan_ordered(scan);
    UnregisterSnapshot(snapshot);
  }

  Relation loads_ = nullptr, rejects_ = nullptr, reject_key_ = nullptr;
  pg::TableWriter load_writer_{}, reject_writer_{};
  TupleTableSlot* locked_ = nullptr;
};

Datum purge_loads(FunctionCallInfo call_info) {
  const TimestampTz before = pg::Arguments(call_info).timestamptz(0, "before");
  return pg::call([before] {
    PreventCommandDuringRecovery("a purge of loads");
    PreventCommandIfReadOnly("a purge of loads");
    Purge purge;
    purge.open();
    const std::int64_t removed = purge.run(before);
    purge.close();
    return Int64GetDatum(removed);
  });
}

}  // namespace
}  // namespace ferry::load

FERRY_SQL_FUNCTION(ferry_purge_loads) {
  return ferry::pg::boundary([&] { return ferry::load::purge_loads(fcinfo); });
}
