// Rows that may fail in a subtransaction of their own, and rows that pass foreign keys for sure: parts of TableWriter.

#include "pg/memory.hpp"
#include "pg/table/check_switch.hpp"
#include "pg/table/insert_state.hpp"
#include "pg/table/table_writer.hpp"

extern "C" {
#include "executor/executor.h"
#include "storage/bufmgr.h"
#include "utils/resowner.h"
}

namespace ferry::pg {

void TableWriter::expect_errors() {
  expects_errors_ = true;
  make_trigger_slots(root_);
}

/// The server makes them, and for a partition another view of it, for the first trigger that needs them: in a subtransaction
/// within the one of open() they would be gone with that, but not from the executor's state.
void TableWriter::make_trigger_slots(ResultRelInfo* target) {
  if (target->ri_TrigDesc == nullptr) return;
  ResourceOwner const caller = CurrentResourceOwner;
  CurrentResourceOwner = owner_;
  ResultRelInfo* const fired = ExecGetTriggerResultRel(estate_, RelationGetRelid(target->ri_RelationDesc), nullptr);
  for (ResultRelInfo* const view : {target, fired}) {
    (void)ExecGetTriggerOldSlot(estate_, view);
    (void)ExecGetTriggerNewSlot(estate_, view);
  }
  CurrentResourceOwner = caller;
}

/// The table itself, and the partitions that have been opened.
template <class F>
void TableWriter::for_each_heap(F&& body) {
  body(root_);
  ListCell* cell;
  foreach (cell, estate_->es_tuple_routing_result_relations) body(static_cast<ResultRelInfo*>(lfirst(cell)));
}

void TableWriter::let_go() {
  ListCell* cell;
  foreach (cell, estate_->es_tupleTable) ExecClearTuple(static_cast<TupleTableSlot*>(lfirst(cell)));
  for_each_heap([](ResultRelInfo* heap) { release_insert_state(heap); });
}

void TableWriter::recover() {
  ListCell* cell;
  foreach (cell, estate_->es_tupleTable) {
    auto* const slot = static_cast<TupleTableSlot*>(lfirst(cell));
    // its pin is gone with the subtransaction
    if (TTS_IS_BUFFERTUPLE(slot)) reinterpret_cast<BufferHeapTupleTableSlot*>(slot)->buffer = InvalidBuffer;
    ExecClearTuple(slot);
  }
  for_each_heap([](ResultRelInfo* heap) { forget_insert_state(heap); });
  broke_policy_ = remote_ = false;
}

bool TableWriter::may_be_broken_off() const {
  const TupleConstr* const constraints = relation_->rd_att->constr;
  if (routing_ != nullptr || relation_->rd_rel->relispartition) return true;
  if (constraints != nullptr && (constraints->num_check > 0 || constraints->has_generated_stored)) return true;
  for (int i = 0; i < root_->ri_NumIndices; i++)
    if (root_->ri_IndexRelationInfo[i]->ii_Expressions != NIL || root_->ri_IndexRelationInfo[i]->ii_Predicate != NIL) return true;
  const TriggerDesc* const triggers = root_->ri_TrigDesc;
  for (int i = 0; triggers != nullptr && i < triggers->numtriggers; i++)
    if (triggers->triggers[i].tgqual != nullptr) return true;
  return false;
}

/// Finds the switch of the target, or makes it.
void TableWriter::adopt_switch(ResultRelInfo* target) {
  ListCell* cell;
  foreach (cell, switches_) {
    last_switch_ = static_cast<CheckSwitch*>(lfirst(cell));
    if (last_switch_->target() == target) return;
  }
  MemoryContext const caller = MemoryContextSwitchTo(estate_->es_query_cxt);
  last_switch_ = CheckSwitch::create(target, passed_);
  switches_ = lappend(switches_, last_switch_);
  MemoryContextSwitchTo(caller);
}

/// Switches the checks off if the row passes them, else on.
void TableWriter::choose_checks(TupleTableSlot* slot) {
  if (last_switch_ != nullptr) last_switch_->set(stored_map_ != nullptr || !test_.passes(test_.self, slot));
}

}  // namespace ferry::pg
