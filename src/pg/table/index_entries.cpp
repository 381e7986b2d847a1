#include "pg/table/index_entries.hpp"

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
  for (int i = 0; i < target->ri_NumIndices; i++) are_plain_ = are_plain_ && is_plain_index(target->ri_IndexRelationInfo[i]);
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
