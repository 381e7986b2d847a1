#include <unistd.h>

#include <cstdio>
#include <string>
#include <vector>

#include "avro/container.hpp"
#include "avro/schema_json.hpp"
#include "backup/definition.hpp"
#include "backup/folder.hpp"
#include "backup/manifest.hpp"
#include "backup/sequences.hpp"
#include "backup/stopwatch.hpp"
#include "base/concat.hpp"
#include "base/error.hpp"
#include "map/row_writer.hpp"
#include "map/types.hpp"
#include "pg/arguments.hpp"
#include "pg/encoding.hpp"
#include "pg/guard.hpp"
#include "pg/output_file.hpp"

#include "pg/server.hpp"

extern "C" {
#include "access/genam.h"
#include "access/relation.h"
#include "access/tupconvert.h"
#include "access/xlog.h"
#include "catalog/catalog.h"
#include "catalog/indexing.h"
#include "catalog/pg_inherits.h"
#include "commands/dbcommands.h"
#include "mb/pg_wchar.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/rls.h"
#include "utils/timestamp.h"
}

// A backup in the order that its correctness needs: lock the table, take the snapshot, check that the snapshot sees the table as
// the catalogs do, write the rows, write the manifest.
namespace ferry::backup {
namespace {

constexpr std::size_t kBlockBytes = std::size_t{256} << 10;

/// The folder of a backup, which is removed with its file unless the backup comes to its end.
class NewFolder {
 public:
  NewFolder(const std::string& folder, const std::string& file) : folder_(folder), file_(file) { pg::make_folder(folder); }
  NewFolder(const NewFolder&) = delete;
  NewFolder& operator=(const NewFolder&) = delete;
  ~NewFolder() {
    if (is_kept_) return;
    ::unlink(file_.c_str());
    ::rmdir(folder_.c_str());
  }
  void keep() { is_kept_ = true; }

 private:
  std::string folder_, file_;
  bool is_kept_ = false;
};

void check_is_table(Relation relation) {
  const std::string name = RelationGetRelationName(relation);
  const char kind = relation->rd_rel->relkind;
  if (kind != RELKIND_RELATION && kind != RELKIND_PARTITIONED_TABLE)
    throw Error("42809", concat("\"", name, "\" is not a table")).hint("Only tables and partitioned tables can be backed up.");
  if (IsSystemRelation(relation)) throw Error("42501", concat("cannot back up system catalog \"", name, '"'));
  if (relation->rd_rel->relpersistence == RELPERSISTENCE_TEMP)
    throw Error("0A000", concat("cannot back up temporary table \"", name, '"'));
  if (relation->rd_rel->relpersistence == RELPERSISTENCE_UNLOGGED && RecoveryInProgress())
    throw Error("0A000", concat("cannot back up unlogged table \"", name, "\" during recovery"));
}

void check_may_read(Relation relation) {
  const Oid table = RelationGetRelid(relation);
  const char* const name = RelationGetRelationName(relation);
  pg::call([=] {
    if (pg_class_aclcheck(table, GetUserId(), ACL_SELECT) != ACLCHECK_OK &&
        pg_attribute_aclcheck_all(table, GetUserId(), ACL_SELECT, ACLMASK_ALL) != ACLCHECK_OK)
      aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_TABLE, name);
  });
  if (pg::call(check_enable_rls, table, Oid{InvalidOid}, false) == RLS_ENABLED)
    throw Error("42501", concat("row-level security policies would leave rows of table \"", name, "\" out of the backup"))
        .hint("Back up as the owner of the table or as a role with BYPASSRLS.");
}

void check_has_not_written() {
  if (TransactionIdIsValid(GetTopTransactionIdIfAny()))
    throw Error("25001", "cannot back up in a transaction that has already written")
        .detail("The backup would outlive a rollback of what it holds.");
}

/// Under REPEATABLE READ and higher the snapshot may be older than the lock. A table rewritten in between reads as empty then.
void check_not_rewritten(Relation relation, Snapshot snapshot) {
  const bool is_same = pg::call([=] {
    ScanKeyData key;
    ScanKeyInit(&key, Anum_pg_class_oid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(RelationGetRelid(relation)));
    Relation const catalog = table_open(RelationRelationId, AccessShareLock);
    SysScanDesc const scan = systable_beginscan(catalog, ClassOidIndexId, true, snapshot, 1, &key);
    HeapTuple const tuple = systable_getnext(scan);
    const bool same = HeapTupleIsValid(tuple) &&
                      reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple))->relfilenode == relation->rd_rel->relfilenode;
    systable_endscan(scan);
    table_close(catalog, AccessShareLock);
    return same;
  });
  if (!is_same)
    throw Error("40001", concat("could not back up table \"", RelationGetRelationName(relation),
                                "\": it was created or rewritten after the transaction's snapshot was taken"));
}

