#include "pg/table/bulk_table.hpp"

#include "pg/memory.hpp"
#include "pg/table/insert_state.hpp"
#include "pg/table/row_slot.hpp"

#include "pg/server.hpp"

extern "C" {
#include "access/heapam.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "utils/snapmgr.h"
}

namespace ferry::pg {

void BulkTable::open(ResultRelInfo* target, EState* executor) {
  target_ = target;
  entries_ = IndexEntries(target, executor);
}

void BulkTable::close() {
  if (stored_ != nullptr) ExecDropSingleTupleTableSlot(stored_);
  stored_ = nullptr;
}

void BulkTable::insert(std::span<TupleTableSlot*> slots, Buffers buffers) {
  const bool in_bulk = buffers == Buffers::bulk;
  BulkInsertState const state = in_bulk ? bulk_insert_.state() : nullptr;
  if (is_row_slot(slots.front())) form_rows(slots);
  table_multi_insert(relation(), slots.data(), static_cast<int>(slots.size()), GetCurrentCommandId(true),
                     in_bulk ? bulk_insert_.options() : 0, state);
  if (state == nullptr) return;
  bulk_insert_.wrote(slots.data(), slots.size());
  ReleaseBulkInsertStatePin(state);
}

void BulkTable::defer_entries(std::span<TupleTableSlot*> slots) {
  if (!deferred_.is_open()) {
    in_context(context_, [this] { deferred_.begin(target_); });
  }
  for (TupleTableSlot* slot : slots) deferred_.keep(slot);
}

void BulkTable::let_go() const { release_insert_state(target_); }

void BulkTable::recover() const { forget_insert_state(target_); }

TupleTableSlot* BulkTable::fetch(ItemPointerData tid) {
  if (stored_ == nullptr) {
    stored_ = in_context(context_, [this] { return table_slot_create(relation(), nullptr); });
  }
  if (!table_tuple_fetch_row_version(relation(), &tid, SnapshotSelf, stored_))
    elog(ERROR, "row (%u,%u) of a load is gone", ItemPointerGetBlockNumber(&tid), ItemPointerGetOffsetNumber(&tid));
  slot_getallattrs(stored_);
  return stored_;
}

void BulkTable::forget_fetched() {
  if (stored_ != nullptr) ExecClearTuple(stored_);
}

void BulkTable::take_back(ItemPointerData tid) const { simple_table_tuple_delete(relation(), &tid, GetActiveSnapshot()); }

}  // namespace ferry::pg
