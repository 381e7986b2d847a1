#include <algorithm>
#include <string>

#include "backup/folder.hpp"
#include "backup/restore/restore_columns.hpp"
#include "backup/restore/restore_run.hpp"
#include "backup/restore/restore_target.hpp"
#include "base/concat.hpp"
#include "base/error.hpp"
#include "pg/arguments.hpp"
#include "pg/encoding.hpp"
#include "pg/guard.hpp"
#include "pg/names.hpp"

#include "pg/server.hpp"

extern "C" {
#include "catalog/partition.h"
#include "commands/dbcommands.h"
#include "nodes/makefuncs.h"
#include "utils/varlena.h"
}

// The functions that restore: they find out which tables, which backup, and whether the user may have it.
namespace ferry::backup {
namespace {

/// Where the backups are that a call may use. database: only those of it count.
struct Where {
  std::unique_ptr<Directory> directory;
  std::optional<std::string> backup_id, database;
};

Where find_where(const pg::Arguments& arguments) {
  // who names a directory may read the server's files; without one nobody gets at the rows of another database
  std::optional<std::string> database;
  if (arguments.is_null(2)) database = pg::to_utf8(pg::call(get_database_name, MyDatabaseId));
  return {find_directory(arguments.optional_text(2), Purpose::restore), arguments.optional_text(1), database};
}

bool has_role_of(const std::string& owner) {
  const char* const name = owner.c_str();
  return pg::call([name] {
    const Oid role = get_role_oid(name, true);
    return superuser() || (OidIsValid(role) && has_privs_of_role(GetUserId(), role));
  });
}

/// A backup that is found by name may be of another table of that name, long gone: its rows are for those who have the
/// privileges of the table's owner then. Errors: 42501.
void check_may_have(const std::string& backup_id, const TableEntry& entry, const RestoreTarget& target) {
  if (entry.oid == static_cast<std::int64_t>(target.oid)) return;
  const std::string owner = pg::from_utf8(entry.owner);
  if (!has_role_of(owner))
    throw Error("42501", concat("permission denied for backup \"", backup_id, '"'))
        .detail(concat("It is of another table of that name, which role \"", owner, "\" owned."));
}

/// The tables that a name might mean that none has: one for each schema of the search_path, if it names no schema.
std::vector<TableName> candidates(const std::string& name) {
  const text* const argument = pg::call(cstring_to_text_with_len, name.data(), static_cast<int>(name.size()));
  struct Parts {
    const char *schema, *table;
    const List* path;
  };
  const Parts parts = pg::call([=] {
    const RangeVar* const range = makeRangeVarFromNameList(textToQualifiedNameList(const_cast<text*>(argument)));
    return Parts{range->schemaname, range->relname, fetch_search_path(false)};
  });
  const std::string table = pg::to_utf8(parts.table);
  if (parts.schema != nullptr) return {{pg::to_utf8(parts.schema), table}};
  std::vector<TableName> names;
  for (int i = 0; i < list_length(parts.path); i++)
    if (const char* const schema = pg::call(get_namespace_name, list_nth_oid(parts.path, i)); schema != nullptr)
      names.push_back({pg::to_utf8(schema), table});
  return names;
}

/// The table is not there. Shows how it was, if there is a backup and the user may have it.
[[noreturn]] void fail_missing(const std::string& name, const Where& where) {
  Error error("42P01", concat("relation \"", name, "\" does not exist"));
  for (const TableName& table : candidates(name)) {
    const std::optional<Found> found = search_backup(*where.directory, where.backup_id, where.database, {table});
    if (!found || (where.database && !has_role_of(pg::from_utf8(found->tables[0]->owner)))) continue;
    error.detail(concat("Backup \"", found->manifest.backup_id, "\" holds it. ", definition_then(*found->tables[0])))
        .hint("Create the table first; its definition is never run.");
    break;
  }
  throw Error(std::move(error));
}

/// A partition is backed up with the table that it is of. Says so where a backup has that one and not the partition.
void check_is_no_part(const RestoreTarget& target, const Where& where) {
  const TableName name{pg::to_utf8(target.schema), pg::to_utf8(target.table)};
  const List* const ancestors =
      pg::call([oid = target.oid]() -> List* { return get_rel_relispartition(oid) ? get_partition_ancestors(oid) : NIL; });
  if (ancestors == NIL || search_backup(*where.directory, where.backup_id, where.database, {name})) return;
  for (int i = 0; i < list_length(ancestors); i++) {
    const Oid root = list_nth_oid(ancestors, i);
    const char* const schema = pg::call(pg::schema_of, root);
    const char* const table = pg::call(get_rel_name, root);
    if (!search_backup(*where.directory, where.backup_id, where.database, {{pg::to_utf8(schema), pg::to_utf8(table)}})) continue;
    throw Error("42P01", concat("no backup holds partition \"", target.schema, '.', target.table, "\" by itself"))
        .detail(concat("It was backed up with table \"", schema, '.', table, "\"."))
        .hint(concat("Restore \"", schema, '.', table, "\"."));
  }
}

std::vector<RestoreTarget> find_targets(const std::vector<std::string>& names, const Where& where) {
  std::vector<RestoreTarget> targets;
  for (const std::string& name : names) {
    const std::optional<RestoreTarget> target = find_target(name);
    if (!target) fail_missing(name, where);
    const auto is_same = [&](const RestoreTarget& other) { return other.oid == target->oid; };
    if (std::any_of(targets.begin(), targets.end(), is_same))
      throw Error("42712", concat("table \"", name, "\" is named more than once"));
    targets.push_back(*target);
  }
  return targets;
}

void add_result(pg::ResultRows& rows, const std::string& backup_id, const TableRestore& table) {
  const std::string name = pg::call(quote_qualified_identifier, table.target.schema.c_str(), table.target.table.c_str());
  const Datum row[] = {pg::text_datum(backup_id), pg::text_datum(name), Int64GetDatum(table.rows_restored),
                       Int64GetDatum(table.rows_removed), pg::milliseconds_datum(table.elapsed_ms)};
  const bool nulls[std::size(row)] = {};
  rows.add(row, nulls);
}

Datum restore(FunctionCallInfo fcinfo, const char* function, const std::vector<std::string>& names) {
  pg::call([function] {
    PreventCommandIfReadOnly(function);
    PreventCommandIfParallelMode(function);
    PreventCommandDuringRecovery(function);
  });
  const pg::Arguments arguments(fcinfo);
  const Mode mode = mode_by_name(arguments.text(3, "mode"));
  const Where where = find_where(arguments);
  const std::vector<RestoreTarget> targets = find_targets(names, where);
  std::vector<TableName> wanted;
  for (const RestoreTarget& target : targets) wanted.push_back({pg::to_utf8(target.schema), pg::to_utf8(target.table)});
  for (const RestoreTarget& target : targets) check_is_no_part(target, where);
  const Found found = find_backup(*where.directory, where.backup_id, where.database, wanted);
  std::vector<TableRestore> tables;
  for (std::size_t i = 0; i < targets.size(); i++) {
    if (where.database) check_may_have(found.manifest.backup_id, *found.tables[i], targets[i]);
    tables.push_back({.name = names[i],
                      .target = targets[i],
                      .entry = found.tables[i],
                      .path = concat(found.folder, '/', found.tables[i]->file)});
  }
  restore_all(tables, mode);
  pg::ResultRows rows(fcinfo);
  for (const TableRestore& table : tables) add_result(rows, found.manifest.backup_id, table);
  return Datum{0};
}

Datum restore_table(FunctionCallInfo fcinfo) {
  return restore(fcinfo, "restore_table()", {pg::Arguments(fcinfo).text(0, "target")});
}

Datum restore_tables(FunctionCallInfo fcinfo) {
  const std::vector<std::string> names = pg::Arguments(fcinfo).texts(0, "targets");
  if (names.empty()) throw Error("22023", "no tables to restore").hint("Name at least one table.");
  return restore(fcinfo, "restore_tables()", names);
}

}  // namespace
}  // namespace ferry::backup

FERRY_SQL_FUNCTION(ferry_restore_table) {
  return ferry::pg::boundary([&]() -> Datum { return ferry::backup::restore_table(fcinfo); });
}

FERRY_SQL_FUNCTION(ferry_restore_tables) {
  return ferry::pg::boundary([&]() -> Datum { return ferry::backup::restore_tables(fcinfo); });
}
