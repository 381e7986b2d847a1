// Rows that take the place of others: upsert() of TableWriter.

#include "pg/compat.hpp"
#include "pg/table/key_search.hpp"
#include "pg/table/table_writer.hpp"
#include "pg/table/trigger_list.hpp"

extern "C" {
#include "executor/executor.h"
#include "executor/nodeModifyTable.h"
}

namespace ferry::pg {

namespace {

[[noreturn]] void refuse_replacement(Relation foreign_table) {
  ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                  errmsg("cannot replace rows of foreign table \"%s\"", RelationGetRelationName(foreign_table))));
}

}  // namespace

void TableWriter::check_replaceable(Relation relation) {
  if (relation->rd_rel->relkind == RELKIND_FOREIGN_TABLE) refuse_replacement(relation);
  if (has_row_update_transition(relation->trigdesc))
    ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                    errmsg("cannot replace rows of table \"%s\"", RelationGetRelationName(relation)),
                    errdetail("A row trigger for UPDATE on the table has a REFERENCING clause.")));
}

TableWriter::Outcome TableWriter::upsert(TupleTableSlot* slot, const Bitmapset* loaded) {
  TupleTableSlot* routed = slot;
  ResultRelInfo* const target = route(&routed);
  if (target->ri_FdwRoutine != nullptr) refuse_replacement(target->ri_RelationDesc);
  TupleTableSlot* const existing = make_slot(target->ri_RelationDesc);
  const Oid key = compat::primary_key_index(target->ri_RelationDesc);
  if (!OidIsValid(key))
    ereport(ERROR, (errcode(ERRCODE_INVALID_COLUMN_REFERENCE),
                    errmsg("table \"%s\" has no primary key", RelationGetRelationName(target->ri_RelationDesc)),
                    errhint("The row to replace is found by the primary key.")));
  Outcome outcome;
  if (!find_and_lock_by_key(target->ri_RelationDesc, key, routed, existing)) {
    outcome = insert(slot);
  } else {
    // the columns that were not loaded keep what they have
    if (merged_ != nullptr) ExecDropSingleTupleTableSlot(merged_);
    TupleTableSlot* const merged = merged_ = make_slot(target->ri_RelationDesc);
    slot_getallattrs(existing);
    slot_getallattrs(routed);
    ExecClearTuple(merged);
    for (int i = 0; i < merged->tts_tupleDescriptor->natts; i++) {
      const int root_attribute = stored_map_ == nullptr ? i + 1 : stored_map_->attnums[i];
      const TupleTableSlot* from = root_attribute > 0 && bms_is_member(root_attribute, loaded) ? routed : existing;
      merged->tts_values[i] = from->tts_values[i];
      merged->tts_isnull[i] = from->tts_isnull[i];
    }
    ExecStoreVirtualTuple(merged);
    ExecMaterializeSlot(merged);
    merged->tts_tableOid = RelationGetRelid(target->ri_RelationDesc);
    const TupleConstr* const rules = target->ri_RelationDesc->rd_att->constr;
    if (rules != nullptr && rules->has_generated_stored) ExecComputeStoredGenerated(target, estate_, merged, CMD_INSERT);
    outcome = update_existing(target, existing, merged);
  }
  ExecDropSingleTupleTableSlot(existing);
  return outcome;
}

TableWriter::Outcome TableWriter::update_existing(ResultRelInfo* target, TupleTableSlot* existing, TupleTableSlot* slot) {
  const bool own_bracket = !bracket_;
  if (own_bracket) AfterTriggerBeginQuery();
  Snapshot const snapshot_before = estate_->es_snapshot;
  PushActiveSnapshot(GetLatestSnapshot());
  estate_->es_snapshot = GetActiveSnapshot();
  estate_->es_output_cid = GetCurrentCommandId(true);
  EvalPlanQualSetSlot(recheck_state_, existing);
  if (enforced_ != target) {
    ExecConstraints(enforced_, slot, estate_);
    compat::prepared_checks(target) = compat::prepared_checks(enforced_);
  }
  // no tid afterwards: a BEFORE trigger suppressed the new version
  ItemPointerSetInvalid(&slot->tts_tid);
  replaced_ = existing->tts_tid;
  ExecSimpleRelationUpdate(target, estate_, recheck_state_, existing, slot);
  PopActiveSnapshot();
  estate_->es_snapshot = snapshot_before;
  stored_ = slot;
  if (own_bracket) {
    AfterTriggerEndQuery(estate_);
    CommandCounterIncrement();
  }
  return ItemPointerIsValid(&slot->tts_tid) ? Outcome::written : Outcome::suppressed;
}

}  // namespace ferry::pg
