#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "load/bulk_writer.hpp"
#include "load/exact_writer.hpp"
#include "load/result.hpp"

namespace ferry::load {

/// Loads batches of records: in bulk where the table allows it, row by row the rest.
class Writer {
 public:
  /// source and rules outlive the writer. Errors: those of ExactWriter.
  Writer(Source& source, Rules& rules, const WriterOptions& options);

  /// Fires the table's statement triggers before and after all batches. Errors: theirs.
  void begin();
  void end();

  /// Decides all records of a batch, at most BulkWriter::kMaxRows; results[i] tells what became of records[i].
  void write(const std::vector<Record>& records, std::vector<Result>& results);

  /// The largest values of all batches.
  [[nodiscard]] FarthestValues farthest_values() const;

 private:
  Rules& rules_;
  ExactWriter exact_;
  std::unique_ptr<BulkWriter> bulk_;
  std::optional<pg::TableWriter> statement_;
};

}  // namespace ferry::load
