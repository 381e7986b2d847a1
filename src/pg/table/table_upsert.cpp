// Rows that may take the place of others: upsert() of TableWriter. The steps are those of ExecInsert() and ExecUpdate() for
// INSERT ... ON CONFLICT DO UPDATE, in their order, for it decides which error a row has.

#include <cstdint>

#include "pg/compat.hpp"
#include "pg/table/table_writer.hpp"

extern "C" {
#include "access/sysattr.h"
#include "catalog/index.h"
#include "catalog/pg_constraint.h"
#include "executor/executor.h"
#include "executor/nodeModifyTable.h"
#include "storage/lmgr.h"
#include "utils/resowner.h"
}

namespace ferry::pg {

namespace {

/// Whether the row in slot was written by this transaction.
bool is_own_row(TupleTableSlot* slot) {
  bool is_null = false;
  const Datum writer = slot_getsysattr(slot, MinTransactionIdAttributeNumber, &is_null);
  return TransactionIdIsCurrentTransactionId(DatumGetTransactionId(writer));
}

/// What the statement says where the row to update changed after its snapshot.
[[noreturn]] void refuse_serialization(const char* by) {
  ereport(ERROR, (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE), errmsg("could not serialize access due to concurrent %s", by)));
}

}  // namespace

void TableWriter::check_replaceable(Relation relation) {
  const char* const name = RelationGetRelationName(relation);
  if (relation->rd_rel->relkind == RELKIND_FOREIGN_TABLE)
    ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("cannot replace rows of foreign table \"%s\"", name),
                    errhint("Load into an ordinary table. From there, UPDATE the rows that are there and INSERT the others.")));
  const Oid table = RelationGetRelid(relation);
  Oid key = InvalidOid;
  const bool has_key = get_primary_key_attnos(table, true, &key) != nullptr;
  if (has_key && get_primary_key_attnos(table, false, &key) == nullptr)
    ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE), errmsg("primary key of table \"%s\" is deferrable", name),
                    errdetail("The row to replace cannot be found by a deferrable key.")));
  if (!OidIsValid(compat::primary_key_index(relation)))
    ereport(ERROR, (errcode(ERRCODE_INVALID_COLUMN_REFERENCE), errmsg("table \"%s\" has no primary key", name),
                    errhint("The row to replace is found by the primary key.")));
  if (compat::has_period(key))
    ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE), errmsg("primary key of table \"%s\" has a period", name),
                    errdetail("Several rows may overlap the period of a new one.")));
}

/// Makes what upsert() needs of a table or partition, when the first row comes: slots for the row that is there and for its new
/// version, and the index that decides.
void TableWriter::prepare_replacement(ResultRelInfo* target) {
  if (target->ri_onConflictArbiterIndexes != NIL) return;
  Relation const table = target->ri_RelationDesc;
  check_replaceable(table);
  CheckCmdReplicaIdentity(table, CMD_UPDATE);
  const Oid key = compat::primary_key_index(table);
  MemoryContext const caller = MemoryContextSwitchTo(estate_->es_query_cxt);
  ResourceOwner const caller_owner = CurrentResourceOwner;
  CurrentResourceOwner = owner_;
  for (int i = 0; i < target->ri_NumIndices; i++) {
    Relation const index = target->ri_IndexRelationDescs[i];
    if (RelationGetRelid(index) == key) BuildSpeculativeIndexInfo(index, target->ri_IndexRelationInfo[i]);
  }
  target->ri_oldTupleSlot = table_slot_create(table, &estate_->es_tupleTable);
  target->ri_newTupleSlot = table_slot_create(table, &estate_->es_tupleTable);
  target->ri_onConflictArbiterIndexes = list_make1_oid(key);
  CurrentResourceOwner = caller_owner;
  MemoryContextSwitchTo(caller);
}

TableWriter::Outcome TableWriter::upsert(TupleTableSlot* slot, const Bitmapset* loaded) {
  MemoryContext const caller = begin_row();
  ResultRelInfo* const target = route(&slot);
  prepare_replacement(target);
  // of the time before the triggers: what these write under the key is not the row's to replace
  estate_->es_output_cid = GetCurrentCommandId(true);
  const Outcome outcome = fire_before_insert(target, slot) ? write_or_replace(target, slot, loaded) : Outcome::suppressed;
  end_row(caller);
  return outcome;
}

TableWriter::Outcome TableWriter::write_or_replace(ResultRelInfo* target, TupleTableSlot* slot, const Bitmapset* loaded) {
  check_new_row(target, slot, CMD_INSERT);
  for (;;) {
    CHECK_FOR_INTERRUPTS();
    ItemPointerData tid;
    if (compat::is_key_free(target, slot, estate_, target->ri_onConflictArbiterIndexes, &tid)) {
      if (insert_unless_taken(target, slot)) return Outcome::written;
    } else if (lock_existing(target, &tid)) {
      merge(target, slot, loaded);
      const Outcome outcome = update_existing(target, &tid);
      ExecClearTuple(target->ri_oldTupleSlot);
      return outcome;
    }
  }
}

/// False: another session has written the key meanwhile.
bool TableWriter::insert_unless_taken(ResultRelInfo* target, TupleTableSlot* slot) {
  Relation const table = target->ri_RelationDesc;
  const TransactionId writer = GetCurrentTransactionId();
  const uint32 token = SpeculativeInsertionLockAcquire(writer);
  table_tuple_insert_speculative(table, slot, estate_->es_output_cid, 0, nullptr, token);
  bool is_taken = false;
  List* const rechecks =
      compat::insert_index_tuples(target, slot, estate_, false, true, false, target->ri_onConflictArbiterIndexes, &is_taken);
  table_tuple_complete_speculative(table, slot, token, !is_taken);
  SpeculativeInsertionLockRelease(writer);
  if (is_taken) return false;
  fire_after_insert(target, slot, rechecks);
  stored_ = slot;
  ItemPointerSetInvalid(&replaced_);
  return true;
}

