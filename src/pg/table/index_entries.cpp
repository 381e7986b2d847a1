#include "pg/table/index_entries.hpp"

#include <utility>

#include "pg/compat.hpp"

#include "pg/server.hpp"

extern "C" {
#include "access/genam.h"
#include "executor/executor.h"
}

namespace ferry::pg {

bool is_plain_index(const IndexInfo* info) {
  if (info->ii_Expressions != NIL || info->ii_Predicate != NIL || info->ii_ExclusionOps != nullptr) return false;
  for (int i = 0; i < info->ii_NumIndexAttrs; i++)
    if (info->ii_IndexAttrNumbers[i] <= 0) return false;
  return info->ii_ReadyForInserts;
}

void entry_values(const IndexInfo* info, TupleTableSlot* slot, Datum* values, bool* nulls) {
  for (int k = 0; k < info->ii_NumIndexAttrs; k++) values[k] = slot_getattr(slot, info->ii_IndexAttrNumbers[k], &nulls[k]);
}

bool insert_entry(ResultRelInfo* target, int index, Datum* values, bool* nulls, ItemPointer tid) {
  Relation const relation = target->ri_IndexRelationDescs[index];
  const bool is_unique = relation->rd_index->indisunique;
  const IndexUniqueCheck check = is_unique ? UNIQUE_CHECK_PARTIAL : UNIQUE_CHECK_NO;
  const bool is_new =
      index_insert(relation, values, nulls, tid, target->ri_RelationDesc, check, false, target->ri_IndexRelationInfo[index]);
  return is_new || !is_unique;
}

IndexEntries::IndexEntries(ResultRelInfo* target, EState* executor) : target_(target), executor_(executor), are_plain_(true) {
  int unique = 0;
  for (int i = 0; i < target->ri_NumIndices; i++) {
    are_plain_ = are_plain_ && is_plain_index(target->ri_IndexRelationInfo[i]);
    if (!target->ri_IndexRelationDescs[i]->rd_index->indisunique) continue;
    first_ = i;
    unique++;
  }
  // Where a second index may refuse a row, no row behind it is to be in the first one: other sessions would wait for it.
  can_append_ =
      are_plain_ && unique <= 1 && target->ri_NumIndices > 0 && std::cmp_less_equal(target->ri_NumIndices, appends_.size());
  for (int i = 0; can_append_ && i < target->ri_NumIndices; i++) appends_[i] = IndexAppend(target, i);
}

std::size_t IndexEntries::append(std::span<TupleTableSlot* const> slots) {
  if (!can_append_) return 0;
  const std::size_t count = appends_[first_].append(slots);
  for (int i = 0; i < target_->ri_NumIndices; i++)
    if (i != first_) add_to(i, slots.first(count));
  return count;
}

/// An index that takes every row.
void IndexEntries::add_to(int index, std::span<TupleTableSlot* const> slots) {
  Datum values[INDEX_MAX_KEYS];
  bool nulls[INDEX_MAX_KEYS];
  for (std::size_t at = 0; at < slots.size(); at++) {
    at += appends_[index].append(slots.subspan(at));
    if (at == slots.size()) return;
    entry_values(target_->ri_IndexRelationInfo[index], slots[at], values, nulls);
    (void)insert_entry(target_, index, values, nulls, &slots[at]->tts_tid);
  }
}

bool IndexEntries::add(TupleTableSlot* slot) const {
  if (are_plain_) return add_plain(slot);
  ResetPerTupleExprContext(executor_);
  return compat::insert_index_tuples(target_, slot, executor_, false, true, false) == NIL;
}

List* IndexEntries::add_or_raise(TupleTableSlot* slot) const {
  if (target_->ri_NumIndices == 0) return NIL;
  ResetPerTupleExprContext(executor_);
  return compat::insert_index_tuples(target_, slot, executor_, false, false, false);
}

bool IndexEntries::add_plain(TupleTableSlot* slot) const {
  bool is_free = true;
  Datum values[INDEX_MAX_KEYS];
  bool nulls[INDEX_MAX_KEYS];
  for (int i = 0; i < target_->ri_NumIndices; i++) {
    entry_values(target_->ri_IndexRelationInfo[i], slot, values, nulls);
    is_free = insert_entry(target_, i, values, nulls, &slot->tts_tid) && is_free;
  }
  return is_free;
}

}  // namespace ferry::pg
