// An engine that owns tables, for tests/regress/sql/table_engines.sql: an extension that leaves an empty relation in the catalogs
// and keeps the rows elsewhere, here in a side table. The table with OID n is its own once engine.rows_n is there: INSERT is one
// into that, every scan reads it, and TRUNCATE empties it. With engine.scans_n scans alone are the engine's, with
// engine.chunks_n, which inherits from the table, INSERT alone. engine.shards_n is as rows_n, but errors are those of an engine
// of several servers: of rows that come many at once XX000 without more, of a row that comes alone its SQLSTATE and texts,
// without the names beside them. Relations that are called hidden_... are left out of what queries see of pg_class.

#include <cstring>
#include <initializer_list>

#include "pg/server.hpp"

extern "C" {
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_class.h"
#include "catalog/pg_collation.h"
#include "commands/tablecmds.h"
#include "executor/executor.h"
#include "nodes/extensible.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "optimizer/planmain.h"
#include "optimizer/planner.h"
#include "optimizer/restrictinfo.h"
#include "parser/parse_relation.h"
#include "parser/parsetree.h"
#include "storage/lmgr.h"
#include "utils/inval.h"
}

#pragma GCC visibility push(default)
extern "C" {
PG_MODULE_MAGIC;
void _PG_init();
PG_FUNCTION_INFO_V1(engine_changed);
Datum engine_changed(PG_FUNCTION_ARGS);
PG_FUNCTION_INFO_V1(engine_rollbacks);
Datum engine_rollbacks(PG_FUNCTION_ARGS);
}
#pragma GCC visibility pop

