#include "backup/restore/replace_by_key.hpp"

#include <algorithm>
#include <type_traits>
#include <unordered_map>
#include <vector>

#include "backup/restore/load_rows.hpp"
#include "pg/compat.hpp"
#include "pg/table/key_search.hpp"
#include "pg/table/table_writer.hpp"

#include "pg/server.hpp"

extern "C" {
#include "access/relation.h"
#include "catalog/index.h"
#include "catalog/partition.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_operator.h"
#include "utils/datum.h"
#include "utils/tuplesort.h"
#include "utils/tuplestore.h"
}

namespace ferry::backup {
namespace {

struct ReplacementOptions {
  Oid key;         ///< an index of the table
  List* partners;  ///< see replace_by_key()
  int memory_kb;   ///< for each of two stores of tids, which go to disk beyond that
};

/// The state of the replacement of one table or partition. The functions call the server without a guard of their own.
///
/// Everything is looked up under one snapshot, taken after the lock: it shows the table as it was before the first change. So
/// the tids of the rows that stay are those of their old versions; sorted, they tell a scan in tid order which rows to remove.
class Replacement {
 public:
  static Replacement open(Relation table, const ReplacementOptions& options);
  void close();

  void put(TupleTableSlot* row);
  void remove_others();
  void recheck_conflicts();

  [[nodiscard]] Relation table() const { return table_; }

  pg::TableWriter writer;
  std::int64_t removed = 0;

 private:
  [[nodiscard]] bool is_same_row(TupleTableSlot* row) const;
  void note_conflicts();
  void remove_unless_kept(TupleTableSlot* row);
  [[noreturn]] void fail_duplicate_key() const;

