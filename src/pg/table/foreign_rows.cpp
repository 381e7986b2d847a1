#include "pg/table/foreign_rows.hpp"

#include "pg/memory.hpp"

#include "pg/server.hpp"

extern "C" {
#include "executor/executor.h"
#include "foreign/fdwapi.h"
}

namespace ferry::pg {

void begin_foreign_insert(ModifyTableState* state, ResultRelInfo* target) {
  const FdwRoutine* const wrapper = target->ri_FdwRoutine;
  if (wrapper->BeginForeignInsert != nullptr) wrapper->BeginForeignInsert(state, target);
  const bool takes_several = wrapper->GetForeignModifyBatchSize != nullptr && wrapper->ExecForeignBatchInsert != nullptr;
  target->ri_BatchSize = takes_several ? wrapper->GetForeignModifyBatchSize(target) : 1;
}

void end_foreign_insert(EState* estate, ResultRelInfo* target) {
  if (target->ri_FdwRoutine->EndForeignInsert != nullptr) target->ri_FdwRoutine->EndForeignInsert(estate, target);
}

TupleTableSlot* insert_foreign_row(EState* estate, ResultRelInfo* target, TupleTableSlot* slot) {
  // what the wrapper prepares now lives as long as the target
  TupleTableSlot* const stored =
      in_context(estate->es_query_cxt, [=] { return target->ri_FdwRoutine->ExecForeignInsert(estate, target, slot, nullptr); });
  // the wrapper may have taken it away, and AFTER triggers look at it
  if (stored != nullptr) stored->tts_tableOid = RelationGetRelid(target->ri_RelationDesc);
  return stored;
}

bool ForeignRows::takes(const ResultRelInfo* target, const ResultRelInfo* root) {
  const auto has_row_trigger = [](const TriggerDesc* list) {
    return list != nullptr && (list->trig_insert_before_row || list->trig_insert_after_row || list->trig_insert_new_table);
  };
  return target->ri_BatchSize > 1 && !has_row_trigger(target->ri_TrigDesc) && !has_row_trigger(root->ri_TrigDesc);
}

ForeignRows* ForeignRows::create(EState* estate) {
  auto* const rows = static_cast<ForeignRows*>(MemoryContextAlloc(estate->es_query_cxt, sizeof(ForeignRows)));
  rows->targets_ = NIL;
  return rows;
}

TupleTableSlot* ForeignRows::add(EState* estate, ResultRelInfo* target, TupleTableSlot* slot) {
  MemoryContext const caller = MemoryContextSwitchTo(estate->es_query_cxt);
  if (target->ri_Slots == nullptr) {
    target->ri_Slots = static_cast<TupleTableSlot**>(palloc0(sizeof(TupleTableSlot*) * static_cast<Size>(target->ri_BatchSize)));
    targets_ = lappend(targets_, target);
  }
  if (target->ri_NumSlots == target->ri_BatchSize) send_one(estate, target);
  TupleTableSlot*& buffered = target->ri_Slots[target->ri_NumSlots];
  if (buffered == nullptr) buffered = MakeSingleTupleTableSlot(slot->tts_tupleDescriptor, slot->tts_ops);
  TupleTableSlot* const copy = ExecCopySlot(buffered, slot);
  copy->tts_tableOid = slot->tts_tableOid;
  target->ri_NumSlots++;
  MemoryContextSwitchTo(caller);
  return copy;
}

void ForeignRows::send_one(EState* estate, ResultRelInfo* target) {
  if (target->ri_NumSlots == 0) return;
  int sent = target->ri_NumSlots;
  MemoryContext const caller = MemoryContextSwitchTo(estate->es_query_cxt);
  target->ri_FdwRoutine->ExecForeignBatchInsert(estate, target, target->ri_Slots, nullptr, &sent);
  // which ones, only sending them one by one can tell
  if (sent != target->ri_NumSlots) ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION), errmsg("foreign server left rows out")));
  for (int i = 0; i < target->ri_NumSlots; i++) ExecClearTuple(target->ri_Slots[i]);
  target->ri_NumSlots = 0;
  MemoryContextSwitchTo(caller);
}

void ForeignRows::send(EState* estate) {
  ListCell* cell;
  foreach (cell, targets_) send_one(estate, static_cast<ResultRelInfo*>(lfirst(cell)));
}

void ForeignRows::close() {
  ListCell* cell;
  foreach (cell, targets_) {
    const auto* const target = static_cast<ResultRelInfo*>(lfirst(cell));
    for (int i = 0; i < target->ri_BatchSize && target->ri_Slots[i] != nullptr; i++)
      ExecDropSingleTupleTableSlot(target->ri_Slots[i]);
  }
}

}  // namespace ferry::pg
