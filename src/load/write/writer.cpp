#include "load/write/writer.hpp"

#include <algorithm>

#include "pg/server.hpp"

namespace ferry::load {

using pg::call;
using pg::StatementTriggers;

Writer::Writer(Source& source, TargetTable& target, const WriterOptions& options)
    : target_(target),
      options_(options),
      self_references_(target.relation()),
      row_by_row_(source, target, self_references_, options),
      waiting_(row_by_row_, self_references_),
      source_(source) {}

void Writer::begin() {
  Relation const relation = target_.relation();
  const bool with_update = options_.on_conflict == OnConflict::update;
  if (StatementTriggers::has_any(relation, with_update))
    statement_ = call([=, this] { return StatementTriggers::begin(relation, with_update, target_.written_columns()); });
  // what triggers have written is there when it looks at the table
  load_context_ = CurrentMemoryContext;
  batches_ = BatchWriter::for_table(source_, target_, options_);
}

void Writer::end() {
  waiting_.close();
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

bool Writer::write(std::span<const Record> records, std::span<Result> results, std::size_t first) {
  for (Result& result : results.subspan(first)) result.reset();
  if (batches_ && !batches_->write({records, results, first})) return false;
  decide_rest(records, results);
  return true;
}

void Writer::finish(std::span<const Record> records, std::span<Result> results) {
  if (batches_) batches_->finish({records, results, records.size()});
  decide_rest(records, results);
}

/// Decides what could not be decided in bulk, in parts that are not too large to be begun again after an error.
void Writer::decide_rest(std::span<const Record> records, std::span<Result> results) {
  const auto is_pending = [](const Result& result) { return result.state == Result::State::pending; };
  for (std::size_t at = 0; at < records.size(); at += kMaxBatchRows) {
    const std::size_t count = std::min(kMaxBatchRows, records.size() - at);
    const auto part = results.subspan(at, count);
    if (std::none_of(part.begin(), part.end(), is_pending)) continue;
    const Batch batch{records.subspan(at, count), part, 0};
    row_by_row_.write(batch.records, batch.results, MissingParent::waits, forecast_for(batch));
    if (batches_) batches_->forget_largest_keys();
  }
  for (std::size_t i = 0; i < records.size(); i++) {
    note(results[i]);
    if (results[i].state == Result::State::waiting) waiting_.add(records[i]);
  }
}

/// What can be said of the records that are pending; null where that is nothing, or not worth it.
Forecast* Writer::forecast_for(const Batch& batch) {
  constexpr std::ptrdiff_t kWorthwhileRows = 10;
  const auto is_pending = [](const Result& result) { return result.state == Result::State::pending; };
  if (has_no_forecast_ || std::count_if(batch.results.begin(), batch.results.end(), is_pending) < kWorthwhileRows) return nullptr;
  if (!forecast_) {
    MemoryContext const caller = MemoryContextSwitchTo(load_context_);
    forecast_ = Forecast::for_table(source_, target_, options_);
    MemoryContextSwitchTo(caller);
    has_no_forecast_ = !forecast_;
  }
  if (forecast_) forecast_->make(batch);
  return forecast_.get();
}

void Writer::write_waiting(const Settle& settle) {
  waiting_.settle_all([&](const Record& record, const Result& result) {
    note(result);
    settle(record, result);
  });
}

FarthestValues Writer::farthest_values() const {
  FarthestValues farthest = row_by_row_.farthest_values();
  if (batches_) merge(farthest, batches_->farthest_values());
  return farthest;
}

}  // namespace ferry::load
