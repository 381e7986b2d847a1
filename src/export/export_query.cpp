#include "export/export_query.hpp"

#include "pg/compat.hpp"
#include "pg/guard.hpp"
#include "pg/table/table_query.hpp"

#include "pg/server.hpp"

extern "C" {
#include "executor/executor.h"
#include "tcop/tcopprot.h"
#include "utils/snapmgr.h"
}

namespace ferry::exporter {

using pg::call;

namespace {

[[noreturn]] void refuse(const char* message) {
  ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg_internal("%s", message)));
}

/// The one query with rows that rules made of the statement. Source: BeginCopyTo(). Calls the server without a guard.
Query* check_rewritten(List* rewritten) {
  if (rewritten == NIL) refuse("DO INSTEAD NOTHING rules are not supported for COPY");
  for (int i = 0; list_length(rewritten) > 1 && i < list_length(rewritten); i++) {
    const QuerySource source = static_cast<Query*>(list_nth(rewritten, i))->querySource;
    if (source == QSRC_QUAL_INSTEAD_RULE) refuse("conditional DO INSTEAD rules are not supported for COPY");
    if (source == QSRC_NON_INSTEAD_RULE) refuse("DO ALSO rules are not supported for COPY");
  }
  if (list_length(rewritten) > 1) refuse("multi-statement DO INSTEAD rules are not supported for COPY");
  auto* const query = static_cast<Query*>(linitial(rewritten));
  if (query->utilityStmt != nullptr && IsA(query->utilityStmt, CreateTableAsStmt)) refuse("COPY (SELECT INTO) is not supported");
  if (query->utilityStmt != nullptr) refuse("COPY query must not be a utility command");
  if (query->commandType != CMD_SELECT && query->returningList == NIL) refuse("COPY query must have a RETURNING clause");
  return query;
}

bool all_read_here(const List* plans);

/// Whether a plan reads relations of this server alone. An extension's own node that has no other below it may do whatever it
/// likes.
bool reads_here(const Plan* plan) {
  if (plan == nullptr) return true;
  const bool are_below = reads_here(plan->lefttree) && reads_here(plan->righttree);
  switch (nodeTag(plan)) {
    case T_ForeignScan:
      return false;
    case T_CustomScan: {
      const List* const plans = reinterpret_cast<const CustomScan*>(plan)->custom_plans;
      return are_below && (plans != NIL || plan->lefttree != nullptr) && all_read_here(plans);
    }
    case T_Append:
      return all_read_here(reinterpret_cast<const Append*>(plan)->appendplans);
    case T_MergeAppend:
      return all_read_here(reinterpret_cast<const MergeAppend*>(plan)->mergeplans);
    case T_SubqueryScan:
      return reads_here(reinterpret_cast<const SubqueryScan*>(plan)->subplan);
    default:
      return are_below;
  }
}

bool all_read_here(const List* plans) {
  for (int i = 0; i < list_length(plans); i++)
    if (!reads_here(static_cast<const Plan*>(list_nth(plans, i)))) return false;
  return true;
}

}  // namespace

/// Called by the executor for each row.
bool ExportQuery::receive(TupleTableSlot* slot, DestReceiver* self) {
  return pg::boundary([&] {
    FileExport* const out = reinterpret_cast<Receiver*>(self)->out;
    call([=] { out->append(slot); });
    if (out->is_block_full()) out->write_block();
    return true;
  });
}

void ExportQuery::begin(RawStmt* query, const char* text) {
  start(call([=] {
          if (!pg::compat::kCopiesMerge && IsA(query->stmt, MergeStmt)) refuse("MERGE not supported in COPY");
          return pg_analyze_and_rewrite_fixedparams(query, text, nullptr, 0, nullptr);
        }),
        text);
}

void ExportQuery::begin(Relation relation, map::Table& columns, bool with_children, const char* text) {
  List* attributes = NIL;
  for (map::Column& column : columns.columns) {
    attributes = call(lappend_int, attributes, static_cast<int>(column.attribute));
    column.attribute = static_cast<AttrNumber>(list_length(attributes));
  }
  start(call([=] { return pg_rewrite_query(pg::select_from(relation, attributes, with_children)); }), text);
}

void ExportQuery::start(List* rewritten, const char* text) {
  receiver_.base.receiveSlot = receive;
  receiver_.base.rStartup = [](DestReceiver*, int, TupleDesc) {};
  receiver_.base.rShutdown = [](DestReceiver*) {};
  receiver_.base.rDestroy = [](DestReceiver*) {};
  receiver_.base.mydest = DestCopyOut;
  DestReceiver* const receiver = &receiver_.base;
  query_ = call([=] {
    PlannedStmt* const planned = pg::compat::plan_query(check_rewritten(rewritten), text, CURSOR_OPT_PARALLEL_OK);
    // it sees what the statements before it did
    PushCopiedSnapshot(GetActiveSnapshot());
    UpdateActiveSnapshotCommandId();
    QueryDesc* const made = CreateQueryDesc(planned, text, GetActiveSnapshot(), InvalidSnapshot, receiver, nullptr, nullptr, 0);
    ExecutorStart(made, 0);
    return made;
  });
  is_in_snapshot_ = reads_here(query_->plannedstmt->planTree);
}

void ExportQuery::run(FileExport& out) {
  receiver_.out = &out;
  call(pg::compat::run_query, query_);
  out.write_block();
}

void ExportQuery::finish() {
  call([this] {
    ExecutorFinish(query_);
    ExecutorEnd(query_);
    FreeQueryDesc(query_);
    PopActiveSnapshot();
  });
}

}  // namespace ferry::exporter