  Relation table_;
  Oid key_;
  Snapshot snapshot_;
  pg::KeySearch search_;
  TupleTableSlot *found_, *current_;
  Tuplesortstate* kept_;        // encoded tids
  Tuplestorestate* conflicts_;  // encoded tid, index
  TupleDesc conflict_row_;
  bool has_next_kept_;
  std::int64_t next_kept_;
};
static_assert(std::is_trivially_destructible_v<Replacement>);

Replacement Replacement::open(Relation table, const ReplacementOptions& options) {
  Replacement r{};
  const Oid key = options.key;
  r.table_ = table;
  r.key_ = key;
  r.snapshot_ = RegisterSnapshot(GetLatestSnapshot());
  PushActiveSnapshot(r.snapshot_);
  r.writer = pg::TableWriter::open(table, pg::TriggerSet::constraints);
  r.writer.leave_out_foreign_keys_with(options.partners);
  PopActiveSnapshot();
  if (OidIsValid(key)) r.search_ = pg::KeySearch::open(table, key, r.snapshot_);
  r.found_ = table_slot_create(table, nullptr);
  r.current_ = table_slot_create(table, nullptr);
  r.kept_ = tuplesort_begin_datum(INT8OID, Int8LessOperator, InvalidOid, false, options.memory_kb, nullptr, TUPLESORT_NONE);
  r.conflicts_ = tuplestore_begin_heap(false, false, options.memory_kb);
  r.conflict_row_ = CreateTemplateTupleDesc(2);
  TupleDescInitEntry(r.conflict_row_, 1, "tid", INT8OID, -1, 0);
  TupleDescInitEntry(r.conflict_row_, 2, "index", OIDOID, -1, 0);
  pg::compat::finish_tuple_desc(r.conflict_row_);
  return r;
}

void Replacement::close() {
  tuplesort_end(kept_);
  tuplestore_end(conflicts_);
  ExecDropSingleTupleTableSlot(found_);
  ExecDropSingleTupleTableSlot(current_);
  if (OidIsValid(key_)) search_.close();
  writer.close();
  UnregisterSnapshot(snapshot_);
}

/// Whether the row in found_ has exactly the values of row. Generated columns follow from the others.
bool Replacement::is_same_row(TupleTableSlot* row) const {
  TupleDesc const descriptor = RelationGetDescr(table_);
  slot_getallattrs(found_);
  for (int i = 0; i < descriptor->natts; i++) {
    const Form_pg_attribute attribute = TupleDescAttr(descriptor, i);
    if (attribute->attisdropped || attribute->attgenerated != '\0') continue;
    if (row->tts_isnull[i] != found_->tts_isnull[i]) return false;
    if (!row->tts_isnull[i] && !datum_image_eq(row->tts_values[i], found_->tts_values[i], attribute->attbyval, attribute->attlen))
      return false;
  }
  return true;
}

void Replacement::put(TupleTableSlot* row) {
  if (!OidIsValid(key_)) {
    writer.insert(row);
    return;
  }
  if (!search_.find(row, found_)) {
    writer.insert_noting_conflicts(row);
    return note_conflicts();
  }
  ItemPointerData tid = found_->tts_tid;
  tuplesort_putdatum(kept_, Int64GetDatum(itemptr_encode(&tid)), false);
  if (is_same_row(row)) return;
  // gone for the present means that this restore has changed it
  if (!table_tuple_fetch_row_version(table_, &tid, SnapshotSelf, current_)) fail_duplicate_key();
  writer.replace(&tid, row);
  note_conflicts();
}

void Replacement::note_conflicts() {
  ItemPointerData tid = writer.stored()->tts_tid;
  for (int i = 0; i < list_length(writer.conflicts()); i++) {
    Datum values[] = {Int64GetDatum(itemptr_encode(&tid)), ObjectIdGetDatum(list_nth_oid(writer.conflicts(), i))};
    bool nulls[] = {false, false};
    tuplestore_putvalues(conflicts_, conflict_row_, values, nulls);
  }
}

void Replacement::remove_unless_kept(TupleTableSlot* row) {
  const std::int64_t tid = itemptr_encode(&row->tts_tid);
  if (has_next_kept_ && next_kept_ < tid) fail_duplicate_key();
  Datum value;
  if (has_next_kept_ && next_kept_ == tid) {
    has_next_kept_ = pg::compat::next_sorted_datum(kept_, &value);
    if (has_next_kept_) next_kept_ = DatumGetInt64(value);
    return;
  }
  writer.input_slot();  // empties the memory of the row before
  ItemPointerData removed_tid = row->tts_tid;
  writer.remove(&removed_tid);
  removed++;
  if (removed % kBracketRows != 0) return;
  writer.end_bracket();
  writer.begin_bracket();
}

void Replacement::remove_others() {
  tuplesort_performsort(kept_);
  Datum value;
  has_next_kept_ = pg::compat::next_sorted_datum(kept_, &value);
  if (has_next_kept_) next_kept_ = DatumGetInt64(value);
  writer.begin_bracket();
  TableScanDesc const scan = table_beginscan_strat(table_, snapshot_, 0, nullptr, true, false);
  while (table_scan_getnextslot(scan, ForwardScanDirection, found_)) {
    CHECK_FOR_INTERRUPTS();
    remove_unless_kept(found_);
  }
  if (has_next_kept_) fail_duplicate_key();
  ExecClearTuple(found_);
  table_endscan(scan);
  writer.end_bracket();
}

void Replacement::recheck_conflicts() {
  TupleTableSlot* const slot = MakeSingleTupleTableSlot(conflict_row_, &TTSOpsMinimalTuple);
  while (tuplestore_gettupleslot(conflicts_, true, false, slot)) {
    CHECK_FOR_INTERRUPTS();
    writer.input_slot();
    MemoryContext const caller = MemoryContextSwitchTo(writer.expression_context()->ecxt_per_tuple_memory);
    bool is_null = false;
    ItemPointerData tid;
    itemptr_decode(&tid, DatumGetInt64(slot_getattr(slot, 1, &is_null)));
    writer.recheck(&tid, DatumGetObjectId(slot_getattr(slot, 2, &is_null)));
    MemoryContextSwitchTo(caller);
  }
  ExecDropSingleTupleTableSlot(slot);
}

void Replacement::fail_duplicate_key() const {
  ereport(ERROR, (errcode(ERRCODE_UNIQUE_VIOLATION),
                  errmsg("backup of table \"%s\" has two rows with the same key", RelationGetRelationName(table_)),
                  errdetail("The key is that of index \"%s\".", get_rel_name(key_))));
}

std::int64_t replace_rows(Relation table, BackupRows& source, const ReplacementOptions& options) {
  Replacement replacement = pg::call(Replacement::open, table, options);
  Replacement& r = replacement;
  const bool has_key = OidIsValid(options.key);
  if (!has_key) pg::call([&r] { r.remove_others(); });
  load_rows(source, r.writer, [&r](TupleTableSlot* row) { r.put(row); });
  pg::call([&r, has_key] {
    if (has_key) r.remove_others();
    r.recheck_conflicts();
    r.close();
  });
  return r.removed;
}

/// The replacements of the partitions of a table, each by itself: a key has the columns that tell the partition, so that a row
/// with the same key is in the same one.
class Partitions {
 public:
  Partitions(Relation root, const ReplacementOptions& options) : options_(options) {
    const List* const members = pg::call([root] { return find_all_inheritors(RelationGetRelid(root), NoLock, nullptr); });
    for (int i = 0; i < list_length(members); i++)
      if (const Oid oid = list_nth_oid(members, i); pg::call(get_rel_relkind, oid) == RELKIND_RELATION) leaves_.push_back(oid);
    const int shares = std::max(1, static_cast<int>(leaves_.size()));
    options_.memory_kb = std::max(kLeastMemoryKb, options.memory_kb / shares);
  }

