#include "pg/table/table_writer.hpp"

#include <type_traits>

#include "pg/compat.hpp"
#include "pg/memory.hpp"
#include "pg/table/foreign_rows.hpp"
#include "pg/table/key_search.hpp"
#include "pg/table/table_engine.hpp"
#include "pg/table/trigger_list.hpp"
#include "pg/table/unvalidated.hpp"

extern "C" {
#include "access/relation.h"
#include "access/sysattr.h"
#include "access/tupconvert.h"
#include "catalog/catalog.h"
#include "catalog/index.h"
#include "executor/execPartition.h"
#include "executor/nodeModifyTable.h"
#include "utils/resowner.h"
}

namespace ferry::pg {

static_assert(std::is_trivially_destructible_v<TableWriter>);

void TableWriter::check_target(Relation relation) {
  if (IsSystemRelation(relation) && !allowSystemTableMods)
    ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                    errmsg("permission denied: \"%s\" is a system catalog", RelationGetRelationName(relation))));
  switch (relation->rd_rel->relkind) {
    case RELKIND_RELATION:
    case RELKIND_PARTITIONED_TABLE:
    case RELKIND_FOREIGN_TABLE:
      return;
    case RELKIND_VIEW:
      ereport(ERROR,
              (errcode(ERRCODE_WRONG_OBJECT_TYPE), errmsg("cannot load into view \"%s\"", RelationGetRelationName(relation)),
               errhint("Load into the table behind the view.")));
    default:
      ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
                      errmsg("cannot load into non-table relation \"%s\"", RelationGetRelationName(relation))));
  }
}

TableWriter TableWriter::open(Relation relation, TriggerSet triggers) {
  const int first = 1 - FirstLowInvalidHeapAttributeNumber;
  return open(relation, triggers, bms_add_range(nullptr, first, first + RelationGetNumberOfAttributes(relation) - 1));
}

TableWriter TableWriter::begin(Relation relation, TriggerSet triggers, Bitmapset* written) {
  TableWriter writer{};
  writer.relation_ = relation;
  writer.triggers_ = triggers;
  writer.owner_ = CurrentResourceOwner;
  EState* const estate = writer.estate_ = CreateExecutorState();
  MemoryContext const caller = MemoryContextSwitchTo(estate->es_query_cxt);
  estate->es_output_cid = GetCurrentCommandId(true);
  estate->es_snapshot = GetActiveSnapshot();
  compat::init_range_table(estate, relation, written);
  writer.root_ = makeNode(ResultRelInfo);
  ExecInitResultRelation(estate, writer.root_, 1);
  MemoryContextSwitchTo(caller);
  return writer;
}

TableWriter TableWriter::open_for_others(Relation relation, Bitmapset* written) {
  TableWriter writer = begin(relation, TriggerSet::all, written);
  writer.last_target_ = writer.root_;
  return writer;
}

TableWriter TableWriter::open(Relation relation, TriggerSet triggers, Bitmapset* written) {
  check_target(relation);
  TableWriter writer = begin(relation, triggers, written);
  EState* const estate = writer.estate_;
  MemoryContext const caller = MemoryContextSwitchTo(estate->es_query_cxt);
  compat::check_valid_result_relation(writer.root_, CMD_INSERT);
  ExecOpenIndices(writer.root_, false);

  ModifyTableState* const state = writer.state_ = makeNode(ModifyTableState);
  state->ps.state = estate;
  state->operation = CMD_INSERT;
  state->mt_nrels = 1;
  state->resultRelInfo = state->rootResultRelInfo = writer.root_;
  if (relation->rd_rel->relkind == RELKIND_PARTITIONED_TABLE) writer.routing_ = ExecSetupPartitionTupleRouting(estate, relation);

  writer.recheck_state_ = static_cast<EPQState*>(palloc0(sizeof(EPQState)));
  compat::init_plan_recheck(writer.recheck_state_, estate);
  writer.captures_ = has_row_transition(relation->trigdesc);
  writer.adopt(writer.root_);
  if (writer.root_->ri_FdwRoutine != nullptr) begin_foreign_insert(state, writer.root_);
  writer.input_ = table_slot_create(relation, &estate->es_tupleTable);
  MemoryContextSwitchTo(caller);
  return writer;
}

