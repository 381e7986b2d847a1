#include "copy/hook.hpp"

#include "base/error.hpp"
#include "copy/copy_from.hpp"
#include "copy/copy_to.hpp"
#include "copy/formats.hpp"
#include "pg/guard.hpp"

#include "pg/server.hpp"

extern "C" {
#include "executor/executor.h"
#include "parser/analyze.h"
#include "parser/parse_node.h"
#include "tcop/cmdtag.h"
#include "tcop/utility.h"
}

namespace ferry::copy {

namespace {

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

/// A module that looks at the check of privileges expects to have seen the statement before (pgaudit takes the server down where
/// it has not), and nobody is to pass it by. So the statement is refused where it is behind us. Errors: 55000.
void check_guard_is_asked(bool is_before) {
  if (is_before)
    throw Error("55000", "COPY with options of pg_ferry would pass by a module that checks or audits statements")
        .detail("That module was loaded before pg_ferry, and so is asked behind it.")
        .hint("List pg_ferry before it in \"shared_preload_libraries\". The functions of pg_ferry work in any order.");
}

/// Where in the chain of hooks a function of ours is.
enum class Place {
  inner,  ///< where the module was when it was loaded
  outer,  ///< in front of whoever came later
};
template <Place>
ProcessUtility_hook_type next_hook = nullptr;
/// Whether a module that we are in front of looks at the check of privileges, too: a security module, or one that audits.
template <Place>
bool is_before_guard = false;
post_parse_analyze_hook_type next_analyze_hook = nullptr;

template <Place place>
void process_utility(PlannedStmt* planned, const char* query, bool is_read_only_tree, ProcessUtilityContext context,
                     ParamListInfo parameters, QueryEnvironment* environment, DestReceiver* receiver,
                     QueryCompletion* completion) {
  const Node* const statement = planned->utilityStmt;
  const Format* const format = IsA(statement, CopyStmt) ? find_format(*reinterpret_cast<const CopyStmt*>(statement)) : nullptr;
  if (format == nullptr) {
    const ProcessUtility_hook_type next = next_hook<place> == nullptr ? standard_ProcessUtility : next_hook<place>;
    next(planned, query, is_read_only_tree, context, parameters, environment, receiver, completion);
    return;
  }
  pg::boundary([&] {
    check_guard_is_asked(is_before_guard<place>);
    run(*format, planned, is_read_only_tree, query, environment, completion);
  });
}

/// An extension that puts its hook in front only while a statement is analyzed would refuse options of COPY that it does not
/// know. So ours goes in front of that again, but no more than once: a third function in front could be one that calls it.
/// Whoever was in front before, as pg_stat_statements behind us in shared_preload_libraries, stays there and sees what we do.
void go_in_front() {
  if (next_hook<Place::outer> != nullptr) return;
  next_hook<Place::outer> = ProcessUtility_hook;
  is_before_guard<Place::outer> = ExecutorCheckPerms_hook != nullptr;
  ProcessUtility_hook = process_utility<Place::outer>;
}

/// The hook of parse analysis, whatever arguments it has in the server's version: every statement passes it before it runs.
template <class Hook>
struct Analysis;
template <class... Arguments>
struct Analysis<void (*)(Arguments...)> {
  static void run(Arguments... arguments) {
    const ProcessUtility_hook_type before = ProcessUtility_hook;
    if (next_analyze_hook != nullptr) next_analyze_hook(arguments...);
    if (ProcessUtility_hook != before) go_in_front();
  }
};

}  // namespace

void install_hook() {
  next_hook<Place::inner> = ProcessUtility_hook;
  is_before_guard<Place::inner> = ProcessUtility_hook != nullptr && ExecutorCheckPerms_hook != nullptr;
  ProcessUtility_hook = process_utility<Place::inner>;
  next_analyze_hook = post_parse_analyze_hook;
  post_parse_analyze_hook = Analysis<post_parse_analyze_hook_type>::run;
}

}  // namespace ferry::copy
