#include "load/write/heap_writer.hpp"

#include <algorithm>
#include <numeric>

#include "load/write/bulk_rules.hpp"
#include "load/write/refusal.hpp"
#include "load/write/row_by_row_writer.hpp"
#include "pg/compat.hpp"
#include "pg/memory.hpp"
#include "pg/subtransaction.hpp"
#include "pg/table/key_image.hpp"

#include "pg/server.hpp"

extern "C" {
#include "access/heapam.h"
#include "access/xact.h"
#include "catalog/catalog.h"
#include "mb/pg_wchar.h"
}

namespace ferry::load {

using pg::call;
using Buffers = pg::BulkTable::Buffers;

HeapWriter::HeapWriter(Source& source, TargetTable& target, const WriterOptions& options,
                       std::vector<pg::ForeignKey> foreign_keys)
    : source_(source),
      options_(options),
      notes_(target, options),
      foreign_keys_(std::move(foreign_keys)),
      context_(CurrentMemoryContext),
      deferred_(table_, notes_, options),
      fixed_row_bytes_(fixed_row_bytes(target)) {}

bool HeapWriter::open(ResultRelInfo* target, EState* executor, const AttrMap* map) {
  table_.open(target, executor);
  map_ = map;
  if (!open_indexes(target) || !find_self_references() || (replaces() && !can_replace())) return false;
  // who refers to a row of a batch before has to find it
  entries_may_wait_ = !replaces() && !options_.small_batches && target->ri_RootResultRelInfo == nullptr &&
                      self_references_.empty() && unique_keys_.size() == 1 && unique_keys_[0].has_image() && table_.can_defer();
  needs_subtransaction_ = indexes_may_raise_ || RelationIsLogicallyLogged(table_.relation());
  return true;
}

bool HeapWriter::open_indexes(const ResultRelInfo* target) {
  Relation const relation = target->ri_RelationDesc;
  indexes_may_raise_ = false;
  for (int i = 0; i < target->ri_NumIndices; i++) {
    Relation const index = target->ri_IndexRelationDescs[i];
    const IndexInfo* const info = target->ri_IndexRelationInfo[i];
    indexes_may_raise_ = indexes_may_raise_ || may_raise(index, info);
    if (!index->rd_index->indisunique && info->ii_ExclusionOps == nullptr) continue;
    if (info->ii_ExclusionOps != nullptr || !UniqueKey::supports(relation, index)) return false;
    // its slot outlives the batch: this runs again in the middle of a load
    pg::in_context(context_, [&] { unique_keys_.emplace_back(relation, index); });
  }
  return true;
}

/// Where rows may take the place of others, which is left to be done behind those that are new: whether no other key makes a
/// difference between the two orders.
bool HeapWriter::can_replace() const {
  return self_references_.empty() && unique_keys_.size() == 1 &&
         unique_keys_[0].index() == pg::compat::primary_key_index(table_.relation());
}

/// False where the referenced key is none of those.
bool HeapWriter::find_self_references() {
  self_references_.clear();
  for (pg::ForeignKey& key : foreign_keys_) {
    if (!key.definition().is_self_reference) continue;
    const auto is_referenced = [&](const UniqueKey& one) {
      return one.index() == key.definition().parent_index && one.has_image();
    };
    const auto found = std::find_if(unique_keys_.begin(), unique_keys_.end(), is_referenced);
    if (found == unique_keys_.end()) return false;
    self_references_.push_back({.key = &key, .referenced = &*found});
  }
  return true;
}

void HeapWriter::close() {
  for (UniqueKey& key : unique_keys_) key.close();
  unique_keys_.clear();
  call([this] { table_.close(); });
}

void HeapWriter::begin_bulk(bool without_entries) {
  with_entries_ = !without_entries;
  if (options_.small_batches) return;
  call([=, this] { pg::in_context(context_, [=, this] { table_.begin_bulk(without_entries); }); });
  has_bulk_ = true;
}

void HeapWriter::end_bulk() {
  call([this] { table_.end_bulk(); });
  has_bulk_ = false;
}

bool HeapWriter::can_do_without_entries() const {
  const auto can_know_largest = [](const UniqueKey& key) { return key.can_know_largest(); };
  return !indexes_may_raise_ && self_references_.empty() &&
         std::all_of(unique_keys_.begin(), unique_keys_.end(), can_know_largest);
}

bool HeapWriter::keys_ascend(std::span<const BatchRow> rows) const {
  std::vector<TupleTableSlot*> slots;
  for (const BatchRow& row : rows) slots.push_back(row.slot);
  return std::all_of(unique_keys_.begin(), unique_keys_.end(), [&](const UniqueKey& key) { return key.ascends(slots); });
}

void HeapWriter::forget_largest_keys() {
  for (UniqueKey& key : unique_keys_) key.forget_largest();
}

void HeapWriter::write(const Batch& batch, std::span<const BatchRow> rows) {
  rows_ = rows;
  slots_.clear();
  for (const BatchRow& row : rows_) slots_.push_back(row.slot);
  check_foreign_keys();
  choose_way();
  for (UniqueKey& key : unique_keys_) key.begin_batch();
  if (replaces() && has_other_writers(table_.relation())) {
    // in the order of the file, so that loads of the same rows wait for each other and do not deadlock
    reset_from(0, batch);
  } else if (settle_before_probes(batch)) {
    for (UniqueKey& key : unique_keys_) {
      if (!deferred_.has_any()) key.forget_accepted();
      if (probes_) key.find_gap(slots_);
    }
    accept_all(batch);
    write_accepted(batch);
  } else {
    reset_from(0, batch);
  }
  const auto is_pending = [&](const BatchRow& row) { return batch.result(row.at).state == Result::State::pending; };
  if (deferred_.has_any() && (deferred_.is_full_with(batch) || std::any_of(rows_.begin(), rows_.end(), is_pending)))
    (void)settle(batch);
  for (UniqueKey& key : unique_keys_) key.end_batch();
}

/// What the table is asked for has to be there: where it is to be asked, entries that wait go in first. False: they met another
/// session's, and nothing of them is in the table.
bool HeapWriter::settle_before_probes(const Batch& batch) {
  if (!deferred_.has_any() || !(probes_ || in_subtransaction_)) return true;
  const Batch before{batch.records.first(batch.first), batch.results.first(batch.first), batch.first};
  const bool is_clear = settle(before) == DeferredRows::Outcome::settled;
  options_.position->set(batch.own_records().front(), batch.own_records().back());
  return is_clear;
}

void HeapWriter::settle_deferred(const Batch& batch) {
  for (UniqueKey& key : unique_keys_) key.begin_batch();
  (void)settle(batch);
  for (UniqueKey& key : unique_keys_) key.end_batch();
}

DeferredRows::Outcome HeapWriter::settle(const Batch& batch) {
  const auto outcome = deferred_.settle(batch, unique_keys_[0], farthest_);
  if (deferred_.had_many_refused()) probing_batches_ = kProbingBatches;
  return outcome;
}

/// Step 1. Fills orphans_ where there are any.
void HeapWriter::check_foreign_keys() {
  for (SelfReference& reference : self_references_) {
    const AttrNumber attribute = reference.key->definition().referenced;
    const Oid type = reference.key->definition().types[0];
    reference.promised.clear();
    for (TupleTableSlot* slot : slots_)
      if (!slot->tts_isnull[attribute - 1]) reference.promised.add(pg::key_of(type, slot->tts_values[attribute - 1]));
  }
  orphans_.clear();
  std::vector<bool> good;
  for (pg::ForeignKey& key : foreign_keys_) {
    const auto is_of_key = [&key](const SelfReference& reference) { return reference.key == &key; };
    const auto self = std::find_if(self_references_.begin(), self_references_.end(), is_of_key);
    if (key.check(slots_.data(), slots_.size(), good, self == self_references_.end() ? nullptr : &self->promised)) continue;
    orphans_.resize(rows_.size(), nullptr);
    for (std::size_t i = 0; i < rows_.size(); i++)
      if (!good[i] && orphans_[i] == nullptr) orphans_[i] = &key;
  }
}

/// The first foreign key that the row breaks, or null. The rows before it are decided.
const pg::ForeignKey* HeapWriter::broken_key(std::size_t at) {
  const pg::ForeignKey* broken = orphans_.empty() ? nullptr : orphans_[at];
  TupleTableSlot* const slot = rows_[at].slot;
  for (SelfReference& reference : self_references_) {
    const pg::ForeignKeyDefinition& definition = reference.key->definition();
    const int child = definition.attributes[0] - 1, parent = definition.referenced - 1;
    if (slot->tts_isnull[child] || (broken != nullptr && broken->definition().trigger_position < definition.trigger_position))
      continue;
    const Key key = pg::key_of(definition.types[0], slot->tts_values[child]);
    if (!reference.promised.has(key) || reference.key->knows(key) || reference.referenced->has_accepted(key)) continue;
    if (slot->tts_isnull[parent] || !(pg::key_of(definition.types[0], slot->tts_values[parent]) == key)) broken = reference.key;
  }
  return broken;
}

void HeapWriter::refuse_orphan(Result& result, const pg::ForeignKey& broken, TupleTableSlot* slot) const {
  if (broken.definition().is_self_reference)
    result.state = Result::State::waiting;  // its parent may come later
  else
    result.reject(violation_of(broken, table_.relation(), slot));
}

/// Decides how the batch is written.
void HeapWriter::choose_way() {
  // Rows that are taken back stay in the way of other sessions until this transaction ends, unless it is a subtransaction that
  // takes them back. Two loads that a third one was quicker than would wait for each other.
  // A single row is taken back only after a race that the probe has lost, and has nothing behind it to wait with.
  const bool is_single = rows_.size() == 1 && options_.small_batches;
  in_subtransaction_ = needs_subtransaction_ || (!is_single && has_other_writers(table_.relation()));
  // To ask the table for keys before rows are written costs a second descent of the index. Without it, rows are written, and
  // those are taken back that the index refuses: where that leaves few dead rows, no other unique index in which they keep
  // sessions waiting, no trace for a subscriber to fall over, and no row that has one of them for its parent.
  probes_ = is_single || replaces() || unique_keys_.size() != 1 || in_subtransaction_ || probing_batches_ > 0 ||
            !self_references_.empty() || IsolationIsSerializable();
  if (probing_batches_ > 0) probing_batches_--;
}

/// The key of the row that is taken and told first: those that are not deferrable come before those that triggers check.
UniqueKey* HeapWriter::taken_key(TupleTableSlot* slot, bool probe, bool& unknown) {
  UniqueKey* taken = nullptr;
  for (UniqueKey& key : unique_keys_) {
    if (taken != nullptr && taken->trigger_position() <= key.trigger_position()) continue;
    const UniqueKey::Answer answer = key.ask(slot, probe);
    if (answer == UniqueKey::Answer::taken) taken = &key;
    unknown = answer == UniqueKey::Answer::unknown;
    if (unknown) return nullptr;
  }
  return taken;
}

bool HeapWriter::may_be_too_large(TupleTableSlot* slot, const Record& record) const {
  const std::size_t text_bytes = record.raw.size() * MAX_CONVERSION_GROWTH;
  if (!source_.texts_may_grow() && fixed_row_bytes_ > 0 && fixed_row_bytes_ + text_bytes <= kMaxSafeRowBytes) return false;
  return heap_compute_data_size(slot->tts_tupleDescriptor, slot->tts_values, slot->tts_isnull) > kMaxSafeRowBytes;
}

/// Step 2. The first row that cannot be decided ends it: those behind may depend on it.
void HeapWriter::accept_all(const Batch& batch) {
  accepted_.clear();
  accepted_slots_.clear();
  for (std::size_t i = 0; i < rows_.size(); i++) {
    const BatchRow& row = rows_[i];
    Result& result = batch.result(row.at);
    const pg::ForeignKey* const broken = broken_key(i);
    bool unknown = may_be_too_large(row.slot, batch.record(row.at));
    // what is wrong with the keys of an orphan is told first, unless a later trigger does
    UniqueKey* const taken = unknown ? nullptr : taken_key(row.slot, probes_ || broken != nullptr, unknown);
    if (unknown) break;
    if (taken != nullptr && replaces()) continue;
    if (taken != nullptr && (broken == nullptr || taken->trigger_position() < broken->definition().trigger_position)) {
      refuse(result, *taken, row.slot, options_.on_conflict);
      continue;
    }
    if (broken != nullptr) {
      refuse_orphan(result, *broken, row.slot);
      continue;
    }
    for (UniqueKey& key : unique_keys_) key.accept(row.slot);
    accepted_.push_back(row);
    accepted_slots_.push_back(row.slot);
    result.state = Result::State::loaded;
  }
}

/// Step 3.
void HeapWriter::write_accepted(const Batch& batch) {
  refused_.clear();
  raced_ = false;
  if (accepted_.empty()) return;
  const bool can_wait = entries_may_wait_ && with_entries_ && !in_subtransaction_ && !probes_;
  if (can_wait && deferred_.is_worthwhile(unique_keys_[0], accepted_.size()))
    call([&] { deferred_.add(batch, accepted_, accepted_slots_); });
  else
    write_at_once(batch);
}

void HeapWriter::write_at_once(const Batch& batch) {
  order_by_key();
  if (in_subtransaction_) {
    if (!write_in_subtransaction()) reset_from(accepted_.front().at, batch);
  } else {
    call([this] { insert_accepted(Buffers::bulk); });
    settle_refused(batch);
  }
  if (notes_.is_empty()) return;
  for (const BatchRow& row : accepted_)
    if (Result& result = batch.result(row.at); result.state == Result::State::loaded)
      notes_.take_from(row.slot, map_, result, farthest_);
}

/// False where it was rolled back.
bool HeapWriter::write_in_subtransaction() {
  struct Raced {};
  call([this] { table_.let_go(); });
  try {
    const auto error = pg::attempt(
        [this] {
          call([this] {
            insert_accepted(Buffers::shared);
            table_.let_go();
          });
          if (raced_) throw Raced{};
        },
        [](const char* sqlstate) { return is_rejectable(sqlstate); });
    if (error) call([this] { table_.recover(); });
    return !error.has_value();
  } catch (const Raced&) {
    return false;
  }
}

/// Leaves the row at that position of the batch and all of this heap behind it to be written otherwise: what was decided behind
/// it may have been because of it.
void HeapWriter::reset_from(std::size_t first, const Batch& batch) const {
  for (const BatchRow& row : rows_)
    if (row.at >= first) batch.result(row.at) = Result{};
}

/// Neighbours in the index are written one after the other, so that the way to them is in the processor's cache.
void HeapWriter::order_by_key() {
  write_order_.resize(accepted_.size());
  std::iota(write_order_.begin(), write_order_.end(), std::size_t{0});
  ordered_slots_ = accepted_slots_;
  if (unique_keys_.empty() || !unique_keys_[0].has_order()) return;
  const UniqueKey& key = unique_keys_[0];
  if (key.came_in_order(accepted_.size())) return;
  const auto less = [&](std::size_t a, std::size_t b) { return key.less(accepted_slots_[a], accepted_slots_[b]); };
  if (std::is_sorted(write_order_.begin(), write_order_.end(), less)) return;
  std::sort(write_order_.begin(), write_order_.end(), less);
  for (std::size_t i = 0; i < write_order_.size(); i++) ordered_slots_[i] = accepted_slots_[write_order_[i]];
}

/// Writes heap and indexes, up to the first row that another session was quicker with: an entry behind it would make that
/// session wait for this one while this one waits for it, a deadlock of two loads that both go in ascending order.
/// Calls the server without a guard.
void HeapWriter::insert_accepted(Buffers buffers) {
  table_.insert(accepted_slots_, buffers);
  if (with_entries_ && table_.has_indexes()) {
    table_.add_entries(ordered_slots_, [this](std::size_t at) {
      raced_ = probes_ || !unique_keys_[0].has_other(ordered_slots_[at]);
      if (!raced_) refused_.push_back(write_order_[at]);
      return !raced_;
    });
  }
  CommandCounterIncrement();
}

/// Takes back the rows whose key the table has, or all of them where one raced with another session.
void HeapWriter::settle_refused(const Batch& batch) {
  const auto take_back = [this](TupleTableSlot* slot) { call([this, slot] { table_.take_back(slot->tts_tid); }); };
  if (raced_) {
    for (TupleTableSlot* slot : accepted_slots_) take_back(slot);
    reset_from(accepted_.front().at, batch);
  } else {
    if (is_probing_cheaper(refused_.size(), accepted_.size())) probing_batches_ = kProbingBatches;
    for (const std::size_t position : refused_) {
      const BatchRow& row = accepted_[position];
      take_back(row.slot);
      refuse(batch.result(row.at), unique_keys_[0], row.slot, options_.on_conflict);
    }
  }
  if (raced_ || !refused_.empty()) call(CommandCounterIncrement);
}

}  // namespace ferry::load