void TableWriter::leave_out_references_to(List* tables) {
  left_out_ = tables;
  last_target_ = nullptr;
  adopt(root_);
}

void TableWriter::leave_out_foreign_keys_with(List* tables) {
  partners_ = tables;
  last_target_ = nullptr;
  adopt(root_);
}

void TableWriter::leave_out_checks_of(List* keys) {
  passed_ = keys;
  last_target_ = nullptr;
  adopt(root_);
}

void TableWriter::leave_out_checks_of(List* keys, RowTest test) {
  test_ = test;
  leave_out_checks_of(keys);
}

void TableWriter::flush() {
  if (waiting_ == nullptr) return;
  remote_ = true;
  waiting_->send(estate_);
  remote_ = false;
}

void TableWriter::close() {
  if (waiting_ != nullptr) waiting_->close();
  if (root_->ri_FdwRoutine != nullptr) end_foreign_insert(estate_, root_);
  if (recheck_state_ != nullptr) EvalPlanQualEnd(recheck_state_);
  ExecResetTupleTable(estate_->es_tupleTable, false);
  if (routing_ != nullptr) ExecCleanupTupleRouting(state_, routing_);
  ExecCloseResultRelations(estate_);
  ExecCloseRangeTableRelations(estate_);
  FreeExecutorState(estate_);
}

TupleTableSlot* TableWriter::input_slot() {
  ResetPerTupleExprContext(estate_);
  return ExecClearTuple(input_);
}

void TableWriter::begin_bracket() {
  AfterTriggerBeginQuery();
  bracket_ = true;
}

void TableWriter::end_bracket() {
  AfterTriggerEndQuery(estate_);
  CommandCounterIncrement();
  bracket_ = false;
}

/// Prepares a table or partition that rows go to, when the first one does.
void TableWriter::adopt(ResultRelInfo* target) {
  if (target == last_target_) return;
  last_target_ = target;
  last_switch_ = nullptr;
  enforced_ = triggers_ == TriggerSet::constraints ? validated_part(target, estate_, &lenient_) : target;
  if (target != root_) {
    check_is_stored_here(target->ri_RelationDesc, RowUse::load);
    check_parents_are_stored_here(target->ri_RelationDesc, InheritedKeys::left_out, RowUse::load);
  }
  if (target->ri_TrigDesc == nullptr) return;
  if (triggers_ == TriggerSet::constraints) keep_constraint_triggers(target->ri_TrigDesc);
  make_immediate(target->ri_TrigDesc);
  if (left_out_ != NIL) leave_out_checks(target->ri_TrigDesc, left_out_);
  if (partners_ != NIL) leave_out_foreign_keys(target->ri_TrigDesc, partners_);
  if (expects_errors_) make_trigger_slots(target);
  if (passed_ == NIL) return;
  if (test_.passes == nullptr)
    pg::leave_out_checks_of(target->ri_TrigDesc, passed_);
  else
    adopt_switch(target);
}

ResultRelInfo* TableWriter::find_target(TupleTableSlot* slot) {
  slot->tts_tableOid = RelationGetRelid(relation_);
  if (routing_ == nullptr) return root_;
  // a partition that is opened now stays open, whatever becomes of the subtransaction
  ResourceOwner const caller = CurrentResourceOwner;
  CurrentResourceOwner = owner_;
  ResultRelInfo* const target = ExecFindPartition(state_, root_, routing_, slot, estate_);
  CurrentResourceOwner = caller;
  adopt(target);
  return target;
}

AttrMap* TableWriter::map_to(ResultRelInfo* target) const {
  TupleConversionMap* const map = routing_ == nullptr ? nullptr : compat::root_to_partition_map(target, estate_);
  return map == nullptr ? nullptr : map->attrMap;
}

/// Finds the partition for *slot and converts *slot to its row type.
ResultRelInfo* TableWriter::route(TupleTableSlot** slot) {
  ResultRelInfo* const target = find_target(*slot);
  stored_map_ = map_to(target);
  if (stored_map_ != nullptr) *slot = execute_attr_map_slot(stored_map_, *slot, target->ri_PartitionTupleSlot);
  (*slot)->tts_tableOid = RelationGetRelid(target->ri_RelationDesc);
  return target;
}

