#include "load/log/stored_rejects.hpp"

#include "base/concat.hpp"
#include "load/log/log_tables.hpp"
#include "pg/compat.hpp"
#include "pg/guard.hpp"
#include "pg/table/key_search.hpp"

#include "pg/server.hpp"

extern "C" {
#include "executor/executor.h"
#include "tcop/utility.h"
#include "utils/array.h"
#include "utils/fmgroids.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"
}

namespace ferry::load {

using pg::call;

namespace {

/// A value of the log as bytes in the current memory context; of NULL nothing. Calls the server without a guard.
std::string_view bytes_of(TupleTableSlot* row, AttrNumber column) {
  bool is_null = false;
  const Datum value = slot_getattr(row, column, &is_null);
  if (is_null) return {};
  const varlena* const bytes = PG_DETOAST_DATUM_PACKED(value);
  return {VARDATA_ANY(bytes), static_cast<std::size_t>(VARSIZE_ANY_EXHDR(bytes))};
}

/// Whether the log has that problem for a reject already. Calls the server without a guard.
bool is_problem_of(TupleTableSlot* row, const Problem& problem) {
  return bytes_of(row, kRejectSqlstate) == problem.sqlstate && bytes_of(row, kRejectColumnName) == problem.column &&
         bytes_of(row, kRejectConstraintName) == problem.constraint && bytes_of(row, kRejectReason) == problem.reason &&
         bytes_of(row, kRejectDetail) == problem.detail;
}

/// The same as a string of C.
const char* text_of(TupleTableSlot* row, AttrNumber column) {
  const std::string_view bytes = bytes_of(row, column);
  return pnstrdup(bytes.data(), bytes.size());
}

}  // namespace

StoredRejects::StoredRejects(std::int64_t load_id) : load_id_(load_id) {
  call([this] {
    PreventCommandDuringRecovery("a load");
    PreventCommandIfReadOnly("a load");
    loads_ = open_log_table("ferry_load_log");
    rejects_ = open_log_table("ferry_reject_log");
    context_ = AllocSetContextCreate(CurrentMemoryContext, "pg_ferry stored rejects", ALLOCSET_DEFAULT_SIZES);
    row_context_ = AllocSetContextCreate(context_, "pg_ferry stored reject", ALLOCSET_DEFAULT_SIZES);
  });
  TupleTableSlot* const load = call([this] { return find_load(); });
  if (load == nullptr)
    throw Error("42704", concat("load ", load_id, " does not exist"))
        .detail("A load is visible only to the role that ran it and to the one that owned its table then.");
  read_load(load);
  call([this, load] {
    ExecDropSingleTupleTableSlot(load);
    open_rejects();
  });
}

/// The row of the load, locked; null where there is none that the user may see: nobody else is to wait for it. In a slot to be
/// dropped. Calls the server without a guard.
TupleTableSlot* StoredRejects::find_load() const {
  const Datum key_value = Int64GetDatum(load_id_);
  TupleTableSlot* const key = make_key(loads_, &key_value, 1);
  TupleTableSlot* const load = table_slot_create(loads_, nullptr);
  Snapshot const snapshot = RegisterSnapshot(GetLatestSnapshot());
  pg::KeySearch search = pg::KeySearch::open(loads_, pg::compat::primary_key_index(loads_), snapshot);
  const bool visible = search.find(key, load) && may_see_load(text_of(load, kLoadedBy), text_of(load, kLoadOwner));
  search.close();
  UnregisterSnapshot(snapshot);
  ExecDropSingleTupleTableSlot(key);
  if (visible && lock_load(loads_, load_id_, load)) return load;
  ExecDropSingleTupleTableSlot(load);
  return nullptr;
}

void StoredRejects::read_load(TupleTableSlot* load) {
  load_.schema_name = call(text_of, load, kLoadSchema);
  load_.table_name = call(text_of, load, kLoadTable);
  load_.loaded_by = call(text_of, load, kLoadedBy);
  load_.table_owner = call(text_of, load, kLoadOwner);
  load_.options_json = call([load] {
    bool is_null = false;
    Jsonb* const json = DatumGetJsonbP(slot_getattr(load, kLoadOptions, &is_null));
    return const_cast<const char*>(JsonbToCString(nullptr, &json->root, VARSIZE(json)));
  });
  load_.rejects_not_kept = call([load] {
    bool is_null = false;
    return DatumGetInt64(slot_getattr(load, kLoadRejectsNotKept, &is_null));
  });
  Datum* names = nullptr;
  int count = 0;
  call([&names, &count, load] {
    bool is_null = false;
    ArrayType* const array = DatumGetArrayTypeP(slot_getattr(load, kLoadColumnNames, &is_null));
    deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &names, nullptr, &count);
    for (int i = 0; i < count; i++) names[i] = CStringGetDatum(TextDatumGetCString(names[i]));
  });
  for (int i = 0; i < count; i++) load_.columns.emplace_back(DatumGetCString(names[i]));
}

