#pragma once

#include <memory>
#include <optional>

#include "load/table/self_references.hpp"
#include "load/write/batch_writer.hpp"
#include "load/write/open_records.hpp"
#include "load/write/result.hpp"
#include "load/write/row_by_row_writer.hpp"
#include "load/write/statement_writer.hpp"
#include "load/write/waiting_rows.hpp"
#include "pg/table/statement_triggers.hpp"

namespace ferry::load {

/// Loads the records of a source a batch at a time: in bulk where the table allows it, row by row the rest. Or by statements,
/// where the server's own functions for rows do not lead to them.
class Writer {
 public:
  /// source and target outlive the writer. Errors: those of RowByRowWriter and of StatementWriter.
  Writer(Source& source, TargetTable& target, const WriterOptions& options);

  /// Fires the table's statement triggers before and after all rows. Errors: theirs.
  void begin();
  void end();

  /// Reads the next records of the source; false at its end. Errors: the source's.
  [[nodiscard]] bool read_batch() { return open_.read(source_); }
  /// Decides those, and tells settle of each whose outcome is certain, in file order. The others stay open: rows whose keys come
  /// in no order are decided together with those of the next batches, and rows that wait for a parent of the table at the end.
  void write(const Settle& settle);
  /// Decides all that is open; to be called behind the last batch.
  void finish(const Settle& settle);

  /// The largest values of all batches.
  [[nodiscard]] FarthestValues farthest_values() const;

 private:
  void settle_open(const Settle& settle);
  void decide_rest(const Batch& batch);
  Forecast* forecast_for(const Batch& batch);
  void note(const Result& result);

  TargetTable& target_;
  WriterOptions options_;
  SelfReferences self_references_;
  std::optional<StatementWriter> statements_;  ///< then nothing else is there
  std::optional<RowByRowWriter> row_by_row_;
  std::optional<WaitingRows> waiting_;
  Source& source_;
  OpenRecords open_;
  MemoryContext load_context_ = nullptr;  ///< that of begin()
  std::unique_ptr<BatchWriter> batches_;  ///< nothing before begin()
  std::unique_ptr<Forecast> forecast_;    ///< nothing before it is needed, or where there is none
  bool has_no_forecast_;
  std::optional<pg::StatementTriggers> statement_;
};

}  // namespace ferry::load