/// Generated columns, NOT NULL, CHECK, partition constraint: what a new row passes after the BEFORE triggers.
void TableWriter::check_new_row(ResultRelInfo* target, TupleTableSlot* slot, CmdType command) {
  Relation const table = target->ri_RelationDesc;
  TupleConstr* const constraints = table->rd_att->constr;
  // as for INSERT, whatever the command: UPDATE computes only those that depend on columns, and 15 keeps what it computed first
  if (constraints != nullptr && constraints->has_generated_stored) ExecComputeStoredGenerated(target, estate_, slot, CMD_INSERT);
  // before the constraints, whose errors would tell of what the user may not see
  if (policies_ != nullptr) policies_->check(slot, &broke_policy_);
  if (constraints != nullptr && target->ri_FdwRoutine == nullptr) ExecConstraints(enforced_, slot, estate_);
  const bool has_before_trigger = target->ri_TrigDesc != nullptr && target->ri_TrigDesc->trig_insert_before_row;
  if (table->rd_rel->relispartition && (routing_ == nullptr || has_before_trigger || command == CMD_UPDATE))
    ExecPartitionCheck(target, slot, estate_, true);
}

void TableWriter::fire_after_insert(ResultRelInfo* target, TupleTableSlot* slot, List* rechecks) {
  if (target->ri_TrigDesc == nullptr) return;
  choose_checks(slot);
  ExecARInsertTriggers(estate_, target, slot, rechecks, capture_);
}

/// Gives a row to the server of a foreign table, now or later. Null: it left the row out.
TupleTableSlot* TableWriter::send(ResultRelInfo* target, TupleTableSlot* slot) {
  remote_ = true;
  if (batches_ && ForeignRows::takes(target, root_)) {
    if (waiting_ == nullptr) waiting_ = ForeignRows::create(estate_);
    slot = waiting_->add(estate_, target, slot);
  } else {
    slot = insert_foreign_row(estate_, target, slot);
  }
  remote_ = false;
  return slot;
}

TableWriter::Outcome TableWriter::write(ResultRelInfo* target, TupleTableSlot* slot, bool note_conflicts) {
  check_new_row(target, slot, CMD_INSERT);
  estate_->es_output_cid = GetCurrentCommandId(true);
  List* rechecks = NIL;
  if (target->ri_FdwRoutine != nullptr) {
    slot = send(target, slot);
    if (slot == nullptr) return Outcome::suppressed;
  } else {
    table_tuple_insert(target->ri_RelationDesc, slot, estate_->es_output_cid, 0, nullptr);
    if (target->ri_NumIndices > 0) rechecks = compat::insert_index_tuples(target, slot, estate_, false, note_conflicts, false);
  }
  conflicts_ = note_conflicts ? rechecks : NIL;
  // conflicts that are noted are the caller's to recheck, those of deferrable keys, too
  fire_after_insert(target, slot, note_conflicts ? NIL : rechecks);
  stored_ = slot;
  ItemPointerSetInvalid(&replaced_);
  return Outcome::written;
}

/// A bracket for one row, unless one is open, and its memory. The caller's context.
MemoryContext TableWriter::begin_row() {
  if (!bracket_) AfterTriggerBeginQuery();
  MemoryContext const caller = MemoryContextSwitchTo(GetPerTupleMemoryContext(estate_));
  if (!bracket_ && captures_) {
    capture_ = MakeTransitionCaptureState(root_->ri_TrigDesc, RelationGetRelid(relation_), CMD_INSERT);
    update_capture_ = MakeTransitionCaptureState(root_->ri_TrigDesc, RelationGetRelid(relation_), CMD_UPDATE);
  }
  return caller;
}

void TableWriter::end_row(MemoryContext caller) {
  MemoryContextSwitchTo(caller);
  if (bracket_) return;
  AfterTriggerEndQuery(estate_);
  CommandCounterIncrement();
}

/// False: a BEFORE trigger suppresses the row.
bool TableWriter::fire_before_insert(ResultRelInfo* target, TupleTableSlot* slot) {
  const bool has_trigger = target->ri_TrigDesc != nullptr && target->ri_TrigDesc->trig_insert_before_row;
  return !has_trigger || ExecBRInsertTriggers(estate_, target, slot);
}

