#include "backup/replace_by_key.hpp"

#include <type_traits>

#include "backup/load_rows.hpp"
#include "backup/target.hpp"
#include "pg/compat.hpp"
#include "pg/key_search.hpp"
#include "pg/table_writer.hpp"

#include "pg/server.hpp"

extern "C" {
#include "catalog/index.h"
#include "catalog/pg_operator.h"
#include "utils/datum.h"
#include "utils/tuplesort.h"
#include "utils/tuplestore.h"
}

namespace ferry::backup {
namespace {

/// The state of one replacement. The functions call the server without a guard of their own.
///
/// Everything is looked up under one snapshot, taken after the lock: it shows the table as it was before the first change. So
/// the tids of the rows that stay are those of their old versions; sorted, they tell a scan in tid order which rows to remove.
class Replacement {
 public:
  static Replacement open(Relation table, Oid key);
  void close();

  void put(TupleTableSlot* row);
  void remove_others();
  void recheck_conflicts();

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

Replacement Replacement::open(Relation table, Oid key) {
  Replacement r{};
  r.table_ = table;
  r.key_ = key;
  PushActiveSnapshot(GetLatestSnapshot());
  r.snapshot_ = GetActiveSnapshot();
  r.writer = pg::TableWriter::open(table, pg::TriggerSet::constraints);
  if (OidIsValid(key)) r.search_ = pg::KeySearch::open(table, key, r.snapshot_);
  r.found_ = table_slot_create(table, nullptr);
  r.current_ = table_slot_create(table, nullptr);
  r.kept_ = tuplesort_begin_datum(INT8OID, Int8LessOperator, InvalidOid, false, work_mem, nullptr, TUPLESORT_NONE);
  r.conflicts_ = tuplestore_begin_heap(false, false, work_mem);
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
  PopActiveSnapshot();
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
}

void Replacement::remove_others() {
  tuplesort_performsort(kept_);
  Datum value;
  has_next_kept_ = pg::compat::next_sorted_datum(kept_, &value);
  if (has_next_kept_) next_kept_ = DatumGetInt64(value);
  TableScanDesc const scan = table_beginscan_strat(table_, snapshot_, 0, nullptr, true, false);
  while (table_scan_getnextslot(scan, ForwardScanDirection, found_)) {
    CHECK_FOR_INTERRUPTS();
    remove_unless_kept(found_);
  }
  if (has_next_kept_) fail_duplicate_key();
  ExecClearTuple(found_);
  table_endscan(scan);
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

}  // namespace

std::int64_t replace_by_key(Relation table, RestoreSource& source) {
  const Oid key = find_key(table);
  const Brackets brackets = needs_single_bracket(table, key) ? Brackets::one : Brackets::many;
  Replacement replacement = pg::call(Replacement::open, table, key);
  Replacement& r = replacement;
  if (brackets == Brackets::one) pg::call([&r] { r.writer.begin_bracket(); });
  const auto remove_others = [&r, brackets] {
    if (brackets == Brackets::many) r.writer.begin_bracket();
    r.remove_others();
    if (brackets == Brackets::many) r.writer.end_bracket();
  };
  if (!OidIsValid(key)) pg::call(remove_others);
  load_rows(source, r.writer, brackets, [&r](TupleTableSlot* row) { r.put(row); });
  if (OidIsValid(key)) pg::call(remove_others);
  pg::call([&r, brackets] {
    if (brackets == Brackets::one) r.writer.end_bracket();
    r.recheck_conflicts();
    r.close();
  });
  return r.removed;
}

}  // namespace ferry::backup
