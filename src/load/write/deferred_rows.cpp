#include "load/write/deferred_rows.hpp"

#include <algorithm>

#include "load/write/bulk_rules.hpp"
#include "load/write/refusal.hpp"

#include "pg/server.hpp"

extern "C" {
#include "access/xact.h"
#include "miscadmin.h"
}

namespace ferry::load {

using pg::call;

namespace {

/// So many batches wait at most. The first times it is fewer: rows that only the end finds to be in the table are written in
/// vain.
constexpr std::size_t kMostBatches = 16;
/// Of the records, of what is wrong with them, and of their entries; the last batch may bring more than that.
constexpr std::size_t kMostBytes = std::size_t{4} << 20;
constexpr int kDirectBatches = 64;
static_assert(kMostBatches * kMaxBatchRows <= kMostUndecided);

}  // namespace

/// Ascending keys meet one page anyway.
bool DeferredRows::is_worthwhile(const UniqueKey& key, std::size_t rows) {
  if (has_any()) return true;
  if (direct_batches_ > 0) {
    direct_batches_--;
    return false;
  }
  return table_.target()->ri_NumIndices > 1 || !key.came_in_order(rows);
}

void DeferredRows::add(const Batch& batch, std::span<const BatchRow> rows, std::span<TupleTableSlot*> slots) {
  table_.insert(slots, pg::BulkTable::Buffers::bulk);
  table_.defer_entries(slots);
  CommandCounterIncrement();
  for (const BatchRow& row : rows) {
    rows_.push_back({row.slot->tts_tid, batch.first + row.at});
    notes_.take_from(row.slot, nullptr, batch.result(row.at), farthest_);
  }
}

bool DeferredRows::is_full_with(const Batch& batch) {
  batches_++;
  for (const Record& record : batch.own_records()) bytes_ += record.raw.size();
  for (const Result& result : batch.own_results())
    if (result.problem) bytes_ += result.problem->bytes();
  return batches_ >= longest_ || bytes_ + table_.deferred().bytes() > kMostBytes;
}

DeferredRows::Outcome DeferredRows::settle(const Batch& batch, UniqueKey& key, FarthestValues& farthest) {
  options_.position->set(batch.records.front(), batch.records.back());
  const bool has_company = has_other_writers(table_.relation());
  refused_.clear();
  raced_ = false;
  call([&] { has_company ? insert_entries_as_rows_came(key) : insert_entries(key); });
  had_many_refused_ = !raced_ && is_probing_cheaper(refused_.size(), rows_.size());
  settle_all(batch, key, farthest);
  if (!table_.deferred().was_of_use()) direct_batches_ = kDirectBatches;
  const bool was_good = !raced_ && !had_many_refused_ && direct_batches_ == 0;
  longest_ = was_good ? std::min(2 * longest_, kMostBatches) : 1;
  rows_.clear();
  farthest_.clear();
  batches_ = bytes_ = 0;
  return raced_ ? Outcome::raced : Outcome::settled;
}

/// Calls the server without a guard.
void DeferredRows::insert_entries(UniqueKey& key) {
  table_.deferred().insert([&](ItemPointer tid) { return settle_conflict(*tid, key); });
}

/// The same in the order of the rows. Who writes into the table has keys that ours would wait for, and may come to keys that it
/// would wait for: in this order neither waits for the other where both write the same rows. Calls the server without a guard.
void DeferredRows::insert_entries_as_rows_came(UniqueKey& key) {
  table_.deferred().drop();
  for (const Row& row : rows_) {
    CHECK_FOR_INTERRUPTS();
    if (!table_.add_entries(table_.fetch(row.tid)) && !settle_conflict(row.tid, key)) break;
  }
}

/// Notes what becomes of a row in the heap whose key an index has already. False: another session was quicker with it. Calls the
/// server without a guard.
bool DeferredRows::settle_conflict(ItemPointerData tid, UniqueKey& key) {
  raced_ = !key.has_other(table_.fetch(tid));
  if (!raced_) refused_.push_back(tid);
  return !raced_;
}

/// Takes back the rows whose key the table has, or all of them where one raced with another session.
void DeferredRows::settle_all(const Batch& batch, UniqueKey& key, FarthestValues& farthest) {
  if (raced_) {
    for (const Row& row : rows_) call([&] { table_.take_back(row.tid); });
    for (std::size_t i = rows_.front().at; i < batch.results.size(); i++) batch.results[i] = Result{};
  } else if (refused_.empty()) {
    merge(farthest, farthest_);
  } else {
    settle_refused(batch, key, farthest);
  }
  call([this] {
    table_.forget_fetched();
    CommandCounterIncrement();
  });
}

void DeferredRows::settle_refused(const Batch& batch, UniqueKey& key, FarthestValues& farthest) {
  const auto before = [](ItemPointerData a, ItemPointerData b) { return ItemPointerCompare(&a, &b) < 0; };
  std::sort(refused_.begin(), refused_.end(), before);
  for (const Row& row : rows_) {
    const bool is_refused = std::binary_search(refused_.begin(), refused_.end(), row.tid, before);
    if (!is_refused && notes_.is_empty()) continue;
    TupleTableSlot* const stored = call([&] { return table_.fetch(row.tid); });
    Result& result = batch.results[row.at];
    if (is_refused) {
      refuse(result, key, stored, options_.on_conflict);
      call([&] { table_.take_back(row.tid); });
    } else {
      notes_.take_from(stored, nullptr, result, farthest);
    }
  }
}

}  // namespace ferry::load
