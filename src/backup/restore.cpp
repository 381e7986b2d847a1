#include <string>

#include "backup/folder.hpp"
#include "backup/load_rows.hpp"
#include "backup/replace_by_key.hpp"
#include "backup/restore_source.hpp"
#include "backup/sequences.hpp"
#include "backup/stopwatch.hpp"
#include "backup/target.hpp"
#include "base/concat.hpp"
#include "base/error.hpp"
#include "map/types.hpp"
#include "pg/arguments.hpp"
#include "pg/encoding.hpp"
#include "pg/guard.hpp"
#include "pg/table_writer.hpp"

#include "pg/server.hpp"

extern "C" {
#include "commands/dbcommands.h"
#include "access/relation.h"
#include "catalog/pg_inherits.h"
#include "executor/spi.h"
}

// A restore checks everything that it can before it changes anything: the user, the file against its digest, the columns.
// What it changes it changes in the caller's transaction.
namespace ferry::backup {
namespace {

struct Counts {
  std::int64_t restored = 0, removed = 0;
};

std::string qualified_name(Relation relation) {
  return pg::call([relation] {
    return quote_qualified_identifier(get_namespace_name(RelationGetNamespace(relation)), RelationGetRelationName(relation));
  });
}

/// The rows of a table and its partitions, not of the children of an inheritance parent. Calls the server without a guard.
std::int64_t count_rows(Relation table) {
  std::int64_t count = 0;
  List* members = list_make1_oid(RelationGetRelid(table));
  if (table->rd_rel->relkind == RELKIND_PARTITIONED_TABLE)
    members = find_all_inheritors(RelationGetRelid(table), NoLock, nullptr);
  for (int i = 0; i < list_length(members); i++) {
    Relation const member = relation_open(list_nth_oid(members, i), NoLock);
    if (member->rd_rel->relkind == RELKIND_RELATION) {
      TupleTableSlot* const slot = table_slot_create(member, nullptr);
      TableScanDesc const scan = table_beginscan_strat(member, GetActiveSnapshot(), 0, nullptr, true, true);
      while (table_scan_getnextslot(scan, ForwardScanDirection, slot)) {
        CHECK_FOR_INTERRUPTS();
        count++;
      }
      table_endscan(scan);
      ExecDropSingleTupleTableSlot(slot);
    }
    relation_close(member, NoLock);
  }
  return count;
}

/// Empties a table; returns how many rows it had. The relation is closed meanwhile, for TRUNCATE refuses tables in use.
std::int64_t truncate(Relation& table) {
  const bool is_partitioned = table->rd_rel->relkind == RELKIND_PARTITIONED_TABLE;
  const std::string statement = concat("TRUNCATE ", is_partitioned ? "" : "ONLY ", qualified_name(table));
  const char* const text = statement.c_str();
  const Oid oid = RelationGetRelid(table);
  const std::int64_t rows = pg::call([&table] {
    PushActiveSnapshot(GetLatestSnapshot());
    const std::int64_t count = count_rows(table);
    PopActiveSnapshot();
    return count;
  });
  pg::call([&table, text, oid] {
    relation_close(table, NoLock);
    SPI_connect();
    if (const int result = SPI_execute(text, false, 0); result != SPI_OK_UTILITY)
      elog(ERROR, "could not execute \"%s\": %s", text, SPI_result_code_string(result));
    SPI_finish();
    table = relation_open(oid, NoLock);
  });
  return rows;
}

/// Adds the rows of source. update: a row whose primary key is there already takes the place of that row.
void add_rows(Relation table, RestoreSource& source, bool update) {
  const Brackets brackets = needs_single_bracket(table, find_key(table)) ? Brackets::one : Brackets::many;
  Bitmapset* columns = nullptr;
  pg::TableWriter writer = pg::call([&columns, table, brackets] {
    columns = bms_add_range(nullptr, 1, RelationGetNumberOfAttributes(table));
    PushActiveSnapshot(GetLatestSnapshot());
    pg::TableWriter opened = pg::TableWriter::open(table, pg::TriggerSet::constraints);
    if (brackets == Brackets::one) opened.begin_bracket();
    return opened;
  });
  load_rows(source, writer, brackets, [&writer, columns, update](TupleTableSlot* row) {
    if (update)
      writer.upsert(row, columns);
    else
      writer.insert(row);
  });
  pg::call([&writer, brackets] {
    if (brackets == Brackets::one) writer.end_bracket();
    writer.close();
    PopActiveSnapshot();
  });
}

Counts write_rows(Relation& table, RestoreSource& source, Mode mode) {
  Counts counts;
  if (mode != Mode::replace) {
    add_rows(table, source, mode == Mode::upsert);
  } else if (may_truncate(table)) {
    counts.removed = truncate(table);
    add_rows(table, source, false);
  } else if (table->rd_rel->relkind == RELKIND_PARTITIONED_TABLE) {
    throw Error("0A000", concat("cannot replace the rows of partitioned table \"", RelationGetRelationName(table), '"'))
        .detail("Other tables reference it, or it has TRUNCATE triggers.")
        .hint("Drop the foreign keys that reference it, or restore in mode \"upsert\".");
  } else {
    counts.removed = replace_by_key(table, source);
  }
  counts.restored = source.rows_read();
  return counts;
}

/// A backup that is found by name may be of another table of that name, long gone: its rows are for those who have the
/// privileges of the table's owner then. Errors: 42501.
void check_may_have(const Found& found, const Target& target) {
  if (found.table->oid == static_cast<std::int64_t>(target.oid)) return;
  const std::string owner = pg::from_utf8(found.table->owner);
  const char* const name = owner.c_str();
  const bool may = pg::call([name] {
    const Oid role = get_role_oid(name, true);
    return superuser() || (OidIsValid(role) && has_privs_of_role(GetUserId(), role));
  });
  if (!may)
    throw Error("42501", concat("permission denied for backup \"", found.manifest.backup_id, '"'))
        .detail(concat("It is of another table of that name, which role \"", owner, "\" owned."));
}

Datum restore_table(FunctionCallInfo fcinfo) {
  const Stopwatch watch;
  pg::call([] {
    PreventCommandIfReadOnly("restore_table()");
    PreventCommandIfParallelMode("restore_table()");
    PreventCommandDuringRecovery("restore_table()");
  });
  const pg::Arguments arguments(fcinfo);
  const std::string name = arguments.text(0, "target");
  const Mode mode = mode_by_name(arguments.text(3, "mode"));
  const Target target = find_target(name);
  const std::string directory = find_directory(arguments.optional_text(2), Purpose::restore);
  // who names a directory may read the server's files; without one nobody gets at the rows of another database
  std::optional<std::string> database;
  if (arguments.is_null(2)) database = pg::to_utf8(pg::call(get_database_name, MyDatabaseId));
  const Found found =
      find_table(directory, arguments.optional_text(1), database, pg::to_utf8(target.schema), pg::to_utf8(target.table));
  if (database) check_may_have(found, target);
  const std::string path = concat(found.folder, '/', found.table->file);
  verify_file(path, *found.table);

  Relation table = open_target(name, target, mode);
  RestoreSource source(path, *found.table, map::describe(table));
  const Counts counts = write_rows(table, source, mode);
  restore_sequences(table, found.table->sequences, mode == Mode::replace ? Direction::any : Direction::forward_only);
  const std::string table_name = qualified_name(table);
  pg::call(relation_close, table, LOCKMODE{NoLock});

  const Datum row[] = {pg::text_datum(found.manifest.backup_id), pg::text_datum(table_name), Int64GetDatum(counts.restored),
                       Int64GetDatum(counts.removed), Float8GetDatum(watch.elapsed_ms())};
  const bool nulls[std::size(row)] = {};
  pg::ResultRows(fcinfo).add(row, nulls);
  return Datum{0};
}

}  // namespace
}  // namespace ferry::backup

FERRY_SQL_FUNCTION(ferry_restore_table) {
  return ferry::pg::boundary([&]() -> Datum { return ferry::backup::restore_table(fcinfo); });
}
