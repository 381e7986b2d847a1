#include "copy/hook.hpp"

#include "copy/copy_from.hpp"
#include "copy/copy_to.hpp"
#include "copy/formats.hpp"
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

void run(const Format& format, PlannedStmt* planned, bool is_read_only_tree, const char* query, QueryEnvironment* environment,
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
  if (format.check != nullptr) pg::call([=, check = format.check] { check(state, *statement); });
  const std::int64_t rows = statement->is_from ? copy_from(format, state, statement) : copy_to(format, state, *planned);
  pg::call(free_parsestate, state);
  if (completion != nullptr) SetQueryCompletion(completion, CMDTAG_COPY, static_cast<uint64>(rows));
}

void process_utility(PlannedStmt* planned, const char* query, bool is_read_only_tree, ProcessUtilityContext context,
                     ParamListInfo parameters, QueryEnvironment* environment, DestReceiver* receiver,
                     QueryCompletion* completion) {
  const Node* const statement = planned->utilityStmt;
  const Format* const format = IsA(statement, CopyStmt) ? find_format(*reinterpret_cast<const CopyStmt*>(statement)) : nullptr;
  if (format == nullptr) {
    const ProcessUtility_hook_type next = next_hook == nullptr ? standard_ProcessUtility : next_hook;
    next(planned, query, is_read_only_tree, context, parameters, environment, receiver, completion);
    return;
  }
  pg::boundary([&] { run(*format, planned, is_read_only_tree, query, environment, completion); });
}

}  // namespace

void install_hook() {
  next_hook = ProcessUtility_hook;
  ProcessUtility_hook = process_utility;
}

}  // namespace ferry::copy
