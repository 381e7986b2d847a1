#include "pg/table/index_append.hpp"

#include <algorithm>

#include "pg/compat.hpp"
#include "pg/table/index_entries.hpp"

#include "pg/server.hpp"

extern "C" {
#include "access/generic_xlog.h"
#include "access/nbtree.h"
#include "catalog/pg_am.h"
#include "storage/bufmgr.h"
#include "storage/predicate.h"
}

namespace ferry::pg {

namespace {

/// Larger ones are left to the index, which knows what is too large.
constexpr Size kMostEntryBytes = 1024;

/// Whether entries may go onto a page behind those that are there. What hints say of its entries is not in the log: a page that
/// has any would be another one where the log is replayed.
bool is_last_leaf(Page page) {
  const BTPageOpaqueData* const opaque = BTPageGetOpaque(page);
  return P_ISLEAF(opaque) && P_RIGHTMOST(opaque) && !P_IGNORE(opaque) && !P_HAS_GARBAGE(opaque) && opaque->btpo_cycleid == 0 &&
         PageGetMaxOffsetNumber(page) >= P_HIKEY;
}

/// The last leaf, locked for writing, or InvalidBuffer where there is none, or it became another one meanwhile.
Buffer lock_last_leaf(Relation index) {
  Buffer const buffer = compat::last_btree_leaf(index);
  if (buffer == InvalidBuffer) return buffer;
  LockBuffer(buffer, BUFFER_LOCK_UNLOCK);
  LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
  if (is_last_leaf(BufferGetPage(buffer))) return buffer;
  UnlockReleaseBuffer(buffer);
  return InvalidBuffer;
}

/// Whether an entry has its place behind the last one of a page, which has room for it.
bool goes_behind(Relation index, Page page, IndexTuple entry) {
  const Size bytes = MAXALIGN(IndexTupleSize(entry));
  if (bytes > kMostEntryBytes || PageGetFreeSpace(page) < bytes) return false;
  BTScanInsert const key = _bt_mkscankey(index, entry);
  // as the index itself does: without its tid, equal keys are equal
  if (index->rd_index->indisunique && !key->anynullkeys) key->scantid = nullptr;
  const bool is_behind = key->heapkeyspace && _bt_compare(index, key, page, PageGetMaxOffsetNumber(page)) > 0;
  pfree(key);
  return is_behind;
}

}  // namespace

IndexAppend::IndexAppend(ResultRelInfo* target, int index)
    : index_(target->ri_IndexRelationDescs[index]), info_(target->ri_IndexRelationInfo[index]) {
  if (index_->rd_rel->relam != BTREE_AM_OID) index_ = nullptr;
}

std::size_t IndexAppend::append(std::span<TupleTableSlot* const> slots) {
  if (index_ == nullptr || slots.size() < kFewest) return 0;
  if (pause_ > 0) {
    pause_--;
    return 0;
  }
  std::size_t total = 0;
  for (bool goes_on = true; goes_on && total < slots.size();) {
    const std::size_t some = std::min(some_, slots.size() - total);
    const std::size_t count = append_some(slots.subspan(total, some));
    total += count;
    goes_on = count == some;
    some_ = goes_on ? kMost : kFewest;
  }
  // the leaf may just be full: the entry that comes otherwise makes a new one
  failures_ = total > 0 ? 0 : failures_ + 1;
  if (failures_ == 2) {
    failures_ = 0;
    pause_ = kPause;
  }
  return total;
}

std::size_t IndexAppend::append_some(std::span<TupleTableSlot* const> slots) {
  IndexTuple entries[kMost];
  Datum values[INDEX_MAX_KEYS];
  bool nulls[INDEX_MAX_KEYS];
  for (std::size_t i = 0; i < slots.size(); i++) {
    entry_values(info_, slots[i], values, nulls);
    entries[i] = index_form_tuple(RelationGetDescr(index_), values, nulls);
    entries[i]->t_tid = slots[i]->tts_tid;
  }
  Buffer const buffer = lock_last_leaf(index_);
  if (buffer == InvalidBuffer) return 0;
  std::size_t count = 0;
  if (goes_behind(index_, BufferGetPage(buffer), entries[0])) {
    CheckForSerializableConflictIn(index_, nullptr, BufferGetBlockNumber(buffer));
    GenericXLogState* const change = GenericXLogStart(index_);
    Page const page = GenericXLogRegisterBuffer(change, buffer, 0);
    do {
      const Size bytes = MAXALIGN(IndexTupleSize(entries[count]));
      const OffsetNumber at = OffsetNumberNext(PageGetMaxOffsetNumber(page));
      if (PageAddItem(page, reinterpret_cast<char*>(entries[count]), bytes, at, false, false) == InvalidOffsetNumber)
        elog(ERROR, "could not add an entry to block %u of index \"%s\"", BufferGetBlockNumber(buffer),
             RelationGetRelationName(index_));
      count++;
    } while (count < slots.size() && goes_behind(index_, page, entries[count]));
    GenericXLogFinish(change);
  }
  UnlockReleaseBuffer(buffer);
  return count;
}

}  // namespace ferry::pg
