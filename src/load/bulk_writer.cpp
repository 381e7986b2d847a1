#include "load/bulk_writer.hpp"

#include <algorithm>

#include "load/bulk_rules.hpp"
#include "pg/compat.hpp"
#include "pg/index_rebuild.hpp"

#include "pg/server.hpp"

extern "C" {
#include "access/xact.h"
#include "catalog/catalog.h"
#include "executor/executor.h"
#include "executor/nodeModifyTable.h"
#include "mb/pg_wchar.h"
}

namespace ferry::load {

using pg::call;

std::unique_ptr<BulkWriter> BulkWriter::for_table(Source& source, Rules& rules, const WriterOptions& options) {
  if (!allows_bulk(rules, options.on_conflict)) return nullptr;
  auto foreign_keys = foreign_keys_of(rules.relation(), rules.facts());
  if (!foreign_keys) return nullptr;
  auto writer = std::make_unique<BulkWriter>(source, rules, options, std::move(*foreign_keys));
  if (writer->converter_->depends_on_more_than_row()) return nullptr;
  Relation const relation = rules.relation();
  constexpr std::int64_t kWorthwhileBytes = 1 << 20;
  const bool is_large = source.bytes_total() >= kWorthwhileBytes;
  writer->lacks_indexes_ = is_large && call([relation] { return pg::may_rebuild_indexes(relation); });
  if (!writer->open_table()) {
    writer->close_table();
    return nullptr;
  }
  const auto can_know_largest = [](const UniqueKey& key) { return key.can_know_largest(); };
  writer->lacks_indexes_ = writer->lacks_indexes_ && !writer->indexes_may_raise_ &&
                           std::all_of(writer->unique_keys_.begin(), writer->unique_keys_.end(), can_know_largest);
  // a batch is too small for a way of its own through the buffers
  if (!options.fields_vary) call([&] { writer->bulk_insert_.begin(writer->lacks_indexes_); });
  return writer;
}

BulkWriter::BulkWriter(Source& source, Rules& rules, const WriterOptions& options, std::vector<pg::ForeignKey> foreign_keys)
    : source_(source),
      rules_(rules),
      options_(options),
      notes_(rules, options),
      foreign_keys_(std::move(foreign_keys)),
      not_null_(rules),
      fixed_row_bytes_(fixed_row_bytes(rules)),
      slots_(rules.facts()) {
  load_context_ = CurrentMemoryContext;
  converter_ = std::make_unique<RowConverter>(rules_, options_.filter, source_.may_leave_fields_out());
}

/// False where a unique index needs the row path.
bool BulkWriter::open_table() {
  Relation const relation = rules_.relation();
  table_ = call([this, relation] {
    MemoryContext const caller = MemoryContextSwitchTo(load_context_);
    const auto table =
        pg::TableWriter::open(relation, pg::TriggerSet::all, options_.fields_vary ? nullptr : rules_.written_columns());
    MemoryContextSwitchTo(caller);
    return table;
  });
  const ResultRelInfo* const target = table_.target();
  index_entries_ = pg::IndexEntries(table_.target(), table_.executor_state());
  indexes_may_raise_ = false;
  for (int i = 0; i < target->ri_NumIndices; i++) {
    Relation const index = target->ri_IndexRelationDescs[i];
    const IndexInfo* const info = target->ri_IndexRelationInfo[i];
    indexes_may_raise_ = indexes_may_raise_ || may_raise(index, info);
    if (!index->rd_index->indisunique && info->ii_ExclusionOps == nullptr) continue;
    if (info->ii_ExclusionOps != nullptr || !UniqueKey::supports(relation, index)) return false;
    // its slot outlives the batch: this runs again in the middle of a load
    MemoryContext const caller = MemoryContextSwitchTo(load_context_);
    unique_keys_.emplace_back(relation, index);
    MemoryContextSwitchTo(caller);
  }
  entries_may_wait_ = !options_.fields_vary && pg::EntryRun::supports(target);
  needs_subtransaction_ = indexes_may_raise_ || RelationIsLogicallyLogged(relation);
  return true;
}

void BulkWriter::close_table() {
  for (UniqueKey& key : unique_keys_) key.close();
  unique_keys_.clear();
  call([this] {
    if (stored_row_ != nullptr) ExecDropSingleTupleTableSlot(stored_row_);
    stored_row_ = nullptr;
    table_.close();
  });
}

void BulkWriter::close() {
  if (lacks_indexes_) build_indexes();
  close_table();
  slots_.clear();
  call([this] {
    bulk_insert_.end();
    if (batch_context_ != nullptr) MemoryContextDelete(batch_context_);
  });
}

/// From here on rows get their entries when they are written.
void BulkWriter::build_indexes() {
  lacks_indexes_ = false;
  close_table();
  call([this] { pg::rebuild_indexes(rules_.relation()); });
  (void)open_table();
}

void BulkWriter::forget_largest_keys() {
  for (UniqueKey& key : unique_keys_) key.forget_largest();
}

bool BulkWriter::write(std::span<const Record> records, std::span<Result> results, std::size_t first) {
  const auto batch = records.subspan(first);
  const auto decided = results.subspan(first);
  begin_batch(batch.size());
  convert_all(batch, decided);
  options_.place->set(batch.front(), batch.back());
  gather_pending(decided);
  if (lacks_indexes_ && !keys_ascend()) build_indexes();
  check_foreign_keys(batch.size());
  choose_way();
  for (UniqueKey& key : unique_keys_) key.begin_batch();
  bool is_clear = true;
  if (entry_run_.is_open() && (probes_ || in_subtransaction_)) {
    // what the table is asked for has to be there
    is_clear = insert_run(records.first(first), results.first(first));
    options_.place->set(batch.front(), batch.back());
  }
  if (is_clear) {
    for (UniqueKey& key : unique_keys_) {
      if (!entry_run_.is_open()) key.forget_accepted();
      if (probes_) key.find_gap(accepted_slots_);
    }
    accept_all(batch, decided);
    write_accepted(decided, first);
  } else {
    reset_from(0, decided);
  }
  const auto is_pending = [](const Result& result) { return result.state == Result::State::pending; };
  const bool has_pending = std::any_of(decided.begin(), decided.end(), is_pending);
  if (entry_run_.is_open() && (is_run_full_with(batch, decided) || has_pending)) (void)insert_run(records, results);
  for (UniqueKey& key : unique_keys_) key.end_batch();
  if (lacks_indexes_ && has_pending) build_indexes();
  return !entry_run_.is_open();
}

/// Makes place for the values of so many records.
void BulkWriter::begin_batch(std::size_t count) {
  const Size kept_bytes = count < kMaxRows ? Size{ALLOCSET_DEFAULT_INITSIZE} : kKeptBatchBytes;
  if (batch_context_ == nullptr)
    batch_context_ = call([this, kept_bytes] {
      return AllocSetContextCreateInternal(load_context_, "pg_ferry bulk batch", 0, kept_bytes, ALLOCSET_DEFAULT_MAXSIZE);
    });
  // what they hold of the batch before is in the context, and freed with it
  slots_.clear();
  call([this] { MemoryContextReset(batch_context_); });
  slots_.provide(count, rules_.relation(), batch_context_);
}

bool BulkWriter::keys_ascend() const {
  return std::all_of(unique_keys_.begin(), unique_keys_.end(),
                     [this](const UniqueKey& key) { return key.ascends(accepted_slots_); });
}

/// Puts the pending rows into accepted_slots_, and their places into accepted_.
void BulkWriter::gather_pending(std::span<const Result> results) {
  accepted_.clear();
  accepted_slots_.clear();
  for (std::size_t i = 0; i < results.size(); i++)
    if (results[i].state == Result::State::pending) {
      accepted_.push_back(i);
      accepted_slots_.push_back(slots_[i]);
    }
}

/// Step 2, for the rows in accepted_. Fills orphans_ where there are any.
void BulkWriter::check_foreign_keys(std::size_t count) {
  orphans_.clear();
  std::vector<bool> good;
  for (pg::ForeignKey& key : foreign_keys_) {
    if (key.check(accepted_slots_.data(), accepted_slots_.size(), good)) continue;
    orphans_.resize(count, nullptr);
    for (std::size_t i = 0; i < accepted_.size(); i++)
      if (!good[i] && orphans_[accepted_[i]] == nullptr) orphans_[accepted_[i]] = &key;
  }
}

UniqueKey* BulkWriter::taken_key(TupleTableSlot* slot, bool probe, bool& unknown) {
  for (UniqueKey& key : unique_keys_) {
    const UniqueKey::Answer answer = key.ask(slot, probe);
    if (answer == UniqueKey::Answer::taken) return &key;
    unknown = answer == UniqueKey::Answer::unknown;
    if (unknown) return nullptr;
  }
  return nullptr;
}

bool BulkWriter::may_be_too_large(TupleTableSlot* slot, const Record& record) const {
  const std::size_t text_bytes = record.raw.size() * MAX_CONVERSION_GROWTH;
  if (!source_.texts_may_grow() && fixed_row_bytes_ > 0 && fixed_row_bytes_ + text_bytes <= kMaxSafeRowBytes) return false;
  return heap_compute_data_size(slot->tts_tupleDescriptor, slot->tts_values, slot->tts_isnull) > kMaxSafeRowBytes;
}

void BulkWriter::reject_or_skip(Result& result, UniqueKey& taken, TupleTableSlot* slot) const {
  if (options_.on_conflict == OnConflict::skip)
    result.state = Result::State::skipped;
  else
    result.reject(taken.violation(slot));
}

/// Decides how the batch is written.
void BulkWriter::choose_way() {
  // Rows that are taken back stay in the way of other sessions until this transaction ends, unless it is a subtransaction that
  // takes them back. Two loads that a third one was quicker than would wait for each other.
  // A single row is taken back only after a race that the probe has lost, and has nothing behind it to wait with.
  const bool is_single = accepted_.size() == 1 && options_.fields_vary;
  in_subtransaction_ = needs_subtransaction_ || (!is_single && has_other_writers(rules_.relation()));
  // To ask the table for keys before rows are written costs a second descent of the index. Without it, rows are written, and
  // those are taken back that the index refuses: where that leaves few dead rows, no other unique index in which they keep
  // sessions waiting, and no trace for a subscriber to fall over.
  probes_ = is_single || unique_keys_.size() != 1 || in_subtransaction_ || probing_batches_ > 0 || IsolationIsSerializable();
  if (probing_batches_ > 0) probing_batches_--;
}

/// Step 3. The first row that cannot be decided ends it: those behind may depend on it.
void BulkWriter::accept_all(std::span<const Record> records, std::span<Result> results) {
  accepted_.clear();
  accepted_slots_.clear();
  for (std::size_t i = 0; i < records.size(); i++) {
    Result& result = results[i];
    if (result.state != Result::State::pending) continue;
    TupleTableSlot* const slot = slots_[i];
    const pg::ForeignKey* const broken = orphans_.empty() ? nullptr : orphans_[i];
    bool unknown = may_be_too_large(slot, records[i]);
    // what is wrong with the key of an orphan is told first
    UniqueKey* const taken = unknown ? nullptr : taken_key(slot, probes_ || broken != nullptr, unknown);
    if (unknown) break;
    if (taken != nullptr) {
      reject_or_skip(result, *taken, slot);
      continue;
    }
    if (broken != nullptr) {
      result.reject(violation_of(*broken, rules_.relation(), slot));
      continue;
    }
    for (UniqueKey& key : unique_keys_) key.accept(slot);
    accepted_.push_back(i);
    accepted_slots_.push_back(slot);
    result.state = Result::State::loaded;
  }
}

}  // namespace ferry::load
