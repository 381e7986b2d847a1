#include "copy/hook.hpp"

#include <cstring>

#include "copy/avro_options.hpp"
#include "copy/copy_from.hpp"
#include "copy/copy_to.hpp"
#include "copy/options.hpp"
#include "pg/guard.hpp"

#include "pg/server.hpp"

extern "C" {
#include "parser/parse_node.h"
#include "tcop/cmdtag.h"
#include "tcop/utility.h"
#include "utils/formatting.h"
}

namespace ferry::copy {

namespace {

ProcessUtility_hook_type next_hook = nullptr;

bool is_ours(const CopyStmt& statement) {
  return is_avro(statement) || find_reject_option(statement) != nullptr || find_lone_option(statement) != nullptr;
}

/// Of the formats of text: ON_ERROR reject is for COPY FROM alone, the other options are for that alone. Calls the server without
/// a guard.
void check_use(ParseState* state, const CopyStmt& statement) {
  if (is_avro(statement)) return;
  if (const DefElem* const option = find_lone_option(statement); option != nullptr)
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                    errmsg("COPY %s requires %s to be set to %s", asc_toupper(option->defname, std::strlen(option->defname)),
                           "ON_ERROR", "reject"),
                    parser_errposition(state, option->location)));
  if (statement.is_from) return;
  ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("COPY %s cannot be used with %s", "ON_ERROR", "COPY TO"),
                  parser_errposition(state, find_reject_option(statement)->location)));
}

void run(PlannedStmt* planned, bool is_read_only_tree, const char* query, QueryEnvironment* environment,
         QueryCompletion* completion) {
  ParseState* const state = pg::call([=] {
    ParseState* const made = make_parsestate(nullptr);
    made->p_sourcetext = query;
    made->p_queryEnv = environment;
    return made;
  });
  // what is done with the condition of WHERE and with a query scribbles on them
  if (is_read_only_tree) planned = static_cast<PlannedStmt*>(pg::call(copyObjectImpl, planned));
  auto* const statement = reinterpret_cast<CopyStmt*>(planned->utilityStmt);
  pg::call([=] { check_use(state, *statement); });
  const std::int64_t rows = statement->is_from ? copy_from(state, statement) : copy_to(state, *planned);
  pg::call(free_parsestate, state);
  if (completion != nullptr) SetQueryCompletion(completion, CMDTAG_COPY, static_cast<uint64>(rows));
}

void process_utility(PlannedStmt* planned, const char* query, bool is_read_only_tree, ProcessUtilityContext context,
                     ParamListInfo parameters, QueryEnvironment* environment, DestReceiver* receiver,
                     QueryCompletion* completion) {
  const Node* const statement = planned->utilityStmt;
  if (!IsA(statement, CopyStmt) || !is_ours(*reinterpret_cast<const CopyStmt*>(statement))) {
    const ProcessUtility_hook_type next = next_hook == nullptr ? standard_ProcessUtility : next_hook;
    next(planned, query, is_read_only_tree, context, parameters, environment, receiver, completion);
    return;
  }
  pg::boundary([&] { run(planned, is_read_only_tree, query, environment, completion); });
}

}  // namespace

void install_hook() {
  next_hook = ProcessUtility_hook;
  ProcessUtility_hook = process_utility;
}

}  // namespace ferry::copy
