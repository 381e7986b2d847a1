#include "load/log/stored_rejects.hpp"

#include "base/concat.hpp"
#include "load/log/log_tables.hpp"
#include "pg/arguments.hpp"
#include "pg/compat.hpp"
#include "pg/guard.hpp"
#include "pg/table/key_search.hpp"

#include "pg/server.hpp"

extern "C" {
#include "executor/executor.h"
#include "tcop/utility.h"
#include "utils/timestamp.h"
}

namespace ferry::load {

using pg::call;

namespace {

/// Whether the log has that problem for a reject already. Calls the server without a guard.
bool is_problem_of(TupleTableSlot* row, const Problem& problem) {
  return bytes_of(row, kRejectSqlstate) == problem.sqlstate && bytes_of(row, kRejectColumnName) == problem.column &&
         bytes_of(row, kRejectConstraintName) == problem.constraint && bytes_of(row, kRejectReason) == problem.reason &&
         bytes_of(row, kRejectDetail) == problem.detail && bytes_of(row, kRejectHint) == problem.hint;
}

}  // namespace

StoredRejects::StoredRejects(std::int64_t load_id) : load_id_(load_id) {
  call([this] {
    PreventCommandDuringRecovery("a load");
    PreventCommandIfReadOnly("a load");
    loads_ = open_log_table("ferry_load_log", RowExclusiveLock);
    rejects_ = open_log_table("ferry_reject_log", RowExclusiveLock);
  });
  load_ = find_logged_load(loads_, load_id, LoadLock::until_end);
  call([this] {
    row_context_ = AllocSetContextCreate(CurrentMemoryContext, "pg_ferry changed reject", ALLOCSET_DEFAULT_SIZES);
    // taken only now that the lock is ours, so that it sees what those did who had it before
    snapshot_ = RegisterSnapshot(GetLatestSnapshot());
    scan_.open(rejects_, load_id_, snapshot_);
    row_ = table_slot_create(rejects_, nullptr);
    writer_ = pg::TableWriter::open(rejects_, pg::TriggerSet::constraints);
  });
}

void StoredRejects::close() {
  call([this] {
    writer_.close();
    scan_.close();
    ExecDropSingleTupleTableSlot(row_);
    UnregisterSnapshot(snapshot_);
    MemoryContextDelete(row_context_);
    table_close(rejects_, NoLock);
    table_close(loads_, NoLock);
    CommandCounterIncrement();
  });
}

bool StoredRejects::next(StoredReject& out) {
  if (!scan_.next(out)) return false;
  unsettled_[out.row_number] = scan_.location();
  return true;
}

/// Where a row is that has waited for a verdict.
ItemPointerData StoredRejects::settle(std::int64_t row_number) {
  const auto found = unsettled_.find(row_number);
  const ItemPointerData tid = found->second;
  unsettled_.erase(found);
  return tid;
}

/// set: takes the row as it is, and the arrays of its values to be; called without a guard. False: it stays as it is.
template <class F>
void StoredRejects::change(ItemPointerData tid, F&& set) {
  call([=, this, &set]() mutable {
    MemoryContextReset(row_context_);
    MemoryContext const caller = MemoryContextSwitchTo(row_context_);
    if (!table_tuple_fetch_row_version(rejects_, &tid, snapshot_, row_)) elog(ERROR, "could not find a rejected row");
    slot_getallattrs(row_);
    TupleTableSlot* const changed = writer_.input_slot();
    for (int i = 0; i < kRejectColumns; i++) {
      changed->tts_values[i] = row_->tts_values[i];
      changed->tts_isnull[i] = row_->tts_isnull[i];
    }
    if (set(row_, changed->tts_values, changed->tts_isnull)) writer_.replace(&tid, ExecStoreVirtualTuple(changed));
    MemoryContextSwitchTo(caller);
  });
}

void StoredRejects::resolve(std::int64_t row_number) {
  change(settle(row_number), [](TupleTableSlot* /*row*/, Datum* values, bool* nulls) {
    values[kRejectResolvedAt - 1] = TimestampTzGetDatum(GetCurrentTransactionStartTimestamp());
    nulls[kRejectResolvedAt - 1] = false;
    return true;
  });
}

void StoredRejects::revise(std::int64_t row_number, const Problem& problem) {
  change(settle(row_number), [&problem](TupleTableSlot* row, Datum* values, bool* nulls) {
    if (is_problem_of(row, problem)) return false;
    set_problem(problem, values, nulls);
    return true;
  });
}

ItemPointerData StoredRejects::find(std::int64_t row_number) {
  enum class Found : std::uint8_t { nothing, resolved, open };
  const Found found = call([this, row_number] {
    const Datum values[] = {Int64GetDatum(load_id_), Int64GetDatum(row_number)};
    TupleTableSlot* const key = make_key(rejects_, values, 2);
    pg::KeySearch search = pg::KeySearch::open(rejects_, pg::compat::primary_key_index(rejects_), snapshot_);
    const bool is_there = search.find(key, row_);
    const bool is_open = is_there && slot_attisnull(row_, kRejectResolvedAt);
    search.close();
    ExecDropSingleTupleTableSlot(key);
    return is_open ? Found::open : is_there ? Found::resolved : Found::nothing;
  });
  if (found == Found::nothing)
    throw Error("22023", concat("load ", load_id_, " has no reject with row number ", row_number))
        .hint("The view ferry_rejects has them all.");
  if (found == Found::resolved)
    throw Error("55000", concat("reject with row number ", row_number, " of load ", load_id_, " is resolved"))
        .detail("It was loaded after all.");
  return row_->tts_tid;
}

void StoredRejects::correct(std::int64_t row_number, const std::optional<std::string>& text) {
  const ItemPointerData tid = find(row_number);
  const bool has_text = text.has_value();
  const Datum corrected = has_text ? pg::text_datum(*text) : Datum{0};
  change(tid, [=](TupleTableSlot* /*row*/, Datum* values, bool* nulls) {
    values[kRejectCorrectedRow - 1] = corrected;
    values[kRejectCorrectedBy - 1] = CStringGetTextDatum(GetUserNameFromId(GetUserId(), false));
    values[kRejectCorrectedAt - 1] = TimestampTzGetDatum(GetCurrentTransactionStartTimestamp());
    for (const RejectColumn column : {kRejectCorrectedRow, kRejectCorrectedBy, kRejectCorrectedAt}) nulls[column - 1] = !has_text;
    return true;
  });
}

}  // namespace ferry::load
