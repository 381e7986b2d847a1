#include "load/batch_writer.hpp"

#include <algorithm>

#include "load/bulk_rules.hpp"
#include "pg/index_rebuild.hpp"

#include "pg/server.hpp"

namespace ferry::load {

using pg::call;

namespace {

/// What the values of a usual batch take: kept from batch to batch. To get it from the system each time costs more than to
/// fill it.
constexpr Size kKeptBatchBytes = Size{512} << 10;

}  // namespace

std::unique_ptr<BatchWriter> BatchWriter::for_table(Source& source, Rules& rules, const WriterOptions& options) {
  if (!allows_bulk(rules, options.on_conflict)) return nullptr;
  auto foreign_keys = foreign_keys_of(rules.relation(), rules.facts());
  if (!foreign_keys) return nullptr;
  auto writer = std::make_unique<BatchWriter>(source, rules, options, std::move(*foreign_keys));
  if (!writer->converter_.rows_are_independent()) return nullptr;
  Relation const relation = rules.relation();
  constexpr std::int64_t kWorthwhileBytes = 1 << 20;
  const bool is_large = source.bytes_total() >= kWorthwhileBytes;
  const bool may_build_later = is_large && call([relation] { return pg::may_rebuild_indexes(relation); });
  if (!writer->open_table()) {
    writer->close_table();
    return nullptr;
  }
  writer->lacks_indexes_ = may_build_later && writer->heap_.can_do_without_entries();
  writer->heap_.begin_bulk(writer->lacks_indexes_);
  return writer;
}

BatchWriter::BatchWriter(Source& source, Rules& rules, const WriterOptions& options, std::vector<pg::ForeignKey> foreign_keys)
    : source_(source),
      rules_(rules),
      options_(options),
      load_context_(CurrentMemoryContext),
      converter_(source, rules, options, table_),
      heap_(source, rules, options, std::move(foreign_keys)),
      slots_(rules.facts()) {}

/// False where a unique index needs the row path.
bool BatchWriter::open_table() {
  Relation const relation = rules_.relation();
  table_ = call([this, relation] {
    MemoryContext const caller = MemoryContextSwitchTo(load_context_);
    const auto table =
        pg::TableWriter::open(relation, pg::TriggerSet::all, options_.fields_vary ? nullptr : rules_.written_columns());
    MemoryContextSwitchTo(caller);
    return table;
  });
  return heap_.open(table_);
}

void BatchWriter::close_table() {
  heap_.close();
  call([this] { table_.close(); });
}

void BatchWriter::close() {
  if (lacks_indexes_) build_indexes();
  close_table();
  slots_.clear();
  heap_.end_bulk();
  if (batch_context_ != nullptr) call(MemoryContextDelete, batch_context_);
}

/// From here on rows get their entries when they are written.
void BatchWriter::build_indexes() {
  lacks_indexes_ = false;
  close_table();
  call([this] { pg::rebuild_indexes(rules_.relation()); });
  (void)open_table();
  heap_.begin_entries();
}

bool BatchWriter::write(const Batch& batch) {
  begin_batch(batch.size());
  converter_.convert(batch, slots_, batch_context_);
  options_.place->set(batch.own_records().front(), batch.own_records().back());
  auto rows = pending_rows(batch);
  if (lacks_indexes_ && !heap_.keys_ascend(rows)) build_indexes();
  MemoryContext const caller = MemoryContextSwitchTo(batch_context_);
  heap_.write(batch, std::move(rows));
  MemoryContextSwitchTo(caller);
  if (lacks_indexes_ && !pending_rows(batch).empty()) build_indexes();
  return !heap_.has_deferred();
}

void BatchWriter::finish(const Batch& batch) {
  if (!heap_.has_deferred()) return;
  MemoryContext const caller = MemoryContextSwitchTo(batch_context_);
  heap_.settle_deferred(batch);
  MemoryContextSwitchTo(caller);
}

/// Makes place for the values of so many records.
void BatchWriter::begin_batch(std::size_t count) {
  const Size kept_bytes = count < kMaxBatchRows ? Size{ALLOCSET_DEFAULT_INITSIZE} : kKeptBatchBytes;
  if (batch_context_ == nullptr)
    batch_context_ = call([this, kept_bytes] {
      return AllocSetContextCreateInternal(load_context_, "pg_ferry batch", 0, kept_bytes, ALLOCSET_DEFAULT_MAXSIZE);
    });
  // what they hold of the batch before is in the context, and freed with it
  slots_.clear();
  call([this] { MemoryContextReset(batch_context_); });
  slots_.provide(count, rules_.relation(), batch_context_);
}

std::vector<BatchRow> BatchWriter::pending_rows(const Batch& batch) const {
  std::vector<BatchRow> rows;
  for (std::size_t i = 0; i < batch.size(); i++)
    if (batch.result(i).state == Result::State::pending) rows.push_back({i, slots_[i]});
  return rows;
}

}  // namespace ferry::load