namespace {

constexpr Oid kNameNotLike = 1208;  // name !~~ text

/// The side table of that kind, or InvalidOid.
Oid side_table(const char* kind, Oid table) {
  const Oid schema = get_namespace_oid("engine", true);
  return OidIsValid(schema) ? get_relname_relid(psprintf("%s_%u", kind, table), schema) : InvalidOid;
}

/// Where the rows of scans come from, or InvalidOid.
Oid scanned_table(Oid table) {
  Oid rows = InvalidOid;
  for (const char* const kind : {"rows", "shards", "scans"})
    if (!OidIsValid(rows)) rows = side_table(kind, table);
  return rows;
}

/// A scan of a side table in place of a table.
struct EngineScan {
  CustomScanState base;
  Relation side;
  TupleTableSlot* slot;
  TableScanDesc scan;
};

EngineScan* state_of(CustomScanState* base) { return reinterpret_cast<EngineScan*>(base); }

void end_scan(CustomScanState* base) {
  EngineScan* const state = state_of(base);
  if (state->scan != nullptr) table_endscan(state->scan);
  ExecDropSingleTupleTableSlot(state->slot);
  table_close(state->side, NoLock);
}

void begin_scan(CustomScanState* base, EState* estate, int /*flags*/) {
  EngineScan* const state = state_of(base);
  state->side = table_open(linitial_oid(castNode(CustomScan, base->ss.ps.plan)->custom_private), AccessShareLock);
  state->slot = table_slot_create(state->side, nullptr);
  state->scan = table_beginscan_strat(state->side, estate->es_snapshot, 0, nullptr, true, false);
}

TupleTableSlot* next_row(ScanState* base) {
  EngineScan* const state = reinterpret_cast<EngineScan*>(base);
  if (!table_scan_getnextslot(state->scan, ForwardScanDirection, state->slot)) return ExecClearTuple(base->ss_ScanTupleSlot);
  ExecCopySlot(base->ss_ScanTupleSlot, state->slot);
  base->ss_ScanTupleSlot->tts_tid = state->slot->tts_tid;
  return base->ss_ScanTupleSlot;
}

TupleTableSlot* run_scan(CustomScanState* base) {
  return ExecScan(&base->ss, next_row, [](ScanState*, TupleTableSlot*) { return true; });
}

void rescan(CustomScanState* base) {
  if (state_of(base)->scan != nullptr) table_rescan(state_of(base)->scan, nullptr);
  ExecScanReScan(&base->ss);
}

void begin_insert(CustomScanState* base, EState* estate, int flags) {
  auto* const insert = static_cast<Plan*>(linitial(castNode(CustomScan, base->ss.ps.plan)->custom_plans));
  base->custom_ps = list_make1(ExecInitNode(insert, estate, flags));
}

void end_insert(CustomScanState* base) { ExecEndNode(static_cast<PlanState*>(linitial(base->custom_ps))); }

/// Raises what an engine says of an error of a shard.
[[noreturn]] void report(const ErrorData& error, bool is_of_many) {
  if (is_of_many) ereport(ERROR, (errcode(ERRCODE_INTERNAL_ERROR), errmsg("failure on a shard")));
  ereport(ERROR, (errcode(error.sqlerrcode), errmsg_internal("%s", error.message),
                  error.detail != nullptr ? errdetail_internal("%s", error.detail) : 0));
}

TupleTableSlot* run_insert(CustomScanState* base) {
  auto* const insert = static_cast<PlanState*>(linitial(base->custom_ps));
  MemoryContext const caller = CurrentMemoryContext;
  ErrorData* volatile error = nullptr;
  TupleTableSlot* volatile row = nullptr;
  PG_TRY();
  { row = ExecProcNode(insert); }
  PG_CATCH();
  {
    MemoryContextSwitchTo(caller);
    error = CopyErrorData();
    const int kind = ERRCODE_TO_CATEGORY(error->sqlerrcode);
    if (linitial_int(castNode(CustomScan, base->ss.ps.plan)->custom_private) == 0) PG_RE_THROW();
    if (kind != ERRCODE_DATA_EXCEPTION && kind != ERRCODE_INTEGRITY_CONSTRAINT_VIOLATION) PG_RE_THROW();
    FlushErrorState();
  }
  PG_END_TRY();
  if (error != nullptr) report(*error, !IsA(outerPlan(insert->plan), Result));
  return row;
}

Node* create_scan(CustomScan* /*plan*/) {
  static const CustomExecMethods methods = [] {
    CustomExecMethods made{};
    made.CustomName = "engine scan";
    made.BeginCustomScan = begin_scan;
    made.ExecCustomScan = run_scan;
    made.EndCustomScan = end_scan;
    made.ReScanCustomScan = rescan;
    return made;
  }();
  auto* const state = static_cast<EngineScan*>(palloc0(sizeof(EngineScan)));
  NodeSetTag(state, T_CustomScanState);
  state->base.methods = &methods;
  return reinterpret_cast<Node*>(state);
}

Node* create_insert(CustomScan* /*plan*/) {
  static const CustomExecMethods methods = [] {
    CustomExecMethods made{};
    made.CustomName = "engine insert";
    made.BeginCustomScan = begin_insert;
    made.ExecCustomScan = run_insert;
    made.EndCustomScan = end_insert;
    return made;
  }();
  CustomScanState* const state = makeNode(CustomScanState);
  state->methods = &methods;
  return reinterpret_cast<Node*>(state);
}

const CustomScanMethods insert_methods{"engine insert", create_insert};
const CustomScanMethods scan_methods{"engine scan", create_scan};

Plan* plan_scan(PlannerInfo* /*root*/, RelOptInfo* relation, CustomPath* path, List* columns, List* clauses, List* /*plans*/) {
  CustomScan* const scan = makeNode(CustomScan);
  scan->scan.plan.targetlist = columns;
  scan->scan.plan.qual = extract_actual_clauses(clauses, false);
  scan->scan.scanrelid = relation->relid;
  scan->flags = path->flags;
  scan->custom_private = path->custom_private;
  scan->methods = &scan_methods;
  return &scan->scan.plan;
}

const CustomPathMethods path_methods{"engine scan", plan_scan, nullptr};

set_rel_pathlist_hook_type next_pathlist_hook;
planner_hook_type next_planner_hook;

void replace_scan(PlannerInfo* root, RelOptInfo* relation, Index rtindex, RangeTblEntry* entry) {
  if (next_pathlist_hook != nullptr) next_pathlist_hook(root, relation, rtindex, entry);
  if (entry->rtekind != RTE_RELATION) return;
  const Oid side = scanned_table(entry->relid);
  if (!OidIsValid(side)) return;
  CustomPath* const path = makeNode(CustomPath);
  path->path.pathtype = T_CustomScan;
  path->path.parent = relation;
  path->path.pathtarget = relation->reltarget;
  path->flags = CUSTOMPATH_SUPPORT_PROJECTION;
  path->custom_private = list_make1_oid(side);
  path->methods = &path_methods;
  relation->pathlist = list_make1(path);
  relation->partial_pathlist = NIL;
  relation->nparts = 0;  // of a partitioned table the planner would make paths for each partition again
  relation->nparts = 0;  // of a partitioned table the planner would make paths for each partition again
}

/// The table with that index in the range table.
Oid table_at(const PlannedStmt& planned, int rtindex) { return rt_fetch(rtindex, planned.rtable)->relid; }

/// Where rights are looked up. 16 moved that out of the range table.
template <class Q>
void grant_by(Q& query, RangeTblEntry& entry, Oid table) {
  if constexpr (requires { query.rteperminfos; }) getRTEPermissionInfo(query.rteperminfos, &entry)->relid = table;
  entry.relid = table;
}

/// Makes an INSERT one into the side table of a table; what kind that is of, or null where there is none.
const char* redirect(Query& query) {
  if (query.commandType != CMD_INSERT) return nullptr;
  RangeTblEntry& target = *rt_fetch(query.resultRelation, query.rtable);
  for (const char* const kind : {"rows", "shards", "chunks"}) {
    const Oid side = side_table(kind, target.relid);
    if (!OidIsValid(side)) continue;
    LockRelationOid(side, RowExclusiveLock);
    grant_by(query, target, side);
    return kind;
  }
  return nullptr;
}

/// Puts a scan around an INSERT, which hands on what it returns and, of shards, rewords its errors.
void wrap_insert(PlannedStmt& planned, bool has_shards) {
  CustomScan* const scan = makeNode(CustomScan);
  scan->custom_private = list_make1_int(has_shards ? 1 : 0);
  scan->custom_plans = list_make1(planned.planTree);
  scan->custom_scan_tlist = planned.planTree->targetlist;
  scan->methods = &insert_methods;
  ListCell* cell;
  foreach (cell, planned.planTree->targetlist) {
    const auto* const returned = static_cast<TargetEntry*>(lfirst(cell));
    Node* const value = reinterpret_cast<Node*>(returned->expr);
    Var* const column = makeVar(INDEX_VAR, returned->resno, exprType(value), exprTypmod(value), exprCollation(value), 0);
    scan->scan.plan.targetlist = lappend(
        scan->scan.plan.targetlist, makeTargetEntry(reinterpret_cast<Expr*>(column), returned->resno, returned->resname, false));
  }
  planned.planTree = &scan->scan.plan;
}

/// Rows of a side table are not for others to lock.
void leave_out_locks(PlannedStmt& planned) {
  for (int i = 0; i < list_length(planned.rowMarks); i++) {
    const auto* const mark = static_cast<PlanRowMark*>(list_nth(planned.rowMarks, i));
    if (!OidIsValid(scanned_table(table_at(planned, static_cast<int>(mark->rti))))) return;
  }
  planned.planTree = outerPlan(planned.planTree);
  planned.rowMarks = NIL;
}

/// AND relname NOT LIKE 'hidden\_%'
void hide_relations(Query& query) {
  for (int i = 0; i < list_length(query.rtable); i++) {
    if (rt_fetch(i + 1, query.rtable)->relid != RelationRelationId) continue;
    Var* const name = makeVar(i + 1, Anum_pg_class_relname, NAMEOID, -1, C_COLLATION_OID, 0);
    Const* const pattern = makeConst(TEXTOID, -1, C_COLLATION_OID, -1, CStringGetTextDatum("hidden\\_%"), false, false);
    Expr* const is_shown = make_opclause(kNameNotLike, BOOLOID, false, reinterpret_cast<Expr*>(name),
                                         reinterpret_cast<Expr*>(pattern), InvalidOid, C_COLLATION_OID);
    query.jointree->quals = make_and_qual(query.jointree->quals, reinterpret_cast<Node*>(is_shown));
  }
}

/// The planner's hook, whatever arguments behind the first it has in the server's version.
template <class Hook>
struct Planner;
template <class... Rest>
struct Planner<PlannedStmt* (*)(Query*, Rest...)> {
  static PlannedStmt* plan(Query* query, Rest... rest) {
    if (query->commandType == CMD_SELECT) hide_relations(*query);
    const char* const kind = redirect(*query);
    PlannedStmt* const planned =
        next_planner_hook != nullptr ? next_planner_hook(query, rest...) : standard_planner(query, rest...);
    if (kind != nullptr) wrap_insert(*planned, std::strcmp(kind, "shards") == 0);
    if (IsA(planned->planTree, LockRows)) leave_out_locks(*planned);
    return planned;
  }
};

object_access_hook_type next_access_hook;

/// Empties the side table of a table that TRUNCATE is about to empty.
void truncate_side(ObjectAccessType access, Oid catalog, Oid object, int sub_object, void* arguments) {
  if (next_access_hook != nullptr) next_access_hook(access, catalog, object, sub_object, arguments);
  if (access != OAT_TRUNCATE) return;
  const Oid rows = side_table("rows", object), side = OidIsValid(rows) ? rows : side_table("shards", object);
  if (!OidIsValid(side)) return;
  TruncateStmt* const truncate = makeNode(TruncateStmt);
  truncate->relations = list_make1(makeRangeVar(pstrdup("engine"), get_rel_name(side), -1));
  ExecuteTruncate(truncate);
}

/// Engines on several servers tell each of them of every one.
int64 rollbacks = 0;

void count_rollbacks(SubXactEvent event, SubTransactionId /*own*/, SubTransactionId /*parent*/, void* /*unused*/) {
  if (event == SUBXACT_EVENT_ABORT_SUB) rollbacks++;
}

}  // namespace

void _PG_init() {
  next_pathlist_hook = set_rel_pathlist_hook;
  set_rel_pathlist_hook = replace_scan;
  next_planner_hook = planner_hook;
  planner_hook = Planner<planner_hook_type>::plan;
  next_access_hook = object_access_hook;
  object_access_hook = truncate_side;
  RegisterSubXactCallback(count_rollbacks, nullptr);
}

/// engine_rollbacks(): how many subtransactions of the session were rolled back.
Datum engine_rollbacks(PG_FUNCTION_ARGS) { PG_RETURN_INT64(rollbacks); }

/// engine_changed(regclass): tells all sessions that the table changed, as engines do when they take one.
Datum engine_changed(PG_FUNCTION_ARGS) {
  CacheInvalidateRelcacheByRelid(PG_GETARG_OID(0));
  PG_RETURN_VOID();
}
