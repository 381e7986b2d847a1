#include "load/write/forecast.hpp"

#include <algorithm>

#include "load/table/self_references.hpp"
#include "load/write/bulk_rules.hpp"

#include "pg/server.hpp"

namespace ferry::load {

using pg::call;

namespace {

/// What may be looked at before the triggers of rows, and before rows behind which they stand are there.
RowChecks checks_for(const RowCompany& company) {
  if (company.looking_expressions) return RowChecks::none;
  return company.before_triggers ? RowChecks::foresee : RowChecks::decide;
}

/// A table writer that lives as long as the object; what the caller's memory context is.
pg::TableWriter open_table(TargetTable& target) {
  return call([&target] { return pg::TableWriter::open(target.relation(), pg::TriggerSet::all, target.written_columns()); });
}

}  // namespace

std::unique_ptr<Forecast> Forecast::for_table(Source& source, TargetTable& target, ParentsElsewhere& elsewhere,
                                              const WriterOptions& options) {
  const char kind = target.relation()->rd_rel->relkind;
  if (kind != RELKIND_RELATION && kind != RELKIND_PARTITIONED_TABLE) return nullptr;
  // what policies have prepared may be broken off in the middle by the error of one row, and is the next one's, too
  if (target.has_row_security()) return nullptr;
  const RowCompany& company = row_company_of(target);
  if (company.looking_types || company.foreign_tables) return nullptr;
  const bool forgets = company.looking_expressions || company.before_triggers || company.after_triggers;
  auto forecast = std::make_unique<Forecast>(source, target, elsewhere, options, checks_for(company), forgets);
  if (forecast->converter_.rows_are_independent()) return forecast;
  forecast->close();
  return nullptr;
}

Forecast::Forecast(Source& source, TargetTable& target, ParentsElsewhere& elsewhere, const WriterOptions& options,
                   RowChecks checks, bool forgets)
    : elsewhere_(elsewhere),
      options_(options),
      forgets_(forgets),
      table_(open_table(target)),
      converter_(source, target, options, table_, checks) {
  Relation const relation = target.relation();
  for (pg::ForeignKey& key : foreign_keys_of(relation, target.facts()).keys) {
    // what the load writes itself may be their parent
    if (key.definition().parent_is_elsewhere || may_share_rows(RelationGetRelid(relation), key.definition().parent)) continue;
    constraints_ = call([this, constraint = key.definition().constraint] { return lappend_oid(constraints_, constraint); });
    foreign_keys_.push_back(std::move(key));
  }
  // an update takes the place of the row that has the key; those of partitions are not worth the way to them
  if (options.on_conflict == OnConflict::update || relation->rd_rel->relkind != RELKIND_RELATION) return;
  const ResultRelInfo* const relation_info = table_.target();
  for (int i = 0; i < relation_info->ri_NumIndices; i++) {
    Relation const index = relation_info->ri_IndexRelationDescs[i];
    if (index->rd_index->indisunique && UniqueKey::supports(relation, index)) unique_keys_.emplace_back(relation, index);
  }
}

void Forecast::close() {
  for (UniqueKey& key : unique_keys_) key.close();
  converter_.close();
  call([this] { table_.close(); });
}

void Forecast::make(const Batch& batch) {
  converter_.convert(batch);
  looks_bad_.assign(batch.size(), false);
  pending_.clear();
  slots_.clear();
  for (std::size_t i = 0; i < batch.size(); i++) {
    if (batch.result(i).state != Result::State::pending) continue;
    pending_.push_back(i);
    slots_.push_back(converter_.row_of_table(i));
    looks_bad_[i] = converter_.rows()[i].looks_bad;
  }
  if (slots_.empty()) return;
  MemoryContext const caller = MemoryContextSwitchTo(converter_.memory());
  options_.position->set(batch.record(pending_.front()), batch.record(pending_.back()));
  ask_foreign_keys();
  ask_unique_keys();
  MemoryContextSwitchTo(caller);
}

void Forecast::ask_foreign_keys() {
  good_.assign(foreign_keys_.size(), {});
  for (std::size_t k = 0; k < foreign_keys_.size(); k++) {
    if (forgets_) foreign_keys_[k].forget();
    if (foreign_keys_[k].check(slots_.data(), slots_.size(), good_[k])) continue;
    for (std::size_t i = 0; i < slots_.size(); i++)
      if (!good_[k][i]) looks_bad_[pending_[i]] = true;
  }
  if (forgets_) elsewhere_.forget();
  std::vector<bool> bad(slots_.size());
  elsewhere_.ask(slots_, bad);
  for (std::size_t i = 0; i < slots_.size(); i++)
    if (bad[i]) looks_bad_[pending_[i]] = true;
}

void Forecast::ask_unique_keys() {
  for (UniqueKey& key : unique_keys_) {
    std::vector<TupleTableSlot*> rows;
    std::vector<std::size_t> positions;
    for (std::size_t i = 0; i < slots_.size(); i++) {
      if (looks_bad_[pending_[i]] || key.is_never_taken(slots_[i])) continue;
      rows.push_back(slots_[i]);
      positions.push_back(pending_[i]);
    }
    key.forget_accepted();
    key.forget_largest();
    key.begin_batch();
    key.find_gap(rows);
    for (std::size_t i = 0; i < rows.size(); i++) {
      looks_bad_[positions[i]] = key.ask(rows[i], true) != UniqueKey::Answer::free;
      if (!looks_bad_[positions[i]]) key.accept(rows[i]);
    }
    key.end_batch();
  }
}

void Forecast::spare_checks(pg::TableWriter& table) {
  if (constraints_ == NIL) return;
  call([this, &table] { table.leave_out_checks_of(constraints_, {has_parents, this}); });
}

/// Called by the table writer, inside of a server call. A key that a trigger has changed is the server's matter: holds() does not
/// ask for it.
bool Forecast::has_parents(void* self, TupleTableSlot* slot) {
  auto* const forecast = static_cast<Forecast*>(self);
  auto& keys = forecast->foreign_keys_;
  slot_getallattrs(slot);
  const auto is_spared = [=](pg::ForeignKey& key) { return key.has_passed(slot) && key.is_same_key(slot, forecast->next_row_); };
  return forecast->spares_ && std::all_of(keys.begin(), keys.end(), is_spared);
}

bool Forecast::holds(std::span<const std::size_t> positions) const {
  if (!forgets_) return true;
  for (std::size_t k = 0; k < foreign_keys_.size(); k++) {
    std::vector<TupleTableSlot*> rows;
    auto position = positions.begin();
    for (std::size_t i = 0; i < slots_.size() && position != positions.end(); i++) {
      if (pending_[i] != *position) continue;
      position++;
      if (good_[k].empty() || good_[k][i]) rows.push_back(slots_[i]);
    }
    // by itself: what a trigger has added is gone if the rows are taken back, and must not be known then
    std::vector<bool> good;
    if (!rows.empty() && !foreign_keys_[k].anew().check(rows.data(), rows.size(), good)) return false;
  }
  return true;
}

}  // namespace ferry::load
