#include "copy/hook.hpp"

#include "copy/copy_from.hpp"
#include "copy/options.hpp"
#include "pg/guard.hpp"

#include "pg/server.hpp"

extern "C" {
#include "parser/parse_node.h"
#include "tcop/cmdtag.h"
#include "tcop/utility.h"
}

namespace ferry::copy {

namespace {

ProcessUtility_hook_type next_hook = nullptr;

/// Calls the server without a guard.
void check_direction(ParseState* state, const CopyStmt& statement) {
  if (statement.is_from) return;
  ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("COPY %s cannot be used with %s", "ON_ERROR", "COPY TO"),
                  parser_errposition(state, find_reject_option(statement)->location)));
}

void run(CopyStmt* statement, bool is_read_only_tree, const char* query, QueryEnvironment* environment,
         QueryCompletion* completion) {
  ParseState* const state = pg::call([=] {
    ParseState* const made = make_parsestate(nullptr);
    made->p_sourcetext = query;
    made->p_queryEnv = environment;
    return made;
  });
  pg::call([=] { check_direction(state, *statement); });
  // what is done with the condition of WHERE scribbles on it
  if (is_read_only_tree) statement = static_cast<CopyStmt*>(pg::call(copyObjectImpl, statement));
  const std::int64_t rows = copy_from(state, statement);
  pg::call(free_parsestate, state);
  if (completion != nullptr) SetQueryCompletion(completion, CMDTAG_COPY, static_cast<uint64>(rows));
}

void process_utility(PlannedStmt* planned, const char* query, bool is_read_only_tree, ProcessUtilityContext context,
                     ParamListInfo parameters, QueryEnvironment* environment, DestReceiver* receiver,
                     QueryCompletion* completion) {
  auto* const statement = reinterpret_cast<CopyStmt*>(planned->utilityStmt);
  if (!IsA(statement, CopyStmt) || find_reject_option(*statement) == nullptr) {
    const ProcessUtility_hook_type next = next_hook == nullptr ? standard_ProcessUtility : next_hook;
    next(planned, query, is_read_only_tree, context, parameters, environment, receiver, completion);
    return;
  }
  pg::boundary([&] { run(statement, is_read_only_tree, query, environment, completion); });
}

}  // namespace

void install_hook() {
  next_hook = ProcessUtility_hook;
  ProcessUtility_hook = process_utility;
}

}  // namespace ferry::copy
