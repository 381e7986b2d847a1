#pragma once

// The only file that knows server versions. Wrappers have the newest signature; "Goes with 17" is when 17 is supported no more.

#include "pg/server.hpp"

extern "C" {
#include "access/genam.h"
#include "access/nbtree.h"
#include "catalog/index.h"
#include "catalog/pg_constraint.h"
#include "commands/copy.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "nodes/nodeFuncs.h"
#include "nodes/parsenodes.h"
#include "optimizer/optimizer.h"
#include "parser/parse_relation.h"
#include "storage/lmgr.h"
#include "tcop/tcopprot.h"
#include "utils/rangetypes.h"
#include "utils/regproc.h"
#include "utils/timestamp.h"
#include "utils/tuplesort.h"
#include "utils/xml.h"
#if PG_VERSION_NUM >= 160000
#include "nodes/miscnodes.h"
#endif
}

#if PG_VERSION_NUM < 150000
#error "pg_ferry needs PostgreSQL 15 or newer"
#endif

namespace ferry::pg::compat {

/// Whether a column holds no null for sure. 18 lets NOT NULL be NOT VALID. Goes with 17.
#if PG_VERSION_NUM >= 180000
inline bool is_not_null(TupleDesc row, int i) { return TupleDescCompactAttr(row, i)->attnullability == ATTNULLABLE_VALID; }
#else
inline bool is_not_null(TupleDesc row, int i) { return TupleDescAttr(row, i)->attnotnull; }
#endif

/// The next of sorted pass-by-value datums; false at their end. 16 added copy. Goes with 15.
inline bool next_sorted_datum(Tuplesortstate* sort, Datum* value) {
  bool is_null = false;
#if PG_VERSION_NUM >= 160000
  return tuplesort_getdatum(sort, true, false, value, &is_null, nullptr);
#else
  return tuplesort_getdatum(sort, true, value, &is_null, nullptr);
#endif
}

/// A range in its canonical form. 16 added the node for soft errors. Goes with 15.
inline RangeType* make_range(TypeCacheEntry* type, RangeBound* lower, RangeBound* upper, bool is_empty) {
#if PG_VERSION_NUM >= 160000
  return ::make_range(type, lower, upper, is_empty, nullptr);
#else
  return ::make_range(type, lower, upper, is_empty);
#endif
}

/// A range table of one relation, of which columns are written. 16 moved permissions, 18 added unpruned relations. Goes with 17.
inline void init_range_table(EState* estate, Relation relation, const Bitmapset* written) {
  // the executor wants the lock held that the entry names, be there a stronger one or not
  LockRelation(relation, RowExclusiveLock);
  RangeTblEntry* entry = makeNode(RangeTblEntry);
  entry->rtekind = RTE_RELATION;
  entry->relid = RelationGetRelid(relation);
  entry->relkind = relation->rd_rel->relkind;
  entry->rellockmode = RowExclusiveLock;
#if PG_VERSION_NUM >= 160000
  List* permissions = NIL;
  addRTEPermissionInfo(&permissions, entry)->updatedCols = bms_copy(written);
#endif
#if PG_VERSION_NUM >= 180000
  ExecInitRangeTable(estate, list_make1(entry), permissions, bms_make_singleton(1));
#elif PG_VERSION_NUM >= 160000
  ExecInitRangeTable(estate, list_make1(entry), permissions);
#else
  entry->updatedCols = bms_copy(written);
  ExecInitRangeTable(estate, list_make1(entry));
#endif
}

/// 17 added MERGE's actions, 18 the conflict action. Goes with 17.
inline void check_valid_result_relation(ResultRelInfo* result_relation, CmdType operation) {
#if PG_VERSION_NUM >= 180000
  CheckValidResultRel(result_relation, operation, ONCONFLICT_NONE, NIL);
#elif PG_VERSION_NUM >= 170000
  CheckValidResultRel(result_relation, operation, NIL);
#else
  CheckValidResultRel(result_relation, operation);
#endif
}

/// arbiters: those that no_duplicate_error is for, NIL: all. 16 added only_summarizing, 19 made flags a mask. Goes with 18.
inline List* insert_index_tuples(ResultRelInfo* result_relation, TupleTableSlot* slot, EState* estate, bool update,
                                 bool no_duplicate_error, [[maybe_unused]] bool only_summarizing, List* arbiters = NIL,
                                 bool* is_taken = nullptr) {
#if PG_VERSION_NUM >= 190000
  uint32 const flags = (update ? EIIT_IS_UPDATE : 0) | (no_duplicate_error ? EIIT_NO_DUPE_ERROR : 0) |
                       (only_summarizing ? EIIT_ONLY_SUMMARIZING : 0);
  return ExecInsertIndexTuples(result_relation, estate, flags, slot, arbiters, is_taken);
#elif PG_VERSION_NUM >= 160000
  return ExecInsertIndexTuples(result_relation, slot, estate, update, no_duplicate_error, is_taken, arbiters, only_summarizing);
#else
  return ExecInsertIndexTuples(result_relation, slot, estate, update, no_duplicate_error, is_taken, arbiters);
#endif
}

/// Whether no row has slot's key, when its writers are done; taken_by: the row that has. 18 added one to leave out. Goes with 17.
inline bool is_key_free(ResultRelInfo* table, TupleTableSlot* slot, EState* estate, List* arbiters, ItemPointer taken_by) {
#if PG_VERSION_NUM >= 180000
  ItemPointerData none{};
  ItemPointerSetInvalid(&none);
  return ExecCheckIndexConstraints(table, slot, estate, taken_by, &none, arbiters);
#else
  return ExecCheckIndexConstraints(table, slot, estate, taken_by, arbiters);
#endif
}

/// False: a BEFORE UPDATE row trigger suppresses the new version of the row at tid. 16, 18 added what MERGE needs. Goes with 17.
inline bool fire_before_update(EState* estate, EPQState* recheck, ResultRelInfo* table, ItemPointer tid, TupleTableSlot* slot) {
#if PG_VERSION_NUM >= 180000
  return ExecBRUpdateTriggers(estate, recheck, table, tid, nullptr, slot, nullptr, nullptr, false);
#elif PG_VERSION_NUM >= 160000
  return ExecBRUpdateTriggers(estate, recheck, table, tid, nullptr, slot, nullptr, nullptr);
#else
  return ExecBRUpdateTriggers(estate, recheck, table, tid, nullptr, slot, nullptr);
#endif
}

/// Updates the tuple at tid; tells whether indexes need entries, or summarizing ones only (16). 19 added options. Goes with 18.
inline TM_Result update_tuple(Relation relation, ItemPointer tid, TupleTableSlot* slot, CommandId command, Snapshot snapshot,
                              bool* update_indexes, bool* only_summarizing) {
  TM_FailureData failure{};
  LockTupleMode mode{};
#if PG_VERSION_NUM >= 160000
  TU_UpdateIndexes kind = TU_None;
#if PG_VERSION_NUM >= 190000
  const TM_Result result = table_tuple_update(relation, tid, slot, command, 0, snapshot, nullptr, true, &failure, &mode, &kind);
#else
  const TM_Result result = table_tuple_update(relation, tid, slot, command, snapshot, nullptr, true, &failure, &mode, &kind);
#endif
  *update_indexes = kind != TU_None;
  *only_summarizing = kind == TU_Summarizing;
  return result;
#else
  *only_summarizing = false;
  return table_tuple_update(relation, tid, slot, command, snapshot, nullptr, true, &failure, &mode, update_indexes);
#endif
}

/// 18 added instrumentation, 19 scan flags. Goes with 18.
inline IndexScanDesc begin_index_scan(Relation heap, Relation index, Snapshot snapshot, int key_count) {
#if PG_VERSION_NUM >= 190000
  return index_beginscan(heap, index, snapshot, nullptr, key_count, 0, SO_NONE);
#elif PG_VERSION_NUM >= 180000
  return index_beginscan(heap, index, snapshot, nullptr, key_count, 0);
#else
  return index_beginscan(heap, index, snapshot, key_count, 0);
#endif
}

/// The index of the primary key, or InvalidOid where there is none or it is deferrable. 18 gives those if asked. Goes with 17.
#if PG_VERSION_NUM >= 180000
inline Oid primary_key_index(Relation table) { return RelationGetPrimaryKeyIndex(table, false); }
#else
inline Oid primary_key_index(Relation table) { return RelationGetPrimaryKeyIndex(table); }
#endif

/// To be called when a TupleDesc made by hand is complete. 19 introduced it. Goes with 18.
inline void finish_tuple_desc([[maybe_unused]] TupleDesc description) {
#if PG_VERSION_NUM >= 190000
  TupleDescFinalize(description);
#endif
}

#if PG_VERSION_NUM >= 160000
/// The parts of a name such as "schema.table". 16 added the context for soft errors. Goes with 15.
inline List* parse_qualified_name(const char* name) { return stringToQualifiedNameList(name, nullptr); }
/// Whether a test wants workers where the planner would take none. 16 renamed the setting. Goes with 15.
inline bool wants_parallel_always() { return debug_parallel_query != DEBUG_PARALLEL_OFF; }
/// 16 added the list of result relations. Goes with 15.
inline void init_plan_recheck(EPQState* state, EState* estate) { EvalPlanQualInit(state, estate, nullptr, NIL, -1, NIL); }
/// Gives an index storage of its own in this transaction, without an entry. 16 renamed it. Goes with 15.
inline void set_new_storage(Relation index) { RelationSetNewRelfilenumber(index, index->rd_rel->relpersistence); }
#else
inline List* parse_qualified_name(const char* name) { return stringToQualifiedNameList(name); }
inline bool wants_parallel_always() { return force_parallel_mode != FORCE_PARALLEL_OFF; }
inline void init_plan_recheck(EPQState* state, EState* estate) { EvalPlanQualInit(state, estate, nullptr, NIL, -1); }
inline void set_new_storage(Relation index) { RelationSetNewRelfilenode(index, index->rd_rel->relpersistence); }
#endif

/// 19 added scan flags. Goes with 18.
#if PG_VERSION_NUM >= 190000
inline IndexFetchTableData* begin_index_fetch(Relation table) { return table_index_fetch_begin(table, SO_NONE); }
#else
inline IndexFetchTableData* begin_index_fetch(Relation table) { return table_index_fetch_begin(table); }
#endif

/// 16 gave the walker its type. Goes with 15.
inline bool walk_expression(Node* node, bool (*walker)(Node*, void*), void* context) {
#if PG_VERSION_NUM >= 160000
  return expression_tree_walker_impl(node, walker, context);
#else
  return expression_tree_walker(node, reinterpret_cast<bool (*)()>(reinterpret_cast<void (*)()>(walker)), context);
#endif
}

/// The CHECKs that ExecConstraints() has prepared, as TupleConstr::check; null where not enforced. 18 renamed it. Goes with 17.
#if PG_VERSION_NUM >= 180000
inline ExprState**& prepared_checks(ResultRelInfo* table) { return table->ri_CheckConstraintExprs; }
#else
inline ExprState**& prepared_checks(ResultRelInfo* table) { return table->ri_ConstraintExprs; }
#endif

/// Drops what is prepared of a table's CHECKs and generated columns, to be made anew. 16 split the latter. Goes with 15.
inline void forget_prepared_expressions(ResultRelInfo* table) {
  prepared_checks(table) = nullptr;
#if PG_VERSION_NUM >= 160000
  table->ri_GeneratedExprsI = table->ri_GeneratedExprsU = nullptr;
#else
  table->ri_GeneratedExprs = nullptr;
#endif
}

/// Whether input functions may say why they take no text without raising. 16 added that. Goes with 15.
inline constexpr bool kRefusesSoftly = PG_VERSION_NUM >= 160000;

/// The value of a text; refusal: why there is none, of a function that says so, else null. Goes with 15.
inline Datum take_input(FmgrInfo* function, char* text, Oid parameter, int32 typmod, [[maybe_unused]] ErrorData** refusal) {
#if PG_VERSION_NUM >= 160000
  ErrorSaveContext context{.type = T_ErrorSaveContext, .error_occurred = false, .details_wanted = true, .error_data = nullptr};
  Datum value{};
  InputFunctionCallSafe(function, text, parameter, typmod, reinterpret_cast<Node*>(&context), &value);
  *refusal = context.error_data;
  return value;
#else
  return InputFunctionCall(function, text, parameter, typmod);
#endif
}

/// What an index keeps from one entry to the next, see insert_state.hpp. 17 introduced it. Goes with 16.
#if PG_VERSION_NUM >= 170000
inline bool keeps_insert_state(Relation index) { return index->rd_indam->aminsertcleanup != nullptr; }
inline void release_insert_state(Relation index, IndexInfo* info) { index_insert_cleanup(index, info); }
#else
inline bool keeps_insert_state(Relation) { return false; }
inline void release_insert_state(Relation, IndexInfo*) {}
#endif

/// Whether an interval is an infinity. 17 introduced them. Goes with 16.
#if PG_VERSION_NUM >= 170000
inline bool is_infinite(const Interval& interval) { return INTERVAL_NOT_FINITE(&interval); }
#else
inline bool is_infinite(const Interval&) { return false; }
#endif

/// Whether the table's storage was made in this transaction. 16 renamed the fields. Goes with 15.
inline bool has_new_storage(Relation table) {
#if PG_VERSION_NUM >= 160000
  return table->rd_createSubid != InvalidSubTransactionId || table->rd_firstRelfilelocatorSubid != InvalidSubTransactionId;
#else
  return table->rd_createSubid != InvalidSubTransactionId || table->rd_firstRelfilenodeSubid != InvalidSubTransactionId;
#endif
}

/// The last leaf of a btree, pinned and locked for reading, or InvalidBuffer. 17 took the snapshot away. Goes with 16.
#if PG_VERSION_NUM >= 170000
inline Buffer last_btree_leaf(Relation index) { return _bt_get_endpoint(index, 0, true); }
#else
inline Buffer last_btree_leaf(Relation index) { return _bt_get_endpoint(index, 0, true, nullptr); }
#endif

/// Builds an index anew. 17 added the statement. Goes with 16.
inline void rebuild_index(Oid index, char persistence) {
  ReindexParams parameters{};
#if PG_VERSION_NUM >= 170000
  reindex_index(nullptr, index, false, persistence, &parameters);
#else
  reindex_index(index, false, persistence, &parameters);
#endif
}

/// Fills an index that has no entry. 19 added the report of its progress. Goes with 18.
#if PG_VERSION_NUM >= 190000
inline void build_index(Relation table, Relation index, IndexInfo* info) { index_build(table, index, info, true, true, true); }
#else
inline void build_index(Relation table, Relation index, IndexInfo* info) { index_build(table, index, info, true, true); }
#endif

/// Whether a foreign key has a period, which several rows together may cover. 18 introduced it. Goes with 17.
inline bool has_period([[maybe_unused]] Oid constraint) {
#if PG_VERSION_NUM >= 180000
  HeapTuple const tuple = SearchSysCache1(CONSTROID, ObjectIdGetDatum(constraint));
  if (!HeapTupleIsValid(tuple)) return false;
  const bool period = reinterpret_cast<Form_pg_constraint>(GETSTRUCT(tuple))->conperiod;
  ReleaseSysCache(tuple);
  return period;
#else
  return false;
#endif
}

/// The map from the root table's row type to a partition's; null where they are equal. 16 made it lazy. Goes with 15.
inline TupleConversionMap* root_to_partition_map(ResultRelInfo* partition, [[maybe_unused]] EState* estate) {
#if PG_VERSION_NUM >= 160000
  return ExecGetRootToChildMap(partition, estate);
#else
  return partition->ri_RootToPartitionMap;
#endif
}

/// What a statement needs to do with a table of its range table. 16 moved it out of the range table's entries. Goes with 15.
#if PG_VERSION_NUM >= 160000
using Permissions = RTEPermissionInfo;
inline Permissions* permissions_of(ParseNamespaceItem* item) { return item->p_perminfo; }
inline void check_permissions(List* tables, Permissions* of_one) { ExecCheckPermissions(tables, list_make1(of_one), true); }
inline void set_permissions(PlannedStmt* plan, Permissions* of_one) { plan->permInfos = list_make1(of_one); }
#else
using Permissions = RangeTblEntry;
inline Permissions* permissions_of(ParseNamespaceItem* item) { return item->p_rte; }
inline void check_permissions(List* tables, Permissions*) { ExecCheckRTPerms(tables, true); }
inline void set_permissions(PlannedStmt*, Permissions*) {}
#endif

/// Whether COPY says which role it takes in a detail. 16 changed the words. Goes with 15.
inline constexpr bool kTellsRoleInDetail = PG_VERSION_NUM >= 160000;

/// Whether COPY (MERGE ... RETURNING ...) TO is possible. 17 made it so. Goes with 16.
inline constexpr bool kCopiesMerge = PG_VERSION_NUM >= 170000;

/// Gives a query the tables that a parse state has gathered. 16 moved permissions out of the range table's entries. Goes with 15.
inline void set_range_table(Query* query, const ParseState* state) {
  query->rtable = state->p_rtable;
#if PG_VERSION_NUM >= 160000
  query->rteperminfos = state->p_rteperminfos;
#endif
}

/// Plans a query, whatever values its parameters will have; options: CURSOR_OPT_*. 19 added the state of EXPLAIN. Goes with 18.
inline PlannedStmt* plan_query(Query* query, const char* text, int options) {
#if PG_VERSION_NUM >= 190000
  return pg_plan_query(query, text, options, nullptr, nullptr);
#else
  return pg_plan_query(query, text, options, nullptr);
#endif
}

/// Runs a started query to its end. 18 took the flag away that it runs once. Goes with 17.
#if PG_VERSION_NUM >= 180000
inline void run_query(QueryDesc* query) { ExecutorRun(query, ForwardScanDirection, 0); }
#else
inline void run_query(QueryDesc* query) { ExecutorRun(query, ForwardScanDirection, 0, true); }
#endif

/// What the server's check of a foreign key says that who deleted a parent did to it. 19 looks for it itself. Goes with 18.
inline constexpr const char* kParentDeleted = PG_VERSION_NUM >= 190000 ? "delete" : "update";

/// XML content with its white space. 19 lets the caller take the error. Goes with 18.
#if PG_VERSION_NUM >= 190000
inline xmltype* parse_xml_content(varlena* content) { return xmlparse(content, XMLOPTION_CONTENT, true, nullptr); }
#else
inline xmltype* parse_xml_content(varlena* content) { return xmlparse(content, XMLOPTION_CONTENT, true); }
#endif

/// Whether a line \. ends the data of COPY FROM STDIN in CSV. 18 made it data there. Goes with 17.
inline constexpr bool kMarkerEndsCsv = PG_VERSION_NUM < 180000;

/// Whether COPY has an option REJECT_LIMIT of its own, for ON_ERROR ignore. 18 added it. Goes with 17.
inline constexpr bool kKnowsRejectLimit = PG_VERSION_NUM >= 180000;

/// The format of COPY. 19 replaced the flags by an enumeration. Goes with 18.
#if PG_VERSION_NUM >= 190000
inline bool is_csv(const CopyFormatOptions& options) { return options.format == COPY_FORMAT_CSV; }
inline bool is_binary(const CopyFormatOptions& options) { return options.format == COPY_FORMAT_BINARY; }
#else
inline bool is_csv(const CopyFormatOptions& options) { return options.csv_mode; }
inline bool is_binary(const CopyFormatOptions& options) { return options.binary; }
#endif

/// The DEFAULT option of COPY, or null. 16 introduced it. Goes with 15.
#if PG_VERSION_NUM >= 160000
inline const char* default_marker(const CopyFormatOptions& options) { return options.default_print; }
#else
inline const char* default_marker(const CopyFormatOptions&) { return nullptr; }
#endif

/// Whether COPY has FORCE_NOT_NULL * and FORCE_NULL *. 17 introduced them. Goes with 16.
#if PG_VERSION_NUM >= 170000
inline bool forces_all_not_null(const CopyFormatOptions& options) { return options.force_notnull_all; }
inline bool forces_all_null(const CopyFormatOptions& options) { return options.force_null_all; }
#else
inline bool forces_all_not_null(const CopyFormatOptions&) { return false; }
inline bool forces_all_null(const CopyFormatOptions&) { return false; }
#endif

}  // namespace ferry::pg::compat
