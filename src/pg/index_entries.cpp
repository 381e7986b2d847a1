#include "pg/index_entries.hpp"

#include "pg/compat.hpp"

#include "pg/server.hpp"

extern "C" {
#include "access/genam.h"
#include "executor/executor.h"
}

namespace ferry::pg {

namespace {

bool is_plain(const IndexInfo* info) {
  if (info->ii_Expressions != NIL || info->ii_Predicate != NIL || info->ii_ExclusionOps != nullptr) return false;
  for (int i = 0; i < info->ii_NumIndexAttrs; i++)
    if (info->ii_IndexAttrNumbers[i] <= 0) return false;
  return info->ii_ReadyForInserts;
}

}  // namespace

IndexEntries::IndexEntries(ResultRelInfo* target, EState* executor) : target_(target), executor_(executor), are_plain_(true) {
  for (int i = 0; i < target->ri_NumIndices; i++) are_plain_ = are_plain_ && is_plain(target->ri_IndexRelationInfo[i]);
}

bool IndexEntries::add(TupleTableSlot* slot) const {
  if (are_plain_) return add_plain(slot);
  ResetPerTupleExprContext(executor_);
  return compat::insert_index_tuples(target_, slot, executor_, false, true, false) == NIL;
}

bool IndexEntries::add_plain(TupleTableSlot* slot) const {
  bool is_free = true;
  Datum values[INDEX_MAX_KEYS];
  bool nulls[INDEX_MAX_KEYS];
  for (int i = 0; i < target_->ri_NumIndices; i++) {
    Relation const index = target_->ri_IndexRelationDescs[i];
    IndexInfo* const info = target_->ri_IndexRelationInfo[i];
    for (int k = 0; k < info->ii_NumIndexAttrs; k++) values[k] = slot_getattr(slot, info->ii_IndexAttrNumbers[k], &nulls[k]);
    const bool is_unique = index->rd_index->indisunique;
    const IndexUniqueCheck check = is_unique ? UNIQUE_CHECK_PARTIAL : UNIQUE_CHECK_NO;
    const bool is_new = index_insert(index, values, nulls, &slot->tts_tid, target_->ri_RelationDesc, check, false, info);
    is_free = is_free && (is_new || !is_unique);
  }
  return is_free;
}

}  // namespace ferry::pg
