// The SQL function reload_rejects(): the kept rows of a load once more.

#include <string_view>

#include "base/concat.hpp"
#include "load/date_style.hpp"
#include "load/functions/reject_source.hpp"
#include "load/functions/reload_target.hpp"
#include "load/functions/summary_row.hpp"
#include "load/log/reject_tally.hpp"
#include "pg/arguments.hpp"
#include "pg/guard.hpp"
#include "pg/warning.hpp"

#include "pg/server.hpp"

namespace ferry::load {
namespace {

/// What the source of a reload begins with in the log; the number of the load follows.
constexpr std::string_view kRejectsOfLoad = "rejects of load ";

/// Whether everybody who may see the load may read the whole table, or is the user. What the server shows of a failing row
/// goes by what the user may read, and the log is for those others, too.
bool may_show_details(const LoggedLoad& load, const TargetTable& target) {
  for (const std::string* const name : {&load.loaded_by, &load.table_owner}) {
    const char* const text = name->c_str();
    const Oid role = pg::call(get_role_oid, text, true);
    if (!OidIsValid(role) || role == GetUserId()) continue;
    if (pg::call(pg_class_aclcheck, RelationGetRelid(target.relation()), role, ACL_SELECT) != ACLCHECK_OK) return false;
  }
  return true;
}

/// Of rejects that are not there to be tried.
void tell_not_kept(std::int64_t load_id, std::int64_t count) {
  if (count == 0) return;
  const std::string message = not_in_log(count, load_id);
  pg::notice(message.c_str(), "Load them from their source.");
}

/// Of a load that has no reject to be tried.
void tell_nothing_to_do(std::int64_t load_id, const LoggedLoad& load) {
  const std::string message = concat("load ", load_id, " has no rejects that are not resolved");
  const bool is_reload = load.source.starts_with(kRejectsOfLoad);
  const std::string hint =
      is_reload ? concat("It was a reload: what it could not load are still the ", load.source, ".") : std::string();
  pg::notice(message.c_str(), is_reload ? hint.c_str() : nullptr);
}

/// Of dates that may come out otherwise than those of the load did.
void warn_of_date_style(std::int64_t load_id, const std::string& of_load) {
  const std::string now = session_date_style();
  if (of_load.empty() || of_load == now) return;
  const std::string hint = concat("To read them alike, SET datestyle TO ", of_load, " first.");
  pg::warning(concat("load ", load_id, " has read dates by datestyle \"", of_load, "\", its rejects are read by \"", now, "\""),
              hint.c_str());
}

LoadSummary load_again(std::int64_t load_id, StoredRejects& rejects) {
  ReloadTarget into(rejects.load(), load_id);
  const LoggedOptions& logged = into.options();
  TargetTable& target = into.table();
  target.show_use(logged.on_conflict == OnConflict::update);
  warn_of_date_style(load_id, logged.stream.session_date_style);
  RejectSource source(rejects, logged, target);
  LoadOptions options;
  options.on_conflict = logged.on_conflict;
  options.keep_rejects = false;  // they stay those of the load that they are of
  options.source_name = concat(kRejectsOfLoad, load_id);
  options.describe = [&] { return rejects.load().options_json; };
  options.context = concat("load into table ", target.table_name());
  options.small_batches = logged.is_json();
  if (!logged.is_json()) target.check_may_insert();
  const bool show_details = may_show_details(rejects.load(), target);
  const auto settle = [&](const Record& record, const Result& result) {
    if (result.state != Result::State::rejected) {
      rejects.resolve(record.row_number);
      return;
    }
    Problem problem = *result.problem;
    if (!show_details) problem.detail.clear();
    add_sentence(problem.detail, lines_taken_in(record));
    rejects.revise(record.row_number, problem);
  };
  LoadSummary summary = with_date_style(logged.stream.date_style, [&] { return run_load(source, target, options, settle); });
  target.close();
  return summary;
}

Datum reload_rejects(FunctionCallInfo call_info) {
  const pg::Stopwatch watch;
  const std::int64_t load_id = pg::Arguments(call_info).bigint(0, "load_id");
  StoredRejects rejects(load_id);
  const LoadSummary summary = load_again(load_id, rejects);
  if (summary.rows_read == 0) tell_nothing_to_do(load_id, rejects.load());
  tell_not_kept(load_id, rejects.load().rejects_not_kept);
  rejects.close();
  return summary_row(call_info, summary, watch);
}

}  // namespace
}  // namespace ferry::load

FERRY_SQL_FUNCTION(ferry_reload_rejects) {
  return ferry::pg::boundary([&] { return ferry::load::reload_rejects(fcinfo); });
}