/// Calls the server without a guard.
void StoredRejects::open_rejects() {
  MemoryContext const caller = MemoryContextSwitchTo(context_);
  // taken only now that the lock is ours, so that it sees what those did who had it before
  snapshot_ = RegisterSnapshot(GetLatestSnapshot());
  index_ = index_open(pg::compat::primary_key_index(rejects_), AccessShareLock);
  ScanKeyData key;
  ScanKeyInit(&key, kRejectLoadId, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(load_id_));
  scan_ = pg::compat::begin_index_scan(rejects_, index_, snapshot_, 1);
  index_rescan(scan_, &key, 1, nullptr, 0);
  row_ = table_slot_create(rejects_, nullptr);
  settled_ = table_slot_create(rejects_, nullptr);
  writer_ = pg::TableWriter::open(rejects_, pg::TriggerSet::constraints);
  MemoryContextSwitchTo(caller);
}

void StoredRejects::close() {
  call([this] {
    writer_.close();
    index_endscan(scan_);
    index_close(index_, NoLock);
    ExecDropSingleTupleTableSlot(row_);
    ExecDropSingleTupleTableSlot(settled_);
    UnregisterSnapshot(snapshot_);
    MemoryContextDelete(context_);
    table_close(rejects_, NoLock);
    table_close(loads_, NoLock);
    CommandCounterIncrement();
  });
}

/// Moves on to the next reject that is not resolved. Calls the server without a guard.
bool StoredRejects::advance() {
  MemoryContext const caller = MemoryContextSwitchTo(context_);  // the scan keeps what it allocates
  // once at its end, a scan would begin anew
  while (!at_end_) {
    CHECK_FOR_INTERRUPTS();
    at_end_ = !index_getnext_slot(scan_, ForwardScanDirection, row_);
    if (!at_end_ && slot_attisnull(row_, kRejectResolvedAt)) break;
  }
  MemoryContextSwitchTo(caller);
  return !at_end_;
}

bool StoredRejects::next(StoredReject& out) {
  struct {
    std::string_view raw, sqlstate, column, constraint, reason, detail;
  } bytes;
  const bool found = call([this, &bytes, &out] {
    MemoryContextReset(row_context_);
    if (!advance()) return false;
    MemoryContext const caller = MemoryContextSwitchTo(row_context_);
    bool is_null = false;
    out.row_number = DatumGetInt64(slot_getattr(row_, kRejectRowNumber, &is_null));
    const Datum line_number = slot_getattr(row_, kRejectLineNumber, &is_null);
    out.line_number = is_null ? 0 : DatumGetInt64(line_number);
    out.is_text = !slot_attisnull(row_, kRejectRawRow);
    out.is_cut = DatumGetBool(slot_getattr(row_, kRejectIsCut, &is_null));
    bytes.raw = bytes_of(row_, out.is_text ? kRejectRawRow : kRejectRawBytes);
    bytes.sqlstate = bytes_of(row_, kRejectSqlstate);
    bytes.column = bytes_of(row_, kRejectColumnName);
    bytes.constraint = bytes_of(row_, kRejectConstraintName);
    bytes.reason = bytes_of(row_, kRejectReason);
    bytes.detail = bytes_of(row_, kRejectDetail);
    MemoryContextSwitchTo(caller);
    return true;
  });
  if (!found) return false;
  unsettled_[out.row_number] = row_->tts_tid;
  out.raw = bytes.raw;
  out.problem = Problem{std::string(bytes.sqlstate), std::string(bytes.column), std::string(bytes.constraint),
                        std::string(bytes.reason), std::string(bytes.detail)};
  return true;
}

void StoredRejects::change(std::int64_t row_number, const Problem* problem) {
  ItemPointerData tid = unsettled_.at(row_number);
  unsettled_.erase(row_number);
  call([=, this]() mutable {
    MemoryContextReset(row_context_);
    MemoryContext const caller = MemoryContextSwitchTo(row_context_);
    if (!table_tuple_fetch_row_version(rejects_, &tid, snapshot_, settled_)) elog(ERROR, "could not find a rejected row");
    slot_getallattrs(settled_);
    if (problem != nullptr && is_problem_of(settled_, *problem)) {
      MemoryContextSwitchTo(caller);
      return;
    }
    TupleTableSlot* const changed = writer_.input_slot();
    for (int i = 0; i < kRejectColumns; i++) {
      changed->tts_values[i] = settled_->tts_values[i];
      changed->tts_isnull[i] = settled_->tts_isnull[i];
    }
    if (problem != nullptr) {
      set_problem(*problem, changed->tts_values, changed->tts_isnull);
    } else {
      changed->tts_values[kRejectResolvedAt - 1] = TimestampTzGetDatum(GetCurrentTransactionStartTimestamp());
      changed->tts_isnull[kRejectResolvedAt - 1] = false;
    }
    writer_.replace(&tid, ExecStoreVirtualTuple(changed));
    MemoryContextSwitchTo(caller);
  });
}

}  // namespace ferry::load
