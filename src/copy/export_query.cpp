#include "copy/export_query.hpp"

#include "pg/compat.hpp"
#include "pg/guard.hpp"

#include "pg/server.hpp"

extern "C" {
#include "executor/executor.h"
#include "tcop/tcopprot.h"
#include "utils/snapmgr.h"
}

namespace ferry::copy {

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

/// Calls the server without a guard.
PlannedStmt* plan(ParseState* state, RawStmt* raw, Oid expected) {
  if (!pg::compat::kCopiesMerge && IsA(raw->stmt, MergeStmt)) refuse("MERGE not supported in COPY");
  Query* const query = check_rewritten(pg_analyze_and_rewrite_fixedparams(raw, state->p_sourcetext, nullptr, 0, nullptr));
  PlannedStmt* const planned = pg::compat::plan_query(query, state->p_sourcetext, CURSOR_OPT_PARALLEL_OK);
  // the table was found by name once more
  if (OidIsValid(expected) && !list_member_oid(planned->relationOids, expected))
    ereport(ERROR,
            (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE), errmsg("relation referenced by COPY statement has changed")));
  return planned;
}

}  // namespace

/// Called by the executor for each row.
bool ExportQuery::receive(TupleTableSlot* slot, DestReceiver* self) {
  return pg::boundary([&] {
    exporter::FileExport* const out = reinterpret_cast<Receiver*>(self)->out;
    call([=] { out->append(slot); });
    if (out->is_block_full()) out->write_block();
    return true;
  });
}

void ExportQuery::begin(ParseState* state, RawStmt* query, Oid expected) {
  receiver_.base.receiveSlot = receive;
  receiver_.base.rStartup = [](DestReceiver*, int, TupleDesc) {};
  receiver_.base.rShutdown = [](DestReceiver*) {};
  receiver_.base.rDestroy = [](DestReceiver*) {};
  receiver_.base.mydest = DestCopyOut;
  DestReceiver* const receiver = &receiver_.base;
  query_ = call([=] {
    PlannedStmt* const planned = plan(state, query, expected);
    // it sees what the statements before it did
    PushCopiedSnapshot(GetActiveSnapshot());
    UpdateActiveSnapshotCommandId();
    QueryDesc* const made =
        CreateQueryDesc(planned, state->p_sourcetext, GetActiveSnapshot(), InvalidSnapshot, receiver, nullptr, nullptr, 0);
    ExecutorStart(made, 0);
    return made;
  });
}

void ExportQuery::run(exporter::FileExport& out) {
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

}  // namespace ferry::copy
