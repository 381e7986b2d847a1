#include "load/write/writer.hpp"

#include <algorithm>

#include "pg/table/insert_rules.hpp"

#include "pg/server.hpp"

namespace ferry::load {

using pg::call;
using pg::StatementTriggers;

namespace {

constexpr std::size_t kRequestRows = 500;  // of JSON rows, whose members are all at hand: more do not fit into the nearer caches
constexpr std::size_t kBatchValues = 100'000, kLeastBatchRows = 50;  // of tables with very many columns

/// Whether rows go in by statements. Where policies apply, those for UPDATE have to say what may be replaced, and no plan of an
/// INSERT has them where a rule takes its place.
bool needs_statements(const TargetTable& target, OnConflict on_conflict) {
  if (target.storage() != TargetTable::Storage::here) return true;
  return (on_conflict == OnConflict::update || pg::has_instead_rule(target.relation())) && target.has_row_security();
}

std::size_t most_batch_rows(const TargetTable& target, const WriterOptions& options) {
  if (target.storage() == TargetTable::Storage::engine) return StatementWriter::kMostRows;
  return std::clamp(kBatchValues / std::max<std::size_t>(target.columns().size(), 1), kLeastBatchRows,
                    options.small_batches ? kRequestRows : kMaxBatchRows);
}

}  // namespace

Writer::Writer(Source& source, TargetTable& target, const WriterOptions& options)
    : target_(target),
      options_(options),
      self_references_(target.relation()),
      source_(source),
      open_(most_batch_rows(target, options)),
      // which columns a row sets where it takes the place of another one, only its record tells
      has_no_forecast_(options.on_conflict == OnConflict::update && target.records_choose()) {
  if (needs_statements(target, options.on_conflict)) {
    statements_.emplace(source, target, options);
    return;
  }
  row_by_row_.emplace(source, target, self_references_, options);
  waiting_.emplace(*row_by_row_, self_references_);
}

void Writer::begin() {
  if (statements_) return;
  Relation const relation = target_.relation();
  const bool with_update = options_.on_conflict == OnConflict::update;
  if (StatementTriggers::has_any(relation, with_update))
    statement_ = call([=, this] { return StatementTriggers::begin(relation, with_update, target_.written_columns()); });
  // what triggers have written is there when it looks at the table
  load_context_ = CurrentMemoryContext;
  batches_ = BatchWriter::for_table(source_, target_, options_);
}

void Writer::end() {
  if (statements_) return statements_->close();
  waiting_->close();
  if (batches_) batches_->close();
  if (forecast_) forecast_->close();
  if (!statement_) return;
  StatementTriggers* const statement = &*statement_;
  call([statement] { statement->end(); });
  statement_.reset();
}

/// Tells the statement's triggers of a row that stays.
void Writer::note(const Result& result) {
  if (!statement_ || !statement_->has_transition_table() || result.state != Result::State::loaded) return;
  StatementTriggers* const statement = &*statement_;
  const pg::RowLocation location = result.location;
  call([statement, location] { statement->add(location); });
}

void Writer::write(const Settle& settle) {
  if (!batches_ || batches_->write(open_.batch())) settle_open(settle);
}

void Writer::finish(const Settle& settle) {
  if (!open_.empty()) {
    Batch batch = open_.batch();
    batch.first = batch.records.size();
    if (batches_) batches_->finish(batch);
    settle_open(settle);
  }
  if (!waiting_) return;
  waiting_->settle_all([&](const Record& record, const Result& result) {
    note(result);
    settle(record, result);
  });
}

void Writer::settle_open(const Settle& settle) {
  const Batch batch = open_.batch();
  if (statements_)
    statements_->write(batch);
  else
    decide_rest(batch);
  for (std::size_t i = 0; i < batch.records.size(); i++) {
    note(batch.results[i]);
    if (batch.results[i].state == Result::State::waiting)
      waiting_->add(batch.records[i]);
    else
      settle(batch.records[i], batch.results[i]);
  }
  open_.clear();
}

/// Decides what could not be decided in bulk, in parts that are not too large to be begun again after an error.
void Writer::decide_rest(const Batch& batch) {
  const auto is_pending = [](const Result& result) { return result.state == Result::State::pending; };
  for (std::size_t at = 0; at < batch.records.size(); at += kMaxBatchRows) {
    const std::size_t count = std::min(kMaxBatchRows, batch.records.size() - at);
    const Batch part{batch.records.subspan(at, count), batch.results.subspan(at, count), 0};
    if (std::none_of(part.results.begin(), part.results.end(), is_pending)) continue;
    row_by_row_->write(part.records, part.results, MissingParent::waits, forecast_for(part));
    if (batches_) batches_->forget_largest_keys();
  }
}

/// What can be said of the records that are pending; null where that is nothing, or not worth it.
Forecast* Writer::forecast_for(const Batch& batch) {
  constexpr std::ptrdiff_t kWorthwhileRows = 10;
  const auto is_pending = [](const Result& result) { return result.state == Result::State::pending; };
  if (has_no_forecast_ || std::count_if(batch.results.begin(), batch.results.end(), is_pending) < kWorthwhileRows) return nullptr;
  if (!forecast_) {
    MemoryContext const caller = MemoryContextSwitchTo(load_context_);
    forecast_ = Forecast::for_table(source_, target_, row_by_row_->parents_elsewhere(), options_);
    MemoryContextSwitchTo(caller);
    has_no_forecast_ = !forecast_;
  }
  if (forecast_) forecast_->make(batch);
  return forecast_.get();
}

FarthestValues Writer::farthest_values() const {
  FarthestValues farthest = statements_ ? statements_->farthest_values() : row_by_row_->farthest_values();
  if (batches_) merge(farthest, batches_->farthest_values());
  return farthest;
}

}  // namespace ferry::load
