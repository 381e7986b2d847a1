#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "backup/folder.hpp"
#include "backup/manifest.hpp"
#include "backup/shortcomings.hpp"
#include "backup/table_entry.hpp"
#include "backup/table_plan.hpp"
#include "base/concat.hpp"
#include "base/error.hpp"
#include "export/export_query.hpp"
#include "export/file_export.hpp"
#include "map/types/table.hpp"
#include "pg/arguments.hpp"
#include "pg/encoding.hpp"
#include "pg/guard.hpp"
#include "pg/io/sha256.hpp"
#include "pg/progress.hpp"
#include "pg/stopwatch.hpp"
#include "pg/table/table_use.hpp"

#include "pg/server.hpp"

extern "C" {
#include "access/relation.h"
#include "catalog/namespace.h"
#include "commands/dbcommands.h"
#include "mb/pg_wchar.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"
#include "utils/timestamp.h"
}

// A backup in the order that its correctness needs: lock the tables, take the snapshot, check that the snapshot sees the tables
// as the catalogs do, write the rows, write the manifest.
namespace ferry::backup {
namespace {

constexpr codec::CodecKind kCodec = codec::CodecKind::zstandard;
constexpr int kLevel = 1;

/// The folder of a backup, which is taken back with its files unless the backup comes to its end.
class NewFolder {
 public:
  NewFolder(Directory& directory, std::string id) : directory_(directory), id_(std::move(id)) { directory_.make_folder(id_); }
  NewFolder(const NewFolder&) = delete;
  NewFolder& operator=(const NewFolder&) = delete;
  ~NewFolder() {
    if (is_kept_) return;
    // the manifest first: what is listed is to have its files to the end
    std::reverse(files_.begin(), files_.end());
    directory_.take_back(id_, files_);
  }
  [[nodiscard]] std::unique_ptr<NewFile> create(const std::string& name) {
    return directory_.create(id_, files_.emplace_back(name));
  }
  [[nodiscard]] std::string path_of(const std::string& name) const { return directory_.path_of(id_, name); }
  void keep() { is_kept_ = true; }

 private:
  Directory& directory_;
  std::string id_;
  std::vector<std::string> files_;
  bool is_kept_ = false;
};

/// The rows of a table on their way into its file: by scans of the relations that hold them, or, where they are elsewhere, by a
/// query.
class TableRows {
 public:
  /// columns: of relation; by a query they get the numbers that they have in its result.
  TableRows(Relation relation, const PlannedTable& planned, map::Table& columns) : relation_(relation) {
    if (!planned.is_elsewhere) {
      leaves_ = open_leaves(planned, relation);
      return;
    }
    for (map::Column& column : columns.columns) column.is_nullable = column.is_nullable || planned.has_foreign_rows;
    constexpr bool kWithChildren = true;
    query_.emplace().begin(relation, columns, kWithChildren, debug_query_string == nullptr ? "" : debug_query_string);
  }

  [[nodiscard]] bool are_in_snapshot() const { return !query_ || query_->is_in_snapshot(); }

  void write(exporter::FileExport& out) {
    for (Relation leaf : leaves_) out.write_all(relation_, leaf);
    close_leaves(leaves_, relation_);
    if (!query_) return;
    query_->run(out);
    query_->finish();
  }