/// The relations that hold the rows: the table itself, or the leaves of a partitioned one. They stay locked, and open until
/// close_leaves().
std::vector<Relation> open_leaves(Relation relation) {
  if (relation->rd_rel->relkind == RELKIND_RELATION) return {relation};
  std::vector<Relation> leaves;
  List* const oids =
      pg::call(find_all_inheritors, RelationGetRelid(relation), LOCKMODE{AccessShareLock}, static_cast<List**>(nullptr));
  for (int i = 0; i < list_length(oids); i++) {
    Relation const member = pg::call(relation_open, list_nth_oid(oids, i), LOCKMODE{NoLock});
    if (member->rd_rel->relkind == RELKIND_FOREIGN_TABLE)
      throw Error("0A000", concat("cannot back up foreign table \"", RelationGetRelationName(member), '"'))
          .detail(concat("It is a partition of table \"", RelationGetRelationName(relation), "\"."));
    if (member->rd_rel->relkind == RELKIND_RELATION)
      leaves.push_back(member);
    else
      pg::call(relation_close, member, LOCKMODE{NoLock});
  }
  return leaves;
}

void close_leaves(const std::vector<Relation>& leaves, Relation relation) {
  for (Relation leaf : leaves)
    if (leaf != relation) pg::call(relation_close, leaf, LOCKMODE{NoLock});
}

/// Writes the rows of one leaf, in blocks of its own. Returns how many. Every block's rows are read within one guard.
std::int64_t write_leaf(Relation root, Relation leaf, Snapshot snapshot, map::RowWriter& rows, avro::ContainerWriter& out) {
  struct Scan {
    TableScanDesc scan;
    TupleTableSlot *slot, *root_slot;
    TupleConversionMap* map;
  };
  const Scan open = pg::call([=] {
    Scan s{};
    s.scan = table_beginscan_strat(leaf, snapshot, 0, nullptr, true, false);
    s.slot = table_slot_create(leaf, nullptr);
    s.map = leaf == root ? nullptr : convert_tuples_by_name(RelationGetDescr(leaf), RelationGetDescr(root));
    s.root_slot = s.map == nullptr ? nullptr : MakeSingleTupleTableSlot(RelationGetDescr(root), &TTSOpsVirtual);
    return s;
  });
  std::int64_t row_count = 0;
  for (bool has_more = true; has_more;) {
    pg::check_interrupts();
    has_more = pg::call([&open, &rows] {
      bool has_row = true;
      rows.begin_batch();
      while (rows.size_bytes() < kBlockBytes) {
        has_row = table_scan_getnextslot(open.scan, ForwardScanDirection, open.slot);
        if (!has_row) break;
        rows.append(open.map == nullptr ? open.slot : execute_attr_map_slot(open.map->attrMap, open.slot, open.root_slot));
      }
      rows.end_batch();
      return has_row;
    });
    out.write_block(rows.row_count(), rows.payload());
    row_count += rows.row_count();
    rows.clear();
  }
  pg::call([=] {
    table_endscan(open.scan);
    ExecDropSingleTupleTableSlot(open.slot);
    if (open.root_slot != nullptr) ExecDropSingleTupleTableSlot(open.root_slot);
  });
  return row_count;
}

avro::SyncMarker random_marker() {
  avro::SyncMarker marker;
  if (!pg_strong_random(marker.data(), marker.size())) throw Error("XX000", "could not generate random values");
  return marker;
}

/// Writes the table's file into folder and tells in entry what it wrote.
void write_table(Relation relation, Snapshot snapshot, const std::string& folder, TableEntry& entry) {
  const std::vector<Relation> leaves = open_leaves(relation);
  if (IsolationUsesXactSnapshot())
    for (Relation leaf : leaves) check_not_rewritten(leaf, snapshot);
  const map::Table table = map::describe(relation);
  const std::string schema_json = avro::to_json(map::record_schema(table, {.profile = map::Profile::lossless}).root());
  pg::OutputFile file(concat(folder, '/', entry.file));
  avro::ContainerWriter out(
      file, {.schema_json = schema_json, .sync_marker = random_marker(), .codec = avro::CodecKind::zstandard, .level = 1});
  map::RowWriter rows(table, map::Profile::lossless);
  for (Relation leaf : leaves) entry.rows += write_leaf(relation, leaf, snapshot, rows, out);
  file.commit();
  close_leaves(leaves, relation);
  entry.bytes = file.bytes_written();
  entry.sha256 = file.sha256();
  entry.schema_sha256 = pg::sha256_of(as_bytes(schema_json));
  for (const map::Column& column : table.columns)
    entry.columns.push_back({pg::to_utf8(column.name), pg::to_utf8(column.type.name), !column.is_nullable, column.is_generated});
}

