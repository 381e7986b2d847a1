#pragma once

#include <memory>
#include <vector>

#include "load/batch_converter.hpp"
#include "load/heap_writer.hpp"
#include "load/rules.hpp"
#include "pg/table_writer.hpp"

namespace ferry::load {

/// Puts records into the table a batch at a time, with the same outcome as ExactWriter, for tables on which rows do not depend
/// on each other but by their keys: BatchConverter makes rows, HeapWriter decides and writes them. What they cannot decide stays
/// pending.
/// A table that is empty and nobody else's yet gets its indexes at the end, as long as keys ascend.
class BatchWriter {
 public:
  /// Nothing where the table needs the row path: see bulk_rules.hpp. source, rules and options outlive the writer.
  static std::unique_ptr<BatchWriter> for_table(Source& source, Rules& rules, const WriterOptions& options);
  /// For for_table() alone, which finds out whether the table allows it.
  BatchWriter(Source& source, Rules& rules, const WriterOptions& options, std::vector<pg::ForeignKey> foreign_keys);

  /// Decides the records of the batch, at most kMaxBatchRows, as far as it can. False: what became of them may still change, and
  /// the next batch is to have them in front of its own records; or finish().
  [[nodiscard]] bool write(const Batch& batch);
  /// Decides what write() has left open: there is at least one record.
  void finish(const Batch& batch);
  /// To be called when rows were written otherwise: the largest keys are not known any more.
  void forget_largest_keys() { heap_.forget_largest_keys(); }
  /// Releases what for_table() took.
  void close();

  [[nodiscard]] const FarthestValues& farthest_values() const { return heap_.farthest_values(); }

 private:
  bool open_table();
  void close_table();
  void build_indexes();
  void begin_batch(std::size_t count);
  [[nodiscard]] std::vector<BatchRow> pending_rows(const Batch& batch) const;

  Source& source_;
  Rules& rules_;
  const WriterOptions& options_;
  MemoryContext load_context_, batch_context_ = nullptr;
  pg::TableWriter table_{};
  BatchConverter converter_;
  HeapWriter heap_;
  SlotPool slots_;              ///< one for each record of a batch
  bool lacks_indexes_ = false;  ///< the rows written so far have no entries in the indexes
};

}  // namespace ferry::load
