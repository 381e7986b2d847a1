#include "load/log/reject_scan.hpp"

#include "load/log/log_tables.hpp"
#include "pg/compat.hpp"
#include "pg/guard.hpp"

#include "pg/server.hpp"

extern "C" {
#include "utils/fmgroids.h"
}

namespace ferry::load {

void RejectScan::open(Relation rejects, std::int64_t load_id, Snapshot snapshot) {
  context_ = AllocSetContextCreate(CurrentMemoryContext, "pg_ferry stored rejects", ALLOCSET_DEFAULT_SIZES);
  row_context_ = AllocSetContextCreate(context_, "pg_ferry stored reject", ALLOCSET_DEFAULT_SIZES);
  MemoryContext const caller = MemoryContextSwitchTo(context_);
  index_ = index_open(pg::compat::primary_key_index(rejects), AccessShareLock);
  ScanKeyData key;
  ScanKeyInit(&key, kRejectLoadId, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(load_id));
  scan_ = pg::compat::begin_index_scan(rejects, index_, snapshot, 1);
  index_rescan(scan_, &key, 1, nullptr, 0);
  row_ = table_slot_create(rejects, nullptr);
  MemoryContextSwitchTo(caller);
}

void RejectScan::close() {
  index_endscan(scan_);
  index_close(index_, NoLock);
  ExecDropSingleTupleTableSlot(row_);
  MemoryContextDelete(context_);
}

/// Moves on to the next reject that is not resolved. Calls the server without a guard.
bool RejectScan::advance() {
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

bool RejectScan::next(StoredReject& out) {
  struct {
    std::string_view raw, corrected, sqlstate, column, constraint, reason, detail, hint;
    bool is_corrected = false;
  } bytes;
  const bool found = pg::call([this, &bytes, &out] {
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
    bytes.is_corrected = !slot_attisnull(row_, kRejectCorrectedRow);
    bytes.corrected = bytes_of(row_, kRejectCorrectedRow);
    bytes.sqlstate = bytes_of(row_, kRejectSqlstate);
    bytes.column = bytes_of(row_, kRejectColumnName);
    bytes.constraint = bytes_of(row_, kRejectConstraintName);
    bytes.reason = bytes_of(row_, kRejectReason);
    bytes.detail = bytes_of(row_, kRejectDetail);
    bytes.hint = bytes_of(row_, kRejectHint);
    MemoryContextSwitchTo(caller);
    return true;
  });
  if (!found) return false;
  out.raw = bytes.raw;
  out.corrected = bytes.is_corrected ? std::optional<std::string>(bytes.corrected) : std::nullopt;
  out.problem = Problem{std::string(bytes.sqlstate), std::string(bytes.column), std::string(bytes.constraint),
                        std::string(bytes.reason),   std::string(bytes.detail), std::string(bytes.hint)};
  return true;
}

}  // namespace ferry::load
