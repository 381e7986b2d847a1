// An engine that owns tables, for tests/regress/sql/table_engines.sql: an extension that leaves an empty relation in the catalogs
// and keeps the rows elsewhere, here in a side table. The table with OID n is its own once engine.rows_n is there, which takes
// the rows of INSERT and gives those of every scan; with engine.scans_n scans alone are the engine's.

#include "pg/server.hpp"

extern "C" {
#include "access/tableam.h"
#include "executor/executor.h"
#include "nodes/extensible.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "optimizer/planmain.h"
#include "optimizer/planner.h"
#include "optimizer/restrictinfo.h"
#include "parser/parsetree.h"
#include "utils/inval.h"
}

#pragma GCC visibility push(default)
extern "C" {
PG_MODULE_MAGIC;
void _PG_init();
PG_FUNCTION_INFO_V1(engine_changed);
Datum engine_changed(PG_FUNCTION_ARGS);
}
#pragma GCC visibility pop

namespace {

/// The side table of that kind, or InvalidOid.
Oid side_table(const char* kind, Oid table) {
  const Oid schema = get_namespace_oid("engine", true);
  return OidIsValid(schema) ? get_relname_relid(psprintf("%s_%u", kind, table), schema) : InvalidOid;
}

/// Where the rows of scans come from, or InvalidOid.
Oid scanned_table(Oid table) {
  const Oid rows = side_table("rows", table);
  return OidIsValid(rows) ? rows : side_table("scans", table);
}

/// A scan of a side table in place of a table, or an INSERT into it of the rows of a plan.
struct EngineScan {
  CustomScanState base;
  Relation side;
  TupleTableSlot* slot;
  TableScanDesc scan;
};

EngineScan* state_of(CustomScanState* base) { return reinterpret_cast<EngineScan*>(base); }

void open_side(CustomScanState* base, LOCKMODE lock) {
  EngineScan* const state = state_of(base);
  state->side = table_open(linitial_oid(castNode(CustomScan, base->ss.ps.plan)->custom_private), lock);
  state->slot = table_slot_create(state->side, nullptr);
}

void end(CustomScanState* base) {
  EngineScan* const state = state_of(base);
  if (state->scan != nullptr) table_endscan(state->scan);
  ExecDropSingleTupleTableSlot(state->slot);
  table_close(state->side, NoLock);
  if (base->custom_ps != NIL) ExecEndNode(static_cast<PlanState*>(linitial(base->custom_ps)));
}

void begin_scan(CustomScanState* base, EState* estate, int /*flags*/) {
  open_side(base, AccessShareLock);
  state_of(base)->scan = table_beginscan_strat(state_of(base)->side, estate->es_snapshot, 0, nullptr, true, false);
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
  open_side(base, RowExclusiveLock);
  auto* const rows = static_cast<Plan*>(linitial(castNode(CustomScan, base->ss.ps.plan)->custom_plans));
  base->custom_ps = list_make1(ExecInitNode(rows, estate, flags));
}

TupleTableSlot* run_insert(CustomScanState* base) {
  EngineScan* const state = state_of(base);
  EState* const estate = base->ss.ps.state;
  for (;;) {
    TupleTableSlot* const row = ExecProcNode(static_cast<PlanState*>(linitial(base->custom_ps)));
    if (TupIsNull(row)) return nullptr;
    ExecCopySlot(state->slot, row);
    table_tuple_insert(state->side, state->slot, estate->es_output_cid, 0, nullptr);
    estate->es_processed++;
  }
}

CustomExecMethods methods_of(const char* name, decltype(CustomExecMethods::BeginCustomScan) begin,
                             decltype(CustomExecMethods::ExecCustomScan) run) {
  CustomExecMethods methods{};
  methods.CustomName = name;
  methods.BeginCustomScan = begin;
  methods.ExecCustomScan = run;
  methods.EndCustomScan = end;
  methods.ReScanCustomScan = rescan;
  return methods;
}

template <bool inserts>
Node* create_state(CustomScan* /*plan*/) {
  static const CustomExecMethods scan = methods_of("engine scan", begin_scan, run_scan);
  static const CustomExecMethods insert = methods_of("engine insert", begin_insert, run_insert);
  auto* const state = static_cast<EngineScan*>(palloc0(sizeof(EngineScan)));
  NodeSetTag(state, T_CustomScanState);
  state->base.methods = inserts ? &insert : &scan;
  return reinterpret_cast<Node*>(state);
}

const CustomScanMethods scan_methods{"engine scan", create_state<false>};
const CustomScanMethods insert_methods{"engine insert", create_state<true>};

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
}

/// The table with that index in the range table.
Oid table_at(const PlannedStmt& planned, int rtindex) { return rt_fetch(rtindex, planned.rtable)->relid; }

/// Tells the server that a plan writes into no relation. 19 renamed the field.
template <class Plan>
void forget_results(Plan& planned) {
  if constexpr (requires { planned.resultRelations; })
    planned.resultRelations = NIL;
  else
    planned.resultRelationRelids = nullptr;
}

void replace_insert(PlannedStmt& planned) {
  auto* const modify = castNode(ModifyTable, planned.planTree);
  const Oid side = side_table("rows", table_at(planned, linitial_int(modify->resultRelations)));
  if (modify->operation != CMD_INSERT || !OidIsValid(side)) return;
  CustomScan* const insert = makeNode(CustomScan);
  insert->custom_plans = list_make1(outerPlan(&modify->plan));
  insert->custom_private = list_make1_oid(side);
  insert->methods = &insert_methods;
  planned.planTree = &insert->scan.plan;
  forget_results(planned);
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

/// The planner's hook, whatever arguments behind the first it has in the server's version.
template <class Hook>
struct Planner;
template <class... Rest>
struct Planner<PlannedStmt* (*)(Query*, Rest...)> {
  static PlannedStmt* plan(Query* query, Rest... rest) {
    PlannedStmt* const planned =
        next_planner_hook != nullptr ? next_planner_hook(query, rest...) : standard_planner(query, rest...);
    if (IsA(planned->planTree, ModifyTable)) replace_insert(*planned);
    if (IsA(planned->planTree, LockRows)) leave_out_locks(*planned);
    return planned;
  }
};

}  // namespace

void _PG_init() {
  next_pathlist_hook = set_rel_pathlist_hook;
  set_rel_pathlist_hook = replace_scan;
  next_planner_hook = planner_hook;
  planner_hook = Planner<planner_hook_type>::plan;
}

/// engine_changed(regclass): tells all sessions that the table changed, as engines do when they take one.
Datum engine_changed(PG_FUNCTION_ARGS) {
  CacheInvalidateRelcacheByRelid(PG_GETARG_OID(0));
  PG_RETURN_VOID();
}