/// The unique keys without expressions and predicates.
std::vector<KeyEntry> read_keys(Relation relation) {
  std::vector<KeyEntry> keys;
  List* const oids = pg::call(RelationGetIndexList, relation);
  for (int i = 0; i < list_length(oids); i++) {
    Relation const index = pg::call(relation_open, list_nth_oid(oids, i), LOCKMODE{AccessShareLock});
    const bool is_plain = pg::call([index] {
      return index->rd_index->indisunique && index->rd_index->indisvalid && RelationGetIndexExpressions(index) == NIL &&
             RelationGetIndexPredicate(index) == NIL;
    });
    if (is_plain) {
      KeyEntry& key = keys.emplace_back();
      key.name = pg::to_utf8(RelationGetRelationName(index));
      key.is_primary = index->rd_index->indisprimary;
      for (int at = 0; at < index->rd_index->indnkeyatts; at++) {
        const AttrNumber attribute = index->rd_index->indkey.values[at];
        key.columns.push_back(pg::to_utf8(NameStr(TupleDescAttr(RelationGetDescr(relation), attribute - 1)->attname)));
      }
    }
    pg::call(relation_close, index, LOCKMODE{AccessShareLock});
  }
  return keys;
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

void write_manifest(const Manifest& manifest, const std::string& folder) {
  pg::OutputFile file(concat(folder, '/', kManifestName));
  file.write(as_bytes(with_checksum(to_json(manifest))));
  file.commit();
}

Datum backup_table(FunctionCallInfo fcinfo) {
  const Stopwatch watch;
  const pg::Arguments arguments(fcinfo);
  const Oid oid = arguments.oid(0, "target");
  check_has_not_written();
  Relation const relation = pg::call(relation_open, oid, LOCKMODE{AccessShareLock});
  check_is_table(relation);
  check_may_read(relation);
  const std::string directory = find_directory(arguments.optional_text(1), Purpose::backup);

  Manifest manifest = begin_manifest(new_backup_id(), 0);
  TableEntry& entry = manifest.tables.emplace_back();
  entry.name = pg::to_utf8(RelationGetRelationName(relation));
  entry.schema = pg::to_utf8(pg::call(get_namespace_name, RelationGetNamespace(relation)));
  entry.owner = pg::to_utf8(pg::call(GetUserNameFromId, relation->rd_rel->relowner, false));
  entry.oid = oid;
  entry.file = file_name(entry.schema, entry.name, oid);
  const std::string folder = concat(directory, '/', manifest.backup_id);

  // the locks of partitions come before the snapshot, too
  close_leaves(open_leaves(relation), relation);
  Snapshot const snapshot = pg::call([] { return PushActiveSnapshot(GetTransactionSnapshot()), GetActiveSnapshot(); });
  manifest.taken_at = utc_text(IsolationUsesXactSnapshot() ? GetCurrentTransactionStartTimestamp() : GetCurrentTimestamp());
  NewFolder unfinished(folder, concat(folder, '/', entry.file));
  write_table(relation, snapshot, folder, entry);
  entry.keys = read_keys(relation);
  entry.sequences = read_sequences(relation);
  entry.definition = definition_of(relation);
  write_manifest(manifest, folder);
  unfinished.keep();
  pg::call(PopActiveSnapshot);
  const char* const table_name = pg::call([relation] {
    return quote_qualified_identifier(get_namespace_name(RelationGetNamespace(relation)), RelationGetRelationName(relation));
  });
  pg::call(relation_close, relation, LOCKMODE{NoLock});

  const std::string path = concat(folder, '/', entry.file);
  const Datum row[] = {pg::text_datum(manifest.backup_id), pg::text_datum(table_name), pg::text_datum(path),
                       Int64GetDatum(entry.rows),          Int64GetDatum(entry.bytes), pg::text_datum(entry.sha256),
                       Float8GetDatum(watch.elapsed_ms())};
  const bool nulls[std::size(row)] = {};
  pg::ResultRows(fcinfo).add(row, nulls);
  return Datum{0};
}

}  // namespace
}  // namespace ferry::backup

FERRY_SQL_FUNCTION(ferry_backup_table) {
  return ferry::pg::boundary([&]() -> Datum { return ferry::backup::backup_table(fcinfo); });
}
