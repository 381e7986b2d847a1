#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "load/table/self_references.hpp"
#include "load/write/batch_writer.hpp"
#include "load/write/result.hpp"
#include "load/write/row_by_row_writer.hpp"
#include "load/write/waiting_rows.hpp"
#include "pg/table/statement_triggers.hpp"

namespace ferry::load {

/// Loads batches of records: in bulk where the table allows it, row by row the rest.
class Writer {
 public:
  /// source and target outlive the writer. Errors: those of RowByRowWriter.
  Writer(Source& source, TargetTable& target, const WriterOptions& options);

  /// Fires the table's statement triggers before and after all rows. Errors: theirs.
  void begin();
  void end();

  /// Decides the records from first on, at most kMaxBatchRows; results[i] tells what became of records[i]. Those that wait
  /// for a parent are kept for write_waiting(). False: what became of all of them may still change, and the next call is to have
  /// them in front of its own records, or finish().
  [[nodiscard]] bool write(std::span<const Record> records, std::span<Result> results, std::size_t first);
  /// Decides what write() has left open: there is at least one record.
  void finish(std::span<const Record> records, std::span<Result> results);
  /// Decides the rows that waited; to be called behind the last batch. settle is told of each.
  void write_waiting(const Settle& settle);

  /// The largest values of all batches.
  [[nodiscard]] FarthestValues farthest_values() const;

 private:
  void decide_rest(std::span<const Record> records, std::span<Result> results);
  Forecast* forecast_for(const Batch& batch);
  void note(const Result& result);

  TargetTable& target_;
  WriterOptions options_;
  SelfReferences self_references_;
  RowByRowWriter row_by_row_;
  WaitingRows waiting_;
  Source& source_;
  MemoryContext load_context_ = nullptr;  ///< that of begin()
  std::unique_ptr<BatchWriter> batches_;  ///< nothing before begin()
  std::unique_ptr<Forecast> forecast_;    ///< nothing before it is needed, or where there is none
  bool has_no_forecast_ = false;
  std::optional<pg::StatementTriggers> statement_;
};

}  // namespace ferry::load
