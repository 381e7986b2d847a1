#include <algorithm>
#include <string>

#include "backup/backup_columns.hpp"
#include "backup/folder.hpp"
#include "backup/readable_backup.hpp"
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
#include "nodes/makefuncs.h"
#include "utils/varlena.h"
}

// The functions that restore: they find out which tables, which backup, and whether the user may have it.
namespace ferry::backup {
namespace {

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
    if (!found || (where.database && !has_role_of(found->tables[0]->owner))) continue;
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

/// What the functions have in common: their arguments from the second on. Errors: 25006.
struct Call {
  Mode mode;
  Where where;
};

Call begin_call(const pg::Arguments& arguments, const char* function) {
  pg::call([function] {
    PreventCommandIfReadOnly(function);
    PreventCommandIfParallelMode(function);
    PreventCommandDuringRecovery(function);
  });
  return {mode_by_name(arguments.text(3, "mode")), find_where(arguments.optional_text(1), arguments.optional_text(2))};
}

TableRestore plan_restore(const std::string& name, const RestoreTarget& target, const Found& found, const TableEntry* entry) {
  return {.name = name, .target = target, .entry = entry, .path = concat(found.folder, '/', entry->file)};
}

void run(std::vector<TableRestore>& tables, Mode mode, const Found& found, FunctionCallInfo fcinfo) {
  restore_all(tables, mode);
  pg::ResultRows rows(fcinfo);
  for (const TableRestore& table : tables) add_result(rows, found.manifest.backup_id, table);
}

void restore_in_place(const std::vector<std::string>& names, const Call& call, FunctionCallInfo fcinfo) {
  const Where& where = call.where;
  const std::vector<RestoreTarget> targets = find_targets(names, where);
  std::vector<TableName> wanted;
  for (const RestoreTarget& target : targets) wanted.push_back({pg::to_utf8(target.schema), pg::to_utf8(target.table)});
  for (const RestoreTarget& target : targets) check_is_no_part(target, where);
  const Found found = find_backup(*where.directory, where.backup_id, where.database, wanted);
  std::vector<TableRestore> tables;
  for (std::size_t i = 0; i < targets.size(); i++) {
    check_may_have(where, found.manifest.backup_id, *found.tables[i], targets[i].oid);
    tables.push_back(plan_restore(names[i], targets[i], found, found.tables[i]));
  }
  run(tables, call.mode, found, fcinfo);
}

/// The backup of the table that a name means, or meant: it need not be there any more.
Found find_backup_of(const std::string& name, const Where& where) {
  const std::optional<RestoreTarget> today = find_table(name);
  std::vector<TableName> names;
  if (today) {
    check_is_no_part(*today, where);
    names.push_back({pg::to_utf8(today->schema), pg::to_utf8(today->table)});
  } else {
    names = candidates(name);
  }
  for (const TableName& table : names) {
    std::optional<Found> found = search_backup(*where.directory, where.backup_id, where.database, {table});
    if (!found) continue;
    const TableEntry& entry = *found->tables[0];
    const bool is_same = today && entry.oid == static_cast<std::int64_t>(today->oid);
    // its rows are its owner's
    if (is_same && where.database) check_owns(name, today->oid);
    check_may_have(where, found->manifest.backup_id, entry, is_same ? today->oid : InvalidOid);
    return std::move(*found);
  }
  if (names.empty()) throw Error("42P01", concat("relation \"", name, "\" does not exist"));
  return find_backup(*where.directory, where.backup_id, where.database, {names.front()});
}

void restore_beside(const std::string& name, Oid into_table, const Call& call, FunctionCallInfo fcinfo) {
  const std::string into_name = name_of_table(into_table);
  const std::optional<RestoreTarget> into = find_target(into_name);
  if (!into) throw Error("42P01", concat("table with OID ", into_table, " does not exist"));
  const Found found = find_backup_of(name, call.where);
  std::vector<TableRestore> tables{plan_restore(into_name, *into, found, found.tables[0])};
  tables[0].is_beside = found.tables[0]->oid != static_cast<std::int64_t>(into->oid);
  run(tables, call.mode, found, fcinfo);
}

Datum restore_table(FunctionCallInfo fcinfo) {
  const pg::Arguments arguments(fcinfo);
  const Call call = begin_call(arguments, "restore_table()");
  const std::string name = arguments.text(0, "target");
  if (arguments.is_null(4))
    restore_in_place({name}, call, fcinfo);
  else
    restore_beside(name, arguments.oid(4, "into_table"), call, fcinfo);
  return Datum{0};
}

Datum restore_tables(FunctionCallInfo fcinfo) {
  const pg::Arguments arguments(fcinfo);
  const Call call = begin_call(arguments, "restore_tables()");
  const std::vector<std::string> names = arguments.texts(0, "targets");
  if (names.empty()) throw Error("22023", "no tables to restore").hint("Name at least one table.");
  restore_in_place(names, call, fcinfo);
  return Datum{0};
}

}  // namespace
}  // namespace ferry::backup

FERRY_SQL_FUNCTION(ferry_restore_table) {
  return ferry::pg::boundary([&]() -> Datum { return ferry::backup::restore_table(fcinfo); });
}

FERRY_SQL_FUNCTION(ferry_restore_tables) {
  return ferry::pg::boundary([&]() -> Datum { return ferry::backup::restore_tables(fcinfo); });
}
