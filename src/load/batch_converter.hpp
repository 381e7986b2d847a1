#pragma once

#include <memory>
#include <vector>

#include "load/batch.hpp"
#include "load/not_null.hpp"
#include "load/row_converter.hpp"
#include "load/rules.hpp"
#include "pg/table_writer.hpp"

namespace ferry::load {

/// Makes rows of the records of a batch, and decides what a row can be rejected for by itself: its fields, its defaults and
/// generated columns, the filter, NOT NULL and CHECK. Nothing is written.
class BatchConverter {
 public:
  /// All outlive the object; table is open whenever convert() is called. What it keeps lives in the current memory context.
  BatchConverter(Source& source, Rules& rules, const WriterOptions& options, const pg::TableWriter& table);

  /// Whether rows can be converted for themselves: no default and no filter may look at tables.
  [[nodiscard]] bool rows_are_independent() const { return !converter_.looks_at_tables(); }

  /// Makes the rows of those records whose result is pending, in slots of the pool, by their positions in the batch; values are
  /// put into batch_context. Those that are rejected or filtered out have that result afterwards. A row that raises costs a
  /// subtransaction, in which nothing is written; the values of the rows before it stay. Errors: those that may not become
  /// rejects.
  void convert(const Batch& batch, SlotPool& slots, MemoryContext batch_context);

 private:
  [[nodiscard]] const Column* column_at_work() const;
  [[nodiscard]] bool may_be_simple() const;
  bool convert_simple(const Record& record, TupleTableSlot* slot);
  void convert_all_simple(const Batch& batch, SlotPool& slots);
  void convert_difficult(const Batch& batch, SlotPool& slots);
  void convert_one(const Record& record, Result& result, TupleTableSlot* slot);

  Source& source_;
  Rules& rules_;
  const WriterOptions& options_;
  const pg::TableWriter& table_;
  RowConverter converter_;
  NotNull not_null_;
  Fields fields_;
  bool has_prepared_ = false;           ///< a row has passed the constraints: their expressions are all there
  std::vector<std::size_t> difficult_;  ///< positions of the records whose conversion may raise
  std::size_t at_difficult_ = 0;        ///< the one at work
  const Column* converting_ = nullptr;
};

}  // namespace ferry::load
