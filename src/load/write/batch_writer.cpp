#include "load/write/batch_writer.hpp"

#include <algorithm>

#include "load/table/self_references.hpp"
#include "load/write/bulk_rules.hpp"
#include "pg/table/index_rebuild.hpp"

#include "pg/server.hpp"

namespace ferry::load {

using pg::call;

namespace {

/// So many partitions have buffers of their own for many rows, and those only that get so many in a batch.
constexpr std::size_t kMostInBulk = 32, kLeastBulkRows = 64;

/// Whether a foreign key may refer to rows of the load, in the table or in any of its partitions, which the check of the key does
/// not see before they are written; one that refers to its own heap is no matter.
bool has_reference_to_load(const std::vector<pg::ForeignKey>& keys, Oid table) {
  return std::any_of(keys.begin(), keys.end(), [table](const pg::ForeignKey& key) {
    return !key.definition().is_self_reference && may_share_rows(table, key.definition().parent);
  });
}

}  // namespace

std::unique_ptr<BatchWriter> BatchWriter::for_table(Source& source, TargetTable& target, const WriterOptions& options) {
  if (!allows_bulk(target, options.on_conflict)) return nullptr;
  auto writer = std::make_unique<BatchWriter>(source, target, options);
  if (!writer->converter_.rows_are_independent()) return nullptr;
  if (writer->is_partitioned_) {
    writer->open_table();
    return writer;
  }
  auto foreign_keys = foreign_keys_of(target.relation(), target.facts());
  if (!foreign_keys.are_all || has_reference_to_load(foreign_keys.keys, RelationGetRelid(target.relation()))) return nullptr;
  if (writer->open_alone(std::move(foreign_keys.keys))) return writer;
  writer->close_table();
  return nullptr;
}

BatchWriter::BatchWriter(Source& source, TargetTable& target, const WriterOptions& options)
    : source_(source),
      target_(target),
      options_(options),
      is_partitioned_(target.relation()->rd_rel->relkind == RELKIND_PARTITIONED_TABLE),
      load_context_(CurrentMemoryContext),
      converter_(source, target, options, table_, RowChecks::decide) {}

void BatchWriter::open_table() {
  Relation const relation = target_.relation();
  if (is_partitioned_)
    heap_context_ = call([this] { return AllocSetContextCreate(load_context_, "pg_ferry partition", ALLOCSET_DEFAULT_SIZES); });
  table_ = call([this, relation] {
    MemoryContext const caller = MemoryContextSwitchTo(load_context_);
    const auto table = pg::TableWriter::open(relation, pg::TriggerSet::all, target_.written_columns());
    MemoryContextSwitchTo(caller);
    return table;
  });
  converter_.forget_targets();
}

/// A table without partitions. False where an index needs its rows to be written row by row.
bool BatchWriter::open_alone(std::vector<pg::ForeignKey> foreign_keys) {
  Relation const relation = target_.relation();
  constexpr std::int64_t kWorthwhileBytes = 1 << 20;
  const bool is_large = source_.bytes_total() >= kWorthwhileBytes;
  const bool may_build_later = is_large && call([relation] { return pg::may_rebuild_indexes(relation); });
  open_table();
  Heap& heap = heaps_[RelationGetRelid(relation)];
  heap.writer = std::make_unique<HeapWriter>(source_, target_, options_, std::move(foreign_keys));
  if (!heap.writer->open(table_.target(), table_.executor_state(), nullptr)) return false;
  lacks_indexes_ = may_build_later && heap.writer->can_do_without_entries();
  heap.writer->begin_bulk(lacks_indexes_);
  return true;
}

void BatchWriter::close_table() {
  for (auto& [table, heap] : heaps_)
    if (heap.writer) heap.writer->close();
  call([this] { table_.close(); });
}

void BatchWriter::close() {
  if (lacks_indexes_) build_indexes();
  close_table();
  for (auto& [table, heap] : heaps_)
    if (heap.writer) heap.writer->end_bulk();
  converter_.close();
  if (heap_context_ != nullptr) call(MemoryContextDelete, heap_context_);
}

/// From here on rows get their entries when they are written.
void BatchWriter::build_indexes() {
  lacks_indexes_ = false;
  close_table();
  call([this] { pg::rebuild_indexes(target_.relation()); });
  open_table();
  (void)alone().open(table_.target(), table_.executor_state(), nullptr);
  alone().begin_entries();
}

bool BatchWriter::write(const Batch& batch) {
  converter_.convert(batch);
  options_.position->set(batch.own_records().front(), batch.own_records().back());
  sort_out(batch);
  if (lacks_indexes_ && !alone().keys_ascend(heaps_.begin()->second.rows)) build_indexes();
  if (!write_heaps(batch) && lacks_indexes_) build_indexes();
  return !has_deferred();
}

/// Up to the first one whose rows cannot all be decided, because of another session, say. Rows of those behind it are not written
/// before them: the session that is waited for would wait for these. Rows that take the place of others are always left open.
/// False: some of the rows are pending.
bool BatchWriter::write_heaps(const Batch& batch) {
  const auto is_pending = [&batch](const BatchRow& row) { return batch.result(row.at).state == Result::State::pending; };
  bool are_decided = true;
  for (auto& [table, heap] : heaps_) {
    if (heap.writer && !heap.rows.empty() && (are_decided || options_.on_conflict == OnConflict::update)) {
      use_bulk(heap);
      write_heap(heap, batch);
      are_decided = are_decided && std::none_of(heap.rows.begin(), heap.rows.end(), is_pending);
    }
    heap.rows.clear();
  }
  return are_decided;
}

/// What the server needs for the rows of one partition goes away with them: a batch may reach a thousand.
void BatchWriter::write_heap(Heap& heap, const Batch& batch) {
  MemoryContext const caller = MemoryContextSwitchTo(is_partitioned_ ? heap_context_ : converter_.memory());
  heap.writer->write(batch, heap.rows);
  MemoryContextSwitchTo(caller);
  if (is_partitioned_) call(MemoryContextReset, heap_context_);
}

void BatchWriter::finish(const Batch& batch) {
  if (!has_deferred()) return;
  MemoryContext const caller = MemoryContextSwitchTo(converter_.memory());
  alone().settle_deferred(batch);
  MemoryContextSwitchTo(caller);
}

void BatchWriter::forget_largest_keys() {
  for (auto& [table, heap] : heaps_)
    if (heap.writer) heap.writer->forget_largest_keys();
}

FarthestValues BatchWriter::farthest_values() const {
  FarthestValues farthest;
  for (const auto& [table, heap] : heaps_)
    if (heap.writer) merge(farthest, heap.writer->farthest_values());
  return farthest;
}

/// Gives the rows that are pending to their heaps.
void BatchWriter::sort_out(const Batch& batch) {
  for (const BatchRow& row : converter_.rows())
    if (batch.result(row.at).state == Result::State::pending) heap_of(row.target).rows.push_back(row);
}

BatchWriter::Heap& BatchWriter::heap_of(ResultRelInfo* target) {
  const auto [known, is_new] = heaps_.try_emplace(RelationGetRelid(target->ri_RelationDesc));
  Heap& heap = known->second;
  if (is_new && is_bulk_heap(target->ri_RelationDesc)) {
    MemoryContext const caller = MemoryContextSwitchTo(load_context_);
    heap.facts.emplace(target->ri_RelationDesc);
    heap.writer = writer_for(target, **heap.facts);
    MemoryContextSwitchTo(caller);
  }
  return heap;
}

/// Nothing where the keys of the partition need its rows to be written row by row.
std::unique_ptr<HeapWriter> BatchWriter::writer_for(ResultRelInfo* partition, TableFacts& facts) {
  auto foreign_keys = foreign_keys_of(partition->ri_RelationDesc, facts);
  if (!foreign_keys.are_all || has_reference_to_load(foreign_keys.keys, RelationGetRelid(target_.relation()))) return nullptr;
  auto writer = std::make_unique<HeapWriter>(source_, target_, options_, std::move(foreign_keys.keys));
  if (writer->open(partition, table_.executor_state(), table_.map_to(partition))) return writer;
  writer->close();
  return nullptr;
}

/// Gives buffers to a partition that gets many rows, and takes them from the one that got none for the longest time.
void BatchWriter::use_bulk(Heap& heap) {
  if (!is_partitioned_ || heap.rows.size() < kLeastBulkRows) return;
  HeapWriter* const writer = heap.writer.get();
  if (!writer->has_bulk()) {
    if (in_bulk_.size() == kMostInBulk) {
      in_bulk_.front()->end_bulk();
      in_bulk_.erase(in_bulk_.begin());
    }
    writer->begin_bulk(false);
  } else {
    std::erase(in_bulk_, writer);
  }
  in_bulk_.push_back(writer);
}

}  // namespace ferry::load