TableWriter::Outcome TableWriter::insert(TupleTableSlot* slot) {
  MemoryContext const caller = begin_row();
  ResultRelInfo* const target = route(&slot);
  // a trigger of this partition may look at those before it in another one
  if (waiting_ != nullptr && has_row_insert_trigger_of_user(target->ri_TrigDesc)) flush();
  const Outcome outcome = fire_before_insert(target, slot) ? write(target, slot, false) : Outcome::suppressed;
  end_row(caller);
  return outcome;
}

void TableWriter::insert_noting_conflicts(TupleTableSlot* slot) {
  ResultRelInfo* const target = route(&slot);
  write(target, slot, true);
}

void TableWriter::complete_many(TupleTableSlot** slots, int count) {
  for (int i = 0; i < count; i++) {
    ResetPerTupleExprContext(estate_);
    slots[i]->tts_tableOid = RelationGetRelid(relation_);
    check_new_row(root_, slots[i], CMD_INSERT);
  }
}

void TableWriter::insert_many(std::span<TupleTableSlot*> slots, BulkTable& bulk, bool with_entries) {
  estate_->es_output_cid = GetCurrentCommandId(true);
  bulk.insert(slots, BulkTable::Buffers::bulk);
  const bool has_triggers = root_->ri_TrigDesc != nullptr && root_->ri_TrigDesc->numtriggers > 0;
  if (!with_entries && !has_triggers) return;
  const auto fire = [&](TupleTableSlot* slot, List* rechecks) {
    ResetPerTupleExprContext(estate_);
    if (has_triggers) fire_after_insert(root_, slot, rechecks);
  };
  if (with_entries) {
    bulk.add_entries_or_raise(slots, fire);
  } else {
    for (TupleTableSlot* slot : slots) fire(slot, NIL);
  }
}

Oid TableWriter::find_partition(TupleTableSlot** slot) { return RelationGetRelid(route(slot)->ri_RelationDesc); }

void TableWriter::replace(ItemPointer tid, TupleTableSlot* slot) {
  CheckCmdReplicaIdentity(relation_, CMD_UPDATE);
  slot->tts_tableOid = RelationGetRelid(relation_);
  stored_map_ = nullptr;
  check_new_row(root_, slot, CMD_UPDATE);
  bool update_indexes = false, only_summarizing = false;
  ItemPointerData old_tid = *tid;
  const TM_Result result = compat::update_tuple(relation_, &old_tid, slot, GetCurrentCommandId(true), estate_->es_snapshot,
                                                &update_indexes, &only_summarizing);
  if (result != TM_Ok) elog(ERROR, "unexpected table_tuple_update status: %d", static_cast<int>(result));
  conflicts_ = NIL;
  if (update_indexes) conflicts_ = compat::insert_index_tuples(root_, slot, estate_, true, true, only_summarizing);
  if (root_->ri_TrigDesc != nullptr)
    ExecARUpdateTriggers(estate_, root_, nullptr, nullptr, tid, nullptr, slot, NIL, nullptr, false);
  stored_ = slot;
}

void TableWriter::remove(ItemPointer tid) {
  CheckCmdReplicaIdentity(relation_, CMD_DELETE);
  ItemPointerData old_tid = *tid;
  simple_table_tuple_delete(relation_, &old_tid, estate_->es_snapshot);
  if (root_->ri_TrigDesc != nullptr) ExecARDeleteTriggers(estate_, root_, tid, nullptr, nullptr, false);
}

void TableWriter::recheck(ItemPointer tid, Oid index) { recheck_unique(relation_, tid, index); }

RowLocation TableWriter::location() const {
  const bool is_foreign = last_target_->ri_FdwRoutine != nullptr;
  return {is_foreign ? InvalidOid : stored_->tts_tableOid, stored_->tts_tid, replaced_};
}

Datum TableWriter::stored_value(AttrNumber attribute, bool* is_null) const {
  int at = attribute;
  if (stored_map_ != nullptr)
    for (int i = 0; i < stored_map_->maplen; i++)
      if (stored_map_->attnums[i] == attribute) at = i + 1;
  return slot_getattr(stored_, at, is_null);
}

}  // namespace ferry::pg
