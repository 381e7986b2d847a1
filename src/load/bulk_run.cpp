// Runs of BulkWriter: batches whose rows are in the heap while their entries in the indexes wait.

#include <algorithm>

#include "load/bulk_rules.hpp"
#include "load/bulk_writer.hpp"

#include "pg/server.hpp"

extern "C" {
#include "access/tableam.h"
#include "access/xact.h"
#include "miscadmin.h"
}

namespace ferry::load {

using pg::call;

namespace {

/// The longest run. The first ones are shorter: rows that only the end of a run finds to be in the table are written in vain.
constexpr std::size_t kMostBatches = 16;
/// Of the records, of what is wrong with them, and of their entries; a run may have a batch more than that.
constexpr std::size_t kMostBytes = std::size_t{4} << 20;
constexpr int kDirectBatches = 64;
static_assert(kMostBatches * BulkWriter::kMaxRows <= kMostUndecided);

}  // namespace

/// Whether the entries of the batch that was accepted may wait, and are worth it: those of ascending keys meet one page anyway.
bool BulkWriter::may_entries_wait() {
  if (!entries_may_wait_ || in_subtransaction_ || probes_ || lacks_indexes_) return false;
  if (entry_run_.is_open()) return true;
  if (direct_batches_ > 0) {
    direct_batches_--;
    return false;
  }
  return table_.target()->ri_NumIndices > 1 || !unique_keys_[0].came_in_order(accepted_.size());
}

/// Writes the heap and keeps the entries. Calls the server without a guard.
void BulkWriter::insert_waiting() {
  MemoryContext const caller = MemoryContextSwitchTo(load_context_);
  if (!entry_run_.is_open()) entry_run_.begin(table_.target());
  if (stored_row_ == nullptr) stored_row_ = table_slot_create(rules_.relation(), nullptr);
  MemoryContextSwitchTo(batch_context_);
  insert_rows(&bulk_insert_);
  for (TupleTableSlot* slot : accepted_slots_) entry_run_.keep(slot);
  CommandCounterIncrement();
  MemoryContextSwitchTo(caller);
}

/// Whether the run has grown to its end with this batch.
bool BulkWriter::is_run_full_with(std::span<const Record> batch, std::span<const Result> results) {
  run_batches_++;
  for (const Record& record : batch) run_bytes_ += record.raw.size();
  for (const Result& result : results)
    if (result.problem) run_bytes_ += result.problem->bytes();
  return run_batches_ >= longest_run_ || run_bytes_ + entry_run_.bytes() > kMostBytes;
}

void BulkWriter::end_run(std::span<const Record> records, std::span<Result> results) {
  if (!entry_run_.is_open()) return;
  for (UniqueKey& key : unique_keys_) key.begin_batch();
  (void)insert_run(records, results);
  for (UniqueKey& key : unique_keys_) key.end_batch();
}

/// Ends the run that is open. False: another session was quicker with a key, so that nothing of the run is in the table, and its
/// rows and all behind are pending.
bool BulkWriter::insert_run(std::span<const Record> records, std::span<Result> results) {
  options_.place->set(records.front(), records.back());
  const bool has_company = has_other_writers(rules_.relation());
  refused_rows_.clear();
  raced_ = false;
  call([this, has_company] { has_company ? insert_entries_as_rows_came() : insert_entries(); });
  settle_run(results);
  if (!entry_run_.was_of_use()) direct_batches_ = kDirectBatches;
  const bool was_good = !raced_ && probing_batches_ == 0 && direct_batches_ == 0;
  longest_run_ = was_good ? std::min(2 * longest_run_, kMostBatches) : 1;
  run_rows_.clear();
  run_farthest_.clear();
  run_batches_ = run_bytes_ = 0;
  return !raced_;
}

/// Calls the server without a guard.
void BulkWriter::insert_entries() {
  MemoryContext const caller = MemoryContextSwitchTo(batch_context_);
  entry_run_.insert([this](ItemPointer tid) { return settle_conflict(*tid); });
  MemoryContextSwitchTo(caller);
}

/// The same in the order of the rows. Who writes into the table has keys that ours would wait for, and may come to keys that it
/// would wait for: in this order neither waits for the other where both write the same rows. Calls the server without a guard.
void BulkWriter::insert_entries_as_rows_came() {
  MemoryContext const caller = MemoryContextSwitchTo(batch_context_);
  entry_run_.drop();
  for (const RunRow& row : run_rows_) {
    CHECK_FOR_INTERRUPTS();
    fetch(row.tid);
    if (!index_entries_.add(stored_row_) && !settle_conflict(row.tid)) break;
  }
  MemoryContextSwitchTo(caller);
}

/// Notes what becomes of a row in the heap whose key an index has already. False: another session was quicker with it. Calls the
/// server without a guard.
bool BulkWriter::settle_conflict(ItemPointerData tid) {
  fetch(tid);
  raced_ = !unique_keys_[0].has_other(stored_row_);
  if (!raced_) refused_rows_.push_back(tid);
  return !raced_;
}

/// A row of this transaction's, into stored_row_. Calls the server without a guard.
void BulkWriter::fetch(ItemPointerData tid) {
  if (!table_tuple_fetch_row_version(rules_.relation(), &tid, SnapshotSelf, stored_row_))
    elog(ERROR, "row (%u,%u) of a load is gone", ItemPointerGetBlockNumber(&tid), ItemPointerGetOffsetNumber(&tid));
  slot_getallattrs(stored_row_);
}

/// Takes back the rows whose key the table has, or all of them where one raced with another session: the row path decides then.
void BulkWriter::settle_run(std::span<Result> results) {
  if (raced_) {
    for (const RunRow& row : run_rows_) take_back(row.tid);
    reset_from(run_rows_.front().place, results);
  } else if (refused_rows_.empty()) {
    merge(farthest_, run_farthest_);
  } else {
    if (are_many(refused_rows_.size(), run_rows_.size())) probing_batches_ = kProbingBatches;
    settle_refused_rows(results);
  }
  call([this] {
    ExecClearTuple(stored_row_);
    CommandCounterIncrement();
  });
}

void BulkWriter::settle_refused_rows(std::span<Result> results) {
  const auto before = [](ItemPointerData a, ItemPointerData b) { return ItemPointerCompare(&a, &b) < 0; };
  std::sort(refused_rows_.begin(), refused_rows_.end(), before);
  for (const RunRow& row : run_rows_) {
    const bool is_refused = std::binary_search(refused_rows_.begin(), refused_rows_.end(), row.tid, before);
    if (!is_refused && notes_.is_empty()) continue;
    call([this, &row] { fetch(row.tid); });
    Result& result = results[row.place];
    if (is_refused) {
      reject_or_skip(result, unique_keys_[0], stored_row_);
      take_back(row.tid);
    } else {
      note(stored_row_, result, farthest_);
    }
  }
}

}  // namespace ferry::load