 private:
  Relation relation_;
  std::vector<Relation> leaves_;
  std::optional<exporter::ExportQuery> query_;
};

/// Writes the table's file into folder and tells in entry what it wrote.
void write_table(Relation relation, const PlannedTable& planned, NewFolder& folder, TableEntry& entry) {
  map::Table table = map::describe(relation);
  for (const map::Column& column : table.columns)
    entry.columns.push_back({pg::to_utf8(column.name), pg::to_utf8(column.type.name), !column.is_nullable, column.is_generated});
  TableRows source(relation, planned, table);
  pg::ExportProgress progress;
  progress.operation = pg::Operation::backup;
  progress.table = planned.table;
  progress.kind = pg::StreamKind::file;
  exporter::FileExport rows(table,
                            {.record = {.profile = map::Profile::lossless},
                             .codec = kCodec,
                             .level = kLevel,
                             .context_prefix = concat("backup of ", table.name, ", ")},
                            progress);
  const std::unique_ptr<NewFile> file = folder.create(entry.file);
  rows.begin(*file);
  source.write(rows);
  file->commit();
  rows.finish();
  entry.rows = rows.row_count();
  entry.bytes = file->bytes_written();
  entry.is_in_snapshot = source.are_in_snapshot();
  entry.sha256 = file->sha256();
  entry.schema_sha256 = pg::sha256_of(as_bytes(rows.schema_json()));
}

/// ISO 8601, UTC, with microseconds.
std::string utc_text(TimestampTz time) {
  const pg_time_t seconds = timestamptz_to_time_t(time);
  const pg_tm* const utc = pg_gmtime(&seconds);
  char text[64];
  std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", utc->tm_year + 1900, utc->tm_mon + 1, utc->tm_mday,
                utc->tm_hour, utc->tm_min, utc->tm_sec, static_cast<int>(time % USECS_PER_SEC));
  return text;
}

/// What the manifest says of the backup as a whole.
Manifest begin_manifest(const std::string& id, TimestampTz taken_at) {
  Manifest manifest;
  manifest.backup_id = id;
  manifest.taken_at = utc_text(taken_at);
  manifest.server_version = PG_VERSION;
  if (const char* version = pg::call(GetConfigOption, "server_version", true, false)) manifest.server_version = version;
  manifest.database = pg::to_utf8(pg::call(get_database_name, MyDatabaseId));
  manifest.encoding = pg::call(GetDatabaseEncodingName);
  return manifest;
}

void write_manifest(const Manifest& manifest, NewFolder& folder) {
  const std::string text = with_checksum(to_json(manifest));
  if (text.size() > kMaxManifestBytes)
    throw Error("54000", concat("manifest of ", text.size(), " bytes is longer than ", kMaxManifestBytes))
        .hint("Back up fewer tables at once.");
  const std::unique_ptr<NewFile> file = folder.create(kManifestName);
  file->write(as_bytes(text));
  file->commit();
}

/// Adds a table to the backup, in memory that is free again afterwards. Returns its milliseconds.
double back_up(const PlannedTable& planned, NewFolder& folder, Manifest& manifest) {
  const pg::Stopwatch watch;
  MemoryContext const caller = CurrentMemoryContext;
  MemoryContext const own = pg::call([caller] {
    MemoryContext const context = AllocSetContextCreate(caller, "pg_ferry backup of a table", ALLOCSET_DEFAULT_SIZES);
    MemoryContextSwitchTo(context);
    return context;
  });
  Relation const table = pg::call(relation_open, planned.table, LOCKMODE{NoLock});
  TableEntry& entry = manifest.tables.emplace_back(begin_entry(table));
  write_table(table, planned, folder, entry);
  add_facts(entry, table);
  pg::call(relation_close, table, LOCKMODE{NoLock});
  pg::call([=] {
    MemoryContextSwitchTo(caller);
    MemoryContextDelete(own);
  });
  return watch.elapsed_ms();
}

void check_has_not_written() {
  if (TransactionIdIsValid(GetTopTransactionIdIfAny()))
    throw Error("25001", "cannot back up in a transaction that has already written")
        .detail("The backup would outlive a rollback of what it holds.");
}

/// Runs the backup that a call asks for and answers it.
void run(const Request& request, const std::optional<std::string>& named_directory, FunctionCallInfo fcinfo) {
  check_has_not_written();
  const std::unique_ptr<Directory> directory = find_directory(named_directory, Purpose::backup);
  auto [planned, taken_at] = lock_and_snapshot(request);
  if (planned.empty()) {
    const char* const schema = pg::call(get_namespace_name, request.schema);
    throw Error("42P01", concat("schema \"", schema == nullptr ? "" : schema, "\" has no tables to back up"));
  }
  for (PlannedTable& table : planned) {
    Relation const relation = open_checked(table);
    pg::show_use(relation, ACL_SELECT);
    pg::call(relation_close, relation, LOCKMODE{NoLock});
  }
  report_shortcomings(planned);

  Manifest manifest = begin_manifest(new_backup_id(), taken_at);
  NewFolder folder(*directory, manifest.backup_id);
  std::vector<double> elapsed_ms;
  for (const PlannedTable& table : planned) elapsed_ms.push_back(back_up(table, folder, manifest));
  write_manifest(manifest, folder);
  folder.keep();
  report_missing_snapshot(manifest);
  pg::call(PopActiveSnapshot);

  pg::ResultRows result(fcinfo);
  for (std::size_t i = 0; i < planned.size(); i++) {
    const TableEntry& entry = manifest.tables[i];
    const Datum row[] = {pg::text_datum(manifest.backup_id),
                         pg::text_datum(sql_name(entry)),
                         pg::text_datum(folder.path_of(entry.file)),
                         Int64GetDatum(entry.rows),
                         Int64GetDatum(entry.bytes),
                         pg::text_datum(entry.sha256),
                         pg::milliseconds_datum(elapsed_ms[i])};
    const bool nulls[std::size(row)] = {};
    result.add(row, nulls);
  }
}

Datum backup_table(FunctionCallInfo fcinfo) {
  const pg::Arguments arguments(fcinfo);
  run({.tables = {arguments.oid(0, "target")}}, arguments.optional_text(1), fcinfo);
  return Datum{0};
}

Datum backup_tables(FunctionCallInfo fcinfo) {
  const pg::Arguments arguments(fcinfo);
  const Request request{.tables = arguments.oids(0, "targets")};
  if (request.tables.empty()) throw Error("22023", "argument \"targets\" must not be empty");
  run(request, arguments.optional_text(1), fcinfo);
  return Datum{0};
}

Datum backup_schema(FunctionCallInfo fcinfo) {
  const pg::Arguments arguments(fcinfo);
  const Request request{.schema = arguments.oid(0, "schema")};
  // checks that it is there, and the right to use it
  pg::call([&request] {
    const char* const name = get_namespace_name(request.schema);
    if (name == nullptr)
      ereport(ERROR, (errcode(ERRCODE_UNDEFINED_SCHEMA), errmsg("schema with OID %u does not exist", request.schema)));
    LookupExplicitNamespace(name, false);
  });
  run(request, arguments.optional_text(1), fcinfo);
  return Datum{0};
}

}  // namespace
}  // namespace ferry::backup

FERRY_SQL_FUNCTION(ferry_backup_table) {
  return ferry::pg::boundary([&]() -> Datum { return ferry::backup::backup_table(fcinfo); });
}

FERRY_SQL_FUNCTION(ferry_backup_tables) {
  return ferry::pg::boundary([&]() -> Datum { return ferry::backup::backup_tables(fcinfo); });
}

FERRY_SQL_FUNCTION(ferry_backup_schema) {
  return ferry::pg::boundary([&]() -> Datum { return ferry::backup::backup_schema(fcinfo); });
}
