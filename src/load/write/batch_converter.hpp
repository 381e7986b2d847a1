#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "load/table/not_null.hpp"
#include "load/table/target_table.hpp"
#include "load/write/batch.hpp"
#include "load/write/row_converter.hpp"
#include "pg/table/row_slot.hpp"
#include "pg/table/table_writer.hpp"

namespace ferry::load {

/// Which rules BatchConverter looks at besides those of the values themselves.
enum class RowChecks : std::uint8_t {
  decide,   ///< partition, generated columns, NOT NULL, CHECK: a row that breaks one is rejected
  foresee,  ///< the same, but it is only said to look bad: triggers may change it
  none,     ///< all but NOT NULL may look at other rows or values, which have to be there: a row with a null is said to look bad
};

/// Makes rows of the records of a batch, and decides what a row can be rejected for by itself: its fields, its defaults, the
/// filter, and the rules of RowChecks. Nothing is written. The rows and their memory are the object's, one batch at a time.
class BatchConverter {
 public:
  /// All outlive the object; table is open whenever convert() is called. What it keeps lives in the current memory context.
  BatchConverter(Source& source, TargetTable& target, const WriterOptions& options, pg::TableWriter& table, RowChecks checks);
  /// Releases what the object took.
  void close();

  /// Whether rows can be converted for themselves: no expression of the source, no default and no filter may look at tables.
  [[nodiscard]] bool rows_are_independent() const { return !converter_.looks_at_tables(); }

  /// Makes the rows of those records whose result is pending. Records that are rejected or filtered out have that result
  /// afterwards. A row that raises costs a subtransaction, in which nothing is written; a value that is refused need not raise;
  /// the values of the rows before it stay. Errors: those that may not become rejects.
  void convert(const Batch& batch);
  /// Of the batch, by the positions of its records; good until the next one, as long as memory() is.
  [[nodiscard]] const std::vector<BatchRow>& rows() const { return rows_; }
  /// The row of a record in the row type of the table, whatever its partition.
  [[nodiscard]] TupleTableSlot* row_of_table(std::size_t at) const { return slots_[at]; }
  /// What lives as long as the rows.
  [[nodiscard]] MemoryContext memory() const { return batch_context_; }
  /// To be called when the table was opened anew: what it knows of the table and its partitions is of those before.
  void forget_targets();

 private:
  [[nodiscard]] const TargetColumn* column_at_work() const;
  [[nodiscard]] bool may_be_simple() const;
  void begin(std::size_t count);
  bool convert_simple(const Record& record, TupleTableSlot* slot);
  void convert_all_simple(const Batch& batch);
  void convert_difficult(const Batch& batch);
  void convert_one(const Record& record, Result& result, BatchRow& row);
  void refuse(Problem problem, Result& result, BatchRow& row) const;
  void check_constraints(Result& result, BatchRow& row);
  [[nodiscard]] const char* broken_check(const BatchRow& row) const;
  [[nodiscard]] Problem check_violation(const BatchRow& row, const char* check, TupleTableSlot* row_of_table) const;
  [[nodiscard]] const NotNull* not_null_of(ResultRelInfo* target) const;
  void route(BatchRow& row);

  /// How rows become those of a partition.
  struct Partition {
    AttrMap* map = nullptr;
    bool takes_slots = false;  ///< those of the table, with its rows
    TupleDesc row_type = nullptr;
    const pg::RowLayout* layout = nullptr;  ///< null where it is no heap
    std::optional<NotNull> not_null{};      ///< nothing where the row that errors show is another than the one that came
  };
  Partition& partition_of(ResultRelInfo* target);

  Source& source_;
  TargetTable& target_;
  const WriterOptions& options_;
  pg::TableWriter& table_;
  const RowChecks checks_;
  RowConverter converter_;
  NotNull not_null_;
  Fields fields_;
  MemoryContext context_;  ///< of what stays from batch to batch
  MemoryContext batch_context_ = nullptr;
  Size kept_bytes_ = 0;  ///< by that, from batch to batch
  SlotPool slots_;       ///< one for each record of a batch
  std::vector<BatchRow> rows_;
  std::map<ResultRelInfo*, Partition> partitions_;
  std::set<ResultRelInfo*> prepared_;   ///< a row has passed their constraints, whose expressions are all there
  ResultRelInfo* at_work_ = nullptr;    ///< whose constraints are looked at
  std::vector<std::size_t> difficult_;  ///< positions of the records whose conversion may raise
  std::size_t at_difficult_ = 0;        ///< the one at work
  const TargetColumn* converting_ = nullptr;
};

}  // namespace ferry::load
