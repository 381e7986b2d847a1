// The last step of BulkWriter: rows into the heap, and their entries into the indexes.

#include <algorithm>
#include <numeric>

#include "load/bulk_rules.hpp"
#include "load/bulk_writer.hpp"
#include "load/exact_writer.hpp"
#include "pg/row_slot.hpp"
#include "pg/subtransaction.hpp"

#include "pg/server.hpp"

extern "C" {
#include "access/tableam.h"
#include "access/xact.h"
}

namespace ferry::load {

using pg::call;

/// Step 4. first: the place of the batch among the records that are not settled.
void BulkWriter::write_accepted(std::span<Result> results, std::size_t first) {
  refused_.clear();
  raced_ = false;
  if (accepted_.empty()) return;
  const bool entries_wait = may_entries_wait();
  if (entries_wait) {
    call([this] { insert_waiting(); });
    for (std::size_t i = 0; i < accepted_.size(); i++) run_rows_.push_back({accepted_slots_[i]->tts_tid, first + accepted_[i]});
  } else {
    order_by_key();
    if (in_subtransaction_) {
      if (!write_in_subtransaction()) reset_from(accepted_.front(), results);
    } else {
      call([this] { insert_accepted(&bulk_insert_); });
      settle_refused(results);
    }
  }
  if (notes_.is_empty()) return;
  for (std::size_t i = 0; i < accepted_.size(); i++)
    if (Result& result = results[accepted_[i]]; result.state == Result::State::loaded)
      note(accepted_slots_[i], result, entries_wait ? run_farthest_ : farthest_);
}

void BulkWriter::note(TupleTableSlot* slot, Result& result, FarthestValues& farthest) const {
  const auto value_of = [slot](AttrNumber attribute, bool* is_null) {
    if (attribute > slot->tts_nvalid) call(slot_getsomeattrs_int, slot, int{attribute});
    *is_null = slot->tts_isnull[attribute - 1];
    return slot->tts_values[attribute - 1];
  };
  notes_.take(value_of, result, farthest);
}

/// False where it was rolled back.
bool BulkWriter::write_in_subtransaction() {
  struct Raced {};
  try {
    const auto error = pg::attempt(
        [this] {
          // without the state: the rollback would take the buffer away that it believes to hold
          call([this] { insert_accepted(nullptr); });
          if (raced_) throw Raced{};
        },
        [](const char* sqlstate) { return is_rejectable(sqlstate); });
    return !error.has_value();
  } catch (const Raced&) {
    return false;
  }
}

/// Leaves the record and all behind it to the row path: what was decided behind it may have been because of it.
void BulkWriter::reset_from(std::size_t first, std::span<Result> results) {
  for (std::size_t i = first; i < results.size(); i++) results[i] = Result{};
}

/// Neighbours in the index are written one after the other, so that the way to them is in the processor's cache.
void BulkWriter::order_by_key() {
  write_order_.resize(accepted_.size());
  std::iota(write_order_.begin(), write_order_.end(), std::size_t{0});
  if (unique_keys_.empty() || !unique_keys_[0].has_order()) return;
  const UniqueKey& key = unique_keys_[0];
  if (key.came_in_order(accepted_.size())) return;
  const auto less = [&](std::size_t a, std::size_t b) { return key.less(accepted_slots_[a], accepted_slots_[b]); };
  if (!std::is_sorted(write_order_.begin(), write_order_.end(), less)) std::sort(write_order_.begin(), write_order_.end(), less);
}

/// Writes the heap. Calls the server without a guard.
void BulkWriter::insert_rows(pg::BulkInsert* bulk) {
  BulkInsertState const state = bulk == nullptr ? nullptr : bulk->state();
  const int options = bulk == nullptr ? 0 : bulk->options();
  const int count = static_cast<int>(accepted_slots_.size());
  if (pg::is_row_slot(accepted_slots_.front())) pg::form_rows(accepted_slots_);
  table_multi_insert(rules_.relation(), accepted_slots_.data(), count, GetCurrentCommandId(true), options, state);
  if (bulk == nullptr) return;
  bulk->wrote(accepted_slots_.data(), accepted_slots_.size());
  if (state != nullptr) ReleaseBulkInsertStatePin(state);
}

/// Writes heap and indexes, up to the first row that another session was quicker with: an entry behind it would make that
/// session wait for this one while this one waits for it, a deadlock of two loads that both go in ascending order.
/// Calls the server without a guard.
void BulkWriter::insert_accepted(pg::BulkInsert* bulk) {
  MemoryContext const caller = MemoryContextSwitchTo(batch_context_);
  insert_rows(bulk);
  const std::size_t entries = table_.target()->ri_NumIndices > 0 && !lacks_indexes_ ? write_order_.size() : 0;
  for (std::size_t at = 0; at < entries && !raced_; at++) {
    const std::size_t place = write_order_[at];
    TupleTableSlot* const slot = accepted_slots_[place];
    if (index_entries_.add(slot)) continue;
    if (!probes_ && unique_keys_[0].has_other(slot))
      refused_.push_back(place);
    else
      raced_ = true;
  }
  CommandCounterIncrement();
  MemoryContextSwitchTo(caller);
}

/// Takes back the rows whose key the table has, or all of them where one raced with another session: the row path decides then.
void BulkWriter::settle_refused(std::span<Result> results) {
  if (raced_) {
    for (TupleTableSlot* slot : accepted_slots_) take_back(slot->tts_tid);
    reset_from(accepted_.front(), results);
  } else {
    if (are_many(refused_.size(), accepted_.size())) probing_batches_ = kProbingBatches;
    for (const std::size_t place : refused_) {
      take_back(accepted_slots_[place]->tts_tid);
      reject_or_skip(results[accepted_[place]], unique_keys_[0], accepted_slots_[place]);
    }
  }
  if (raced_ || !refused_.empty()) call(CommandCounterIncrement);
}

void BulkWriter::take_back(ItemPointerData tid) {
  Relation const table = rules_.relation();
  call([table, &tid] { simple_table_tuple_delete(table, &tid, GetActiveSnapshot()); });
}

}  // namespace ferry::load
