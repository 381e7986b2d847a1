#include "pg/table/row_policies.hpp"

#include <type_traits>

#include "pg/compat.hpp"

extern "C" {
#include "access/tupconvert.h"
#include "executor/executor.h"
#include "nodes/makefuncs.h"
#include "tcop/dest.h"
#include "tcop/tcopprot.h"
}

namespace ferry::pg {

static_assert(std::is_trivially_destructible_v<RowPolicies>);

namespace {

/// The first of the conditions that the executor has prepared for the plan's table which the row does not pass, or null.
const WithCheckOption* find_broken(const ResultRelInfo* target, EState* executor, TupleTableSlot* row) {
  ExprContext* const expressions = GetPerTupleExprContext(executor);
  expressions->ecxt_scantuple = row;
  for (int i = 0; i < list_length(target->ri_WithCheckOptions); i++) {
    const auto* const option = static_cast<const WithCheckOption*>(list_nth(target->ri_WithCheckOptions, i));
    auto* const condition = static_cast<ExprState*>(list_nth(target->ri_WithCheckOptionExprs, i));
    if (option->kind == WCO_RLS_INSERT_CHECK && !ExecQual(condition, expressions)) return option;
  }
  return nullptr;
}

}  // namespace

RowPolicies RowPolicies::plan(Relation table) {
  auto* const insert = makeNode(InsertStmt);
  insert->relation = makeRangeVar(get_namespace_name(RelationGetNamespace(table)), pstrdup(RelationGetRelationName(table)), -1);
  auto* const statement = makeNode(RawStmt);
  statement->stmt = reinterpret_cast<Node*>(insert);
  const List* const queries = pg_analyze_and_rewrite_fixedparams(statement, "", nullptr, 0, nullptr);
  for (int i = 0; i < list_length(queries); i++) {
    auto* const query = static_cast<Query*>(list_nth(queries, i));
    if (query->querySource != QSRC_ORIGINAL || query->commandType != CMD_INSERT) continue;
    // the defaults are not for this plan to compute, nor to fail on
    query->targetList = NIL;
    RowPolicies policies{};
    policies.table_ = table;
    policies.plan_ = compat::plan_query(query, "", CURSOR_OPT_PARALLEL_OK);
    return policies;
  }
  elog(ERROR, "INSERT into table \"%s\" has no plan", RelationGetRelationName(table));
}

void RowPolicies::check(TupleTableSlot* row, bool* is_broken) const {
  TupleTableSlot* in_table = row;
  TupleConversionMap* map = nullptr;
  if (row->tts_tableOid != RelationGetRelid(table_))
    map = convert_tuples_by_name(row->tts_tupleDescriptor, RelationGetDescr(table_));
  if (map != nullptr)
    in_table = execute_attr_map_slot(map->attrMap, row, MakeSingleTupleTableSlot(RelationGetDescr(table_), &TTSOpsVirtual));
  QueryDesc* const query = CreateQueryDesc(plan_, "", GetActiveSnapshot(), InvalidSnapshot, None_Receiver, nullptr, nullptr, 0);
  standard_ExecutorStart(query, EXEC_FLAG_SKIP_TRIGGERS);
  const WithCheckOption* const broken =
      find_broken(castNode(ModifyTableState, query->planstate)->resultRelInfo, query->estate, in_table);
  standard_ExecutorFinish(query);
  standard_ExecutorEnd(query);
  FreeQueryDesc(query);
  if (map != nullptr) ExecDropSingleTupleTableSlot(in_table);
  if (broken == nullptr) return;
  *is_broken = true;
  if (broken->polname == nullptr)
    ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                    errmsg("new row violates row-level security policy for table \"%s\"", broken->relname)));
  ereport(ERROR,
          (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
           errmsg("new row violates row-level security policy \"%s\" for table \"%s\"", broken->polname, broken->relname)));
}

}  // namespace ferry::pg
