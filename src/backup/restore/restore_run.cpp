#include "backup/restore/restore_run.hpp"

#include "backup/backup_rows.hpp"
#include "backup/restore/added_rows.hpp"
#include "backup/restore/deferred_foreign_keys.hpp"
#include "backup/restore/replace_by_key.hpp"
#include "backup/restore/restore_columns.hpp"
#include "backup/restore/statement_rows.hpp"
#include "backup/sequences.hpp"
#include "base/concat.hpp"
#include "base/error.hpp"
#include "pg/guard.hpp"
#include "pg/names.hpp"
#include "pg/stopwatch.hpp"
#include "pg/table/table_use.hpp"

#include "pg/server.hpp"

extern "C" {
#include "access/relation.h"
#include "catalog/pg_inherits.h"
#include "executor/spi.h"
}

// What a restore does to its tables: it empties those that TRUNCATE may empty, in one go, fills one after the other, and then
// checks the foreign keys that it left out until then.
namespace ferry::backup {
namespace {

/// The rows of a table and its partitions, not of the children of an inheritance parent unless another engine stores it. Calls
/// the server without a guard.
std::int64_t count_rows(Oid table, bool is_elsewhere) {
  if (is_elsewhere) return count_by_query(table);
  std::int64_t count = 0;
  List* members = list_make1_oid(table);
  if (get_rel_relkind(table) == RELKIND_PARTITIONED_TABLE) members = find_all_inheritors(table, NoLock, nullptr);
  PushActiveSnapshot(GetLatestSnapshot());
  for (int i = 0; i < list_length(members); i++) {
    Relation const member = relation_open(list_nth_oid(members, i), NoLock);
    if (member->rd_rel->relkind == RELKIND_FOREIGN_TABLE) count += count_by_query(RelationGetRelid(member));
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
  PopActiveSnapshot();
  return count;
}

/// One statement for all of them: they may reference each other.
void truncate(std::vector<TableRestore>& tables) {
  std::string statement;
  for (TableRestore& table : tables) {
    const Oid oid = table.target.oid;
    if (!table.locked.is_emptied) continue;
    table.rows_removed = pg::call(count_rows, oid, bool{table.locked.is_elsewhere});
    const bool with_children = table.locked.is_elsewhere || pg::call(get_rel_relkind, oid) == RELKIND_PARTITIONED_TABLE;
    statement += concat(statement.empty() ? "TRUNCATE " : ", ", with_children ? "" : "ONLY ", pg::call(pg::qualified_name, oid));
  }
  if (statement.empty()) return;
  const char* const text = statement.c_str();
  pg::call([text] {
    SPI_connect();
    if (const int result = SPI_execute(text, false, 0); result != SPI_OK_UTILITY)
      elog(ERROR, "could not execute \"%s\": %s", text, SPI_result_code_string(result));
    SPI_finish();
  });
}

/// A table that is a partition of another one would be restored twice.
void check_disjoint(const std::vector<TableRestore>& tables) {
  for (const TableRestore& table : tables) {
    const List* const family = family_of(table.target.oid);
    for (const TableRestore& other : tables)
      if (other.target.oid != table.target.oid && pg::call(list_member_oid, family, other.target.oid))
        throw Error("22023", concat("cannot restore \"", table.name, "\" and \"", other.name, "\" together"))
            .detail("One is a partition of the other.");
  }
}

void put_in_fill_order(std::vector<TableRestore>& tables) {
  std::vector<RestoreTarget> targets;
  for (const TableRestore& table : tables) targets.push_back(table.target);
  std::vector<TableRestore> ordered;
  for (const std::size_t index : fill_order(targets)) ordered.push_back(tables[index]);
  tables = std::move(ordered);
}

/// The tables whose foreign keys with the one at index wait until all are filled. Where rows only come, parents come first, and
/// the keys to them need not wait; where rows go, too, no order is right. Another engine checks the keys of
/// its tables at once; it is asked for parents at the end.
List* deferred_partners(const std::vector<TableRestore>& tables, std::size_t index, Mode mode) {
  List* partners = NIL;
  for (std::size_t i = mode == Mode::replace ? 0 : index; i < tables.size(); i++)
    if (!tables[i].locked.is_elsewhere) partners = pg::call(list_concat_unique_oid, partners, family_of(tables[i].target.oid));
  return pg::call(list_concat_unique_oid, partners, static_cast<const List*>(tables[index].locked.parents));
}

AclMode use_of(Mode mode) {
  if (mode == Mode::append) return ACL_INSERT;
  return mode == Mode::upsert ? ACL_INSERT | ACL_UPDATE : ACL_INSERT | ACL_UPDATE | ACL_DELETE;
}

void fill(TableRestore& table, List* partners, Mode mode, std::vector<DeferredForeignKey>& keys) {
  Relation const relation = pg::call(relation_open, table.target.oid, LOCKMODE{NoLock});
  pg::show_use(relation, use_of(mode));
  BackupRows source(table.path, *table.entry, relation, pg::Operation::restore, match_restored);
  report_left_out(source.columns(), table.target.table);
  if (table.locked.is_elsewhere) {
    add_rows_by_statements(relation, source, mode);
  } else if (mode != Mode::replace || table.locked.is_emptied) {
    add_rows(relation, source, mode, partners);
  } else {
    const Oid key = find_key(relation);
    partners = pg::call(list_concat_unique_oid, partners, referrers_by_other_columns(relation, key));
    table.rows_removed = replace_by_key(relation, source, key, partners);
  }
  table.rows_restored = source.rows_read();
  pg::call(relation_close, relation, LOCKMODE{NoLock});
  if (!table.locked.is_elsewhere) collect_deferred_foreign_keys(table.target.oid, partners, keys);
}

bool is_primary_key(Oid index) {
  HeapTuple const tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(index));
  if (!HeapTupleIsValid(tuple)) return false;
  const bool is_primary = reinterpret_cast<Form_pg_index>(GETSTRUCT(tuple))->indisprimary;
  ReleaseSysCache(tuple);
  return is_primary;
}

/// Restored rows may break a key that is NOT VALID. So it need not be checked where no others can have lost a parent: upsert
/// takes away values of other columns than those of the primary key only, and without it no row of the child stays that is not
/// restored.
bool may_be_broken(const DeferredForeignKey& key, const List* restored, Mode mode) {
  if (key.is_validated || !pg::call(list_member_oid, restored, Oid{key.table})) return false;
  return mode != Mode::upsert || pg::call(is_primary_key, Oid{key.index});
}

/// Rows that were there may have lost a parent where rows are replaced. Only mode replace keeps other writers out.
void check_keys(const std::vector<DeferredForeignKey>& keys, const std::vector<TableRestore>& tables, Mode mode) {
  const bool replaces = mode == Mode::replace;
  List* restored = NIL;
  for (const TableRestore& table : tables) restored = pg::call(list_concat_unique_oid, restored, members_of(table.target.oid));
  for (const DeferredForeignKey& key : keys) {
    if (may_be_broken(key, restored, mode)) continue;
    const bool all_rows = replaces || (mode == Mode::upsert && key.is_validated);
    check_deferred_foreign_key(key, all_rows, replaces && pg::call(list_member_oid, restored, Oid{key.parent}));
  }
}

/// At last, for no rollback takes it back where a sequence does not belong to its column.
void restore_sequences_of(const std::vector<TableRestore>& tables, Mode mode) {
  const Direction direction = mode == Mode::replace ? Direction::any : Direction::forward_only;
  for (const TableRestore& table : tables) {
    Relation const relation = pg::call(relation_open, table.target.oid, LOCKMODE{NoLock});
    restore_sequences(relation, table.entry->sequences, direction, table.is_beside ? Feeders::own : Feeders::all);
    pg::call(relation_close, relation, LOCKMODE{NoLock});
  }
}

}  // namespace

void restore_all(std::vector<TableRestore>& tables, Mode mode) {
  pg::Stopwatch watch;
  for (const TableRestore& table : tables) verify_file(table.path, *table.entry);
  std::vector<std::string> names;
  std::vector<RestoreTarget> targets;
  for (const TableRestore& table : tables) names.push_back(table.name), targets.push_back(table.target);
  const std::vector<LockedTarget> locked = lock_targets(names, targets, mode);
  for (std::size_t i = 0; i < tables.size(); i++) tables[i].locked = locked[i];
  check_disjoint(tables);
  put_in_fill_order(tables);
  truncate(tables);
  std::vector<DeferredForeignKey> keys;
  double accounted_ms = 0;
  for (std::size_t i = 0; i < tables.size(); i++) {
    fill(tables[i], deferred_partners(tables, i, mode), mode, keys);
    tables[i].elapsed_ms = watch.elapsed_ms() - accounted_ms;
    accounted_ms += tables[i].elapsed_ms;
  }
  check_keys(keys, tables, mode);
  restore_sequences_of(tables, mode);
  tables.back().elapsed_ms += watch.elapsed_ms() - accounted_ms;
}

}  // namespace ferry::backup