  /// Calls the server without a guard.
  void put(Oid partition, TupleTableSlot* row) {
    Replacement& r = open(partition);
    r.writer.input_slot();  // empties the memory of its row before
    r.writer.begin_bracket();
    r.put(row);
    r.writer.end_bracket();
  }

  /// Without a key, before the first put().
  void remove_all() {
    for (const Oid partition : leaves_) pg::call([this, partition] { open(partition).remove_others(); });
  }

  /// Behind the last put(). Returns how many rows were removed from all partitions.
  std::int64_t finish() {
    std::int64_t removed = 0;
    for (const Oid partition : leaves_) removed += pg::call([this, partition] { return finish(open(partition)); });
    return removed;
  }

 private:
  static constexpr int kLeastMemoryKb = 64;

  /// Calls the server without a guard, and so do the next two.
  [[nodiscard]] std::int64_t finish(Replacement& r) const {
    Relation const relation = r.table();
    if (OidIsValid(options_.key)) r.remove_others();
    r.recheck_conflicts();
    r.close();
    relation_close(relation, NoLock);
    return r.removed;
  }

  /// The index of a partition that belongs to the one of the root table.
  [[nodiscard]] Oid index_of(Relation partition) const {
    if (!OidIsValid(options_.key)) return InvalidOid;
    List* const indexes = RelationGetIndexList(partition);
    for (int i = 0; i < list_length(indexes); i++) {
      const Oid index = list_nth_oid(indexes, i);
      if (get_rel_relispartition(index) && list_member_oid(get_partition_ancestors(index), options_.key)) return index;
    }
    elog(ERROR, "partition \"%s\" lacks an index", RelationGetRelationName(partition));
  }

  Replacement& open(Oid partition) {
    const auto known = opened_.find(partition);
    if (known != opened_.end()) return known->second;
    MemoryContext const caller = MemoryContextSwitchTo(context_);
    Relation const relation = relation_open(partition, NoLock);
    ReplacementOptions options = options_;
    options.key = index_of(relation);
    const Replacement made = Replacement::open(relation, options);
    MemoryContextSwitchTo(caller);
    return opened_.emplace(partition, made).first->second;
  }

  ReplacementOptions options_;
  std::vector<Oid> leaves_;
  MemoryContext context_ = CurrentMemoryContext;
  std::unordered_map<Oid, Replacement> opened_;
};

std::int64_t replace_partitions(Relation root, BackupRows& source, const ReplacementOptions& options) {
  Partitions partitions(root, options);
  pg::TableWriter router = pg::call([root] {
    PushActiveSnapshot(GetLatestSnapshot());
    return pg::TableWriter::open(root, pg::TriggerSet::constraints);
  });
  if (!OidIsValid(options.key)) partitions.remove_all();
  load_rows(source, router, [&router, &partitions](TupleTableSlot* row) {
    const Oid partition = router.find_partition(&row);
    partitions.put(partition, row);
  });
  const std::int64_t removed = partitions.finish();
  pg::call([&router] {
    router.close();
    PopActiveSnapshot();
  });
  return removed;
}

}  // namespace

std::int64_t replace_by_key(Relation table, BackupRows& source, Oid key, List* partners) {
  const ReplacementOptions options{.key = key, .partners = partners, .memory_kb = work_mem};
  const bool is_partitioned = table->rd_rel->relkind == RELKIND_PARTITIONED_TABLE;
  return is_partitioned ? replace_partitions(table, source, options) : replace_rows(table, source, options);
}

}  // namespace ferry::backup
