#include "load/functions/reload_target.hpp"

#include "base/concat.hpp"
#include "pg/guard.hpp"

#include "pg/server.hpp"

extern "C" {
#include "nodes/makefuncs.h"
}

namespace ferry::load {

namespace {

/// Errors: 42P01; 42501 its schema may not be used.
Oid find_table(const LoggedLoad& load, std::int64_t load_id) {
  const char* const schema = load.schema_name.c_str();
  const char* const table = load.table_name.c_str();
  const Oid found = pg::call([schema, table] {
    return RangeVarGetRelid(makeRangeVar(const_cast<char*>(schema), const_cast<char*>(table), -1), NoLock, true);
  });
  if (!OidIsValid(found))
    throw Error("42P01", concat("relation \"", schema, ".", table, "\" of load ", load_id, " does not exist"))
        .detail("Rejects are loaded into the table that has the name of their table.");
  return found;
}

/// Expressions run with the rights of who reloads, their text is that of who loaded, and what they are given may be a correction:
/// all must be one. That the former may
/// act as the latter is not enough: a superuser may act as anybody, and must not run anybody's code. Errors: 42501.
void check_is_user(const LoggedLoad& load, std::int64_t load_id) {
  const std::string user = pg::call([] { return const_cast<const char*>(GetUserNameFromId(GetUserId(), false)); });
  if (user == load.loaded_by) return;
  throw Error("42501", concat("permission denied to run the expressions of load ", load_id))
      .detail(concat("Only role \"", load.loaded_by, "\", which ran the load, may reload its rejects."))
      .hint(concat("SET ROLE to that role first, if you may."));
}

LoggedOptions reloadable_options(const LoggedLoad& load, std::int64_t load_id) {
  LoggedOptions options = read_logged_options(load.options_json);
  if (options.format == LoggedFormat::avro)
    throw Error("0A000", "rejects of format \"avro\" cannot be loaded again")
        .hint("Run the COPY again once the rows or the table are corrected, with ON_CONFLICT skip for those that are loaded.");
  if (options.dry_run)
    throw Error("55000", concat("load ", load_id, " was a dry run"))
        .detail("Its good rows were not loaded either.")
        .hint("Load its source without dry_run.");
  // the condition is not evaluated again: its text is another user's
  if (options.is_filtered)
    throw Error("55000", concat("load ", load_id, " was a COPY with a WHERE condition"))
        .detail("Its rejects may be rows that the condition would have left out.")
        .hint("Run the COPY again on the corrected rows.");
  if (!options.stream.expressions.empty()) check_is_user(load, load_id);
  return options;
}

}  // namespace

ReloadTarget::ReloadTarget(const LoggedLoad& load, std::int64_t load_id)
    : options_(reloadable_options(load, load_id)),
      table_(find_table(load, load_id), options_.is_json() ? RecordColumns::chosen : RecordColumns::all) {
  if (table_.owner() != load.table_owner)
    throw Error("55000", concat("table \"", table_.table_name(), "\" of load ", load_id, " has another owner now"))
        .detail("It may be another table than the one that the rows were meant for.");
}

}  // namespace ferry::load
