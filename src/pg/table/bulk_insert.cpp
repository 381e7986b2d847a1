#include "pg/table/bulk_insert.hpp"

#include "pg/memory.hpp"
extern "C" {
#include "access/hio.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
}

namespace ferry::pg {

void BulkInsert::begin(bool is_new) {
  context_ = CurrentMemoryContext;
  state_ = GetBulkInsertState();
  is_new_ = is_new;
  has_ring_ = !is_new;
  if (has_ring_) return;
  FreeAccessStrategy(state_->strategy);
  state_->strategy = nullptr;
}

void BulkInsert::end() {
  if (state_ != nullptr) FreeBulkInsertState(state_);
  state_ = nullptr;
}

void BulkInsert::wrote(TupleTableSlot* const* slots, std::size_t count) {
  if (state_ == nullptr || has_ring_ || count == 0) return;
  // the table was empty: its last page tells how many there are
  if (ItemPointerGetBlockNumber(&slots[count - 1]->tts_tid) < static_cast<BlockNumber>(NBuffers / 4)) return;
  has_ring_ = true;
  state_->strategy = in_context(context_, [] { return GetAccessStrategy(BAS_BULKWRITE); });
}

}  // namespace ferry::pg
