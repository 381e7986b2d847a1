#include "pg/table/deferred_entries.hpp"

#include "pg/table/index_entries.hpp"

#include "pg/server.hpp"

extern "C" {
#include "access/genam.h"
#include "catalog/pg_am.h"
#include "miscadmin.h"
}

namespace ferry::pg {

namespace {

constexpr int kSortKilobytes = 4096;  // the usual number takes a quarter of it

}  // namespace

bool DeferredEntries::supports(const ResultRelInfo* target) {
  for (int i = 0; i < target->ri_NumIndices; i++)
    if (target->ri_IndexRelationDescs[i]->rd_rel->relam != BTREE_AM_OID || !is_plain_index(target->ri_IndexRelationInfo[i]))
      return false;
  return target->ri_NumIndices > 0;
}

void DeferredEntries::begin(ResultRelInfo* target) {
  target_ = target;
  context_ = AllocSetContextCreate(CurrentMemoryContext, "pg_ferry entries", ALLOCSET_SMALL_SIZES);
  MemoryContext const caller = MemoryContextSwitchTo(context_);
  for (int i = 0; i < target->ri_NumIndices; i++)
    sorts_.push_back(tuplesort_begin_index_btree(target->ri_RelationDesc, target->ri_IndexRelationDescs[i], false, false,
                                                 kSortKilobytes, nullptr, TUPLESORT_NONE));
  MemoryContextSwitchTo(caller);
}

void DeferredEntries::keep(TupleTableSlot* slot) {
  Datum values[INDEX_MAX_KEYS];
  bool nulls[INDEX_MAX_KEYS];
  for (std::size_t i = 0; i < sorts_.size(); i++) {
    entry_values(target_->ri_IndexRelationInfo[i], slot, values, nulls);
    tuplesort_putindextuplevalues(sorts_[i], target_->ri_IndexRelationDescs[i], &slot->tts_tid, values, nulls);
  }
}

bool DeferredEntries::insert(std::size_t index, IndexTuple entry) {
  CHECK_FOR_INTERRUPTS();
  Datum values[INDEX_MAX_KEYS];
  bool nulls[INDEX_MAX_KEYS];
  index_deform_tuple(entry, RelationGetDescr(target_->ri_IndexRelationDescs[index]), values, nulls);
  return insert_entry(target_, static_cast<int>(index), values, nulls, &entry->t_tid);
}

void DeferredEntries::drop() {
  for (Tuplesortstate* sort : sorts_) tuplesort_end(sort);
  sorts_.clear();
  MemoryContextDelete(context_);
  context_ = nullptr;
}

}  // namespace ferry::pg
