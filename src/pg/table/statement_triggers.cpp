#include "pg/table/statement_triggers.hpp"

#include <type_traits>

#include "pg/compat.hpp"

extern "C" {
#include "access/tupconvert.h"
}

namespace ferry::pg {

static_assert(std::is_trivially_destructible_v<StatementTriggers>);

/// A table that rows were written to: the statement's own or a partition of it.
struct StatementTriggers::Part {
  Relation table;
  TupleTableSlot* row;
  TupleConversionMap* to_root;  ///< null where the row types are equal
};

bool StatementTriggers::has_any(Relation table, bool with_update) {
  const TriggerDesc* const list = table->trigdesc;
  if (list == nullptr) return false;
  if (list->trig_insert_before_statement || list->trig_insert_after_statement) return true;
  return with_update && (list->trig_update_before_statement || list->trig_update_after_statement);
}

StatementTriggers StatementTriggers::begin(Relation table, bool with_update, Bitmapset* written) {
  StatementTriggers triggers{};
  triggers.table_ = table;
  triggers.with_update_ = with_update;
  EState* const estate = triggers.estate_ = CreateExecutorState();
  MemoryContext const caller = MemoryContextSwitchTo(estate->es_query_cxt);
  estate->es_output_cid = GetCurrentCommandId(true);
  compat::init_range_table(estate, table, written);
  ResultRelInfo* const target = triggers.target_ = makeNode(ResultRelInfo);
  ExecInitResultRelation(estate, target, 1);
  AfterTriggerBeginQuery();
  triggers.inserted_ = MakeTransitionCaptureState(target->ri_TrigDesc, RelationGetRelid(table), CMD_INSERT);
  if (with_update) triggers.updated_ = MakeTransitionCaptureState(target->ri_TrigDesc, RelationGetRelid(table), CMD_UPDATE);
  // row triggers fire where the rows are written; in this private copy the rows are but to be kept
  target->ri_TrigDesc->trig_insert_after_row = target->ri_TrigDesc->trig_update_after_row = false;
  triggers.old_row_ = MakeSingleTupleTableSlot(RelationGetDescr(table), &TTSOpsVirtual);
  triggers.new_row_ = MakeSingleTupleTableSlot(RelationGetDescr(table), &TTSOpsVirtual);
  MemoryContextSwitchTo(caller);
  ExecBSInsertTriggers(estate, target);
  if (with_update) ExecBSUpdateTriggers(estate, target);
  return triggers;
}

StatementTriggers::Part* StatementTriggers::part_of(Oid table) {
  ListCell* cell;
  foreach (cell, parts_) {
    auto* const part = static_cast<Part*>(lfirst(cell));
    if (RelationGetRelid(part->table) == table) return part;
  }
  MemoryContext const caller = MemoryContextSwitchTo(estate_->es_query_cxt);
  auto* const part = static_cast<Part*>(palloc0(sizeof(Part)));
  part->table = table_open(table, RowExclusiveLock);
  part->row = table_slot_create(part->table, nullptr);
  if (table != RelationGetRelid(table_))
    part->to_root = convert_tuples_by_name(RelationGetDescr(part->table), RelationGetDescr(table_));
  parts_ = lcons(part, parts_);
  MemoryContextSwitchTo(caller);
  return part;
}

/// The version of a row that was written at tid, whatever became of it since, as a row of the statement's table.
TupleTableSlot* StatementTriggers::fetch(Part* part, ItemPointerData tid, TupleTableSlot* in_root) {
  if (!table_tuple_fetch_row_version(part->table, &tid, SnapshotAny, part->row))
    elog(ERROR, "failed to fetch row for a transition table");
  if (part->to_root != nullptr) return execute_attr_map_slot(part->to_root->attrMap, part->row, in_root);
  return ExecCopySlot(in_root, part->row);
}

void StatementTriggers::add(const RowLocation& location) {
  if (!OidIsValid(location.table))
    ereport(ERROR,
            (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("cannot collect transition tuples from child foreign tables")));
  ResetPerTupleExprContext(estate_);
  MemoryContext const caller = MemoryContextSwitchTo(GetPerTupleMemoryContext(estate_));
  Part* const part = part_of(location.table);
  if (!ItemPointerIsValid(&location.replaced)) {
    if (inserted_ != nullptr) ExecARInsertTriggers(estate_, target_, fetch(part, location.tid, new_row_), NIL, inserted_);
  } else if (updated_ != nullptr) {
    bool is_copy = false;
    HeapTuple const replaced = ExecFetchSlotHeapTuple(fetch(part, location.replaced, old_row_), true, &is_copy);
    ExecARUpdateTriggers(estate_, target_, nullptr, nullptr, nullptr, replaced, fetch(part, location.tid, new_row_), NIL,
                         updated_, false);
  }
  MemoryContextSwitchTo(caller);
  ExecClearTuple(part->row);
  ExecClearTuple(old_row_);
  ExecClearTuple(new_row_);
}

void StatementTriggers::end() {
  // the order of INSERT ... ON CONFLICT DO UPDATE
  if (with_update_) ExecASUpdateTriggers(estate_, target_, updated_);
  ExecASInsertTriggers(estate_, target_, inserted_);
  AfterTriggerEndQuery(estate_);
  ListCell* cell;
  foreach (cell, parts_) {
    auto* const part = static_cast<Part*>(lfirst(cell));
    ExecDropSingleTupleTableSlot(part->row);
    table_close(part->table, NoLock);
  }
  ExecDropSingleTupleTableSlot(old_row_);
  ExecDropSingleTupleTableSlot(new_row_);
  ExecResetTupleTable(estate_->es_tupleTable, false);
  ExecCloseResultRelations(estate_);
  ExecCloseRangeTableRelations(estate_);
  FreeExecutorState(estate_);
}

}  // namespace ferry::pg
