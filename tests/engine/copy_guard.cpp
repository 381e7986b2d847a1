// An extension that puts its hook in front of all others while a statement of the session is analyzed, and refuses options of
// COPY that it does not know, as engines do.

#include <cstring>

#include "pg/server.hpp"

extern "C" {
#include "nodes/parsenodes.h"
#include "parser/analyze.h"
#include "tcop/utility.h"
}

#pragma GCC visibility push(default)
extern "C" {
PG_FUNCTION_INFO_V1(engine_guard_copies);
Datum engine_guard_copies(PG_FUNCTION_ARGS);
}
#pragma GCC visibility pop

namespace {

ProcessUtility_hook_type next_hook;
post_parse_analyze_hook_type next_analyze_hook;
bool is_in_front = false;

void check_options(const CopyStmt& statement) {
  constexpr const char* kKnown[] = {"format", "header", "delimiter"};
  for (int i = 0; i < list_length(statement.options); i++) {
    const auto* const option = static_cast<const DefElem*>(list_nth(statement.options, i));
    bool is_known = false;
    for (const char* const name : kKnown) is_known = is_known || std::strcmp(name, option->defname) == 0;
    if (!is_known || (option->arg != nullptr && IsA(option->arg, String) && std::strcmp(strVal(option->arg), "avro") == 0))
      ereport(ERROR, (errcode(ERRCODE_SYNTAX_ERROR), errmsg("the guard does not know option \"%s\"", option->defname)));
  }
}

void guard(PlannedStmt* planned, const char* query, bool is_read_only_tree, ProcessUtilityContext context,
           ParamListInfo parameters, QueryEnvironment* environment, DestReceiver* receiver, QueryCompletion* completion) {
  if (IsA(planned->utilityStmt, CopyStmt)) check_options(*reinterpret_cast<const CopyStmt*>(planned->utilityStmt));
  const ProcessUtility_hook_type next = next_hook == nullptr ? standard_ProcessUtility : next_hook;
  next(planned, query, is_read_only_tree, context, parameters, environment, receiver, completion);
}

/// The hook of parse analysis, whatever arguments behind the first two it has in the server's version.
template <class Hook>
struct Analysis;
template <class... Rest>
struct Analysis<void (*)(ParseState*, Query*, Rest...)> {
  static void run(ParseState* state, Query* query, Rest... rest) {
    if (next_analyze_hook != nullptr) next_analyze_hook(state, query, rest...);
    if (is_in_front || query->utilityStmt == nullptr || !IsA(query->utilityStmt, CopyStmt)) return;
    next_hook = ProcessUtility_hook;
    ProcessUtility_hook = guard;
    is_in_front = true;
  }
};

}  // namespace

/// engine_guard_copies(): from the next COPY on.
Datum engine_guard_copies(PG_FUNCTION_ARGS) {
  (void)fcinfo;
  next_analyze_hook = post_parse_analyze_hook;
  post_parse_analyze_hook = Analysis<post_parse_analyze_hook_type>::run;
  PG_RETURN_VOID();
}