/// False: the row at tid has changed or gone meanwhile.
bool TableWriter::lock_existing(ResultRelInfo* target, ItemPointer tid) {
  Relation const table = target->ri_RelationDesc;
  TupleTableSlot* const existing = target->ri_oldTupleSlot;
  TM_FailureData failure;
  const TM_Result result = table_tuple_lock(table, tid, estate_->es_snapshot, existing, estate_->es_output_cid,
                                            ExecUpdateLockMode(estate_, target), LockWaitBlock, 0, &failure);
  switch (result) {
    case TM_Ok:
      if (IsolationUsesXactSnapshot() && !table_tuple_satisfies_snapshot(table, existing, GetTransactionSnapshot()) &&
          !is_own_row(existing))
        refuse_serialization("update");
      return true;
    case TM_Updated:
    case TM_Deleted:
      if (IsolationUsesXactSnapshot()) refuse_serialization(result == TM_Updated ? "update" : "delete");
      ExecClearTuple(existing);
      return false;
    case TM_Invisible:
      if (is_own_row(existing))
        ereport(ERROR, (errcode(ERRCODE_CARDINALITY_VIOLATION),
                        errmsg("%s command cannot affect row a second time", "ON CONFLICT DO UPDATE")));
      [[fallthrough]];
    default:
      elog(ERROR, "unexpected table_tuple_lock status: %d", static_cast<int>(result));
  }
}

/// Makes the new version: the columns that were not loaded keep what they have.
void TableWriter::merge(ResultRelInfo* target, TupleTableSlot* slot, const Bitmapset* loaded) {
  TupleTableSlot* const existing = target->ri_oldTupleSlot;
  TupleTableSlot* const merged = ExecClearTuple(target->ri_newTupleSlot);
  slot_getallattrs(existing);
  slot_getallattrs(slot);
  for (int i = 0; i < merged->tts_tupleDescriptor->natts; i++) {
    const int root_attribute = stored_map_ == nullptr ? i + 1 : stored_map_->attnums[i];
    const TupleTableSlot* const from = root_attribute > 0 && bms_is_member(root_attribute, loaded) ? slot : existing;
    const bool is_dropped = TupleDescAttr(merged->tts_tupleDescriptor, i)->attisdropped;
    merged->tts_values[i] = is_dropped ? Datum{0} : from->tts_values[i];
    merged->tts_isnull[i] = is_dropped || from->tts_isnull[i];
  }
  ExecStoreVirtualTuple(merged);
  ExecMaterializeSlot(merged);
}

/// Puts the new version in place of the row at tid, which is locked.
TableWriter::Outcome TableWriter::update_existing(ResultRelInfo* target, ItemPointer tid) {
  TupleTableSlot* const slot = target->ri_newTupleSlot;
  const bool has_trigger = target->ri_TrigDesc != nullptr && target->ri_TrigDesc->trig_update_before_row;
  if (has_trigger && !compat::fire_before_update(estate_, recheck_state_, target, tid, slot)) return Outcome::suppressed;
  check_new_version(target, slot);
  bool update_indexes = false, only_summarizing = false;
  const TM_Result result = compat::update_tuple(target->ri_RelationDesc, tid, slot, estate_->es_output_cid, estate_->es_snapshot,
                                                &update_indexes, &only_summarizing);
  if (result == TM_SelfModified)
    ereport(ERROR, (errcode(ERRCODE_TRIGGERED_DATA_CHANGE_VIOLATION),
                    errmsg("tuple to be updated was already modified by an operation triggered by the current command"),
                    errhint("Consider using an AFTER trigger instead of a BEFORE trigger to propagate changes to other rows.")));
  if (result != TM_Ok) elog(ERROR, "unexpected table_tuple_update status: %d", static_cast<int>(result));
  List* rechecks = NIL;
  if (update_indexes) rechecks = compat::insert_index_tuples(target, slot, estate_, true, false, only_summarizing);
  if (target->ri_TrigDesc != nullptr) {
    choose_checks(slot);
    ExecARUpdateTriggers(estate_, target, nullptr, nullptr, tid, nullptr, slot, rechecks, update_capture_, false);
  }
  stored_ = slot;
  replaced_ = *tid;
  return Outcome::written;
}

/// Computes the generated columns of the new version of a row, and checks it.
void TableWriter::check_new_version(ResultRelInfo* target, TupleTableSlot* slot) {
  Relation const table = target->ri_RelationDesc;
  const TupleConstr* const constraints = table->rd_att->constr;
  slot->tts_tableOid = RelationGetRelid(table);
  // as for INSERT: for UPDATE only those that depend on the columns which are known to be written
  if (constraints != nullptr && constraints->has_generated_stored) ExecComputeStoredGenerated(target, estate_, slot, CMD_INSERT);
  ExecMaterializeSlot(slot);
  if (table->rd_rel->relispartition && !ExecPartitionCheck(target, slot, estate_, false))
    ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("invalid ON UPDATE specification"),
                    errdetail("The result tuple would appear in a different partition than the original tuple.")));
  if (constraints != nullptr) ExecConstraints(enforced_, slot, estate_);
}

}  // namespace ferry::pg
