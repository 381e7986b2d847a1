#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "load/foreign_keys.hpp"
#include "load/result.hpp"
#include "load/row_converter.hpp"
#include "load/rules.hpp"
#include "load/source.hpp"
#include "load/unique_keys.hpp"
#include "pg/table_writer.hpp"

extern "C" {
#include "access/heapam.h"
}

namespace ferry::load {

/// Puts records into the table a batch at a time, with the same outcome as ExactWriter, for tables on which rows do not depend
/// on each other but by their keys. In four steps:
///   1. values, NOT NULL and CHECK, in a subtransaction that writes nothing, begun again behind a row that raises;
///   2. foreign keys, a query for the new keys of the batch;
///   3. unique keys, in file order: a row whose key is free and whose parents exist is accepted;
///   4. the accepted rows are written.
/// What it cannot decide for certain it leaves pending: rows that meet an open transaction, that could be too large for a
/// page, or that another session was quicker with.
class BulkWriter {
 public:
  /// Nothing where the table needs the row path: see reason_against() in the source. source and rules outlive the writer.
  static std::unique_ptr<BulkWriter> for_table(Source& source, Rules& rules, const WriterOptions& options);
  /// For for_table() alone, which finds out whether the table allows it.
  BulkWriter(Source& source, Rules& rules, const WriterOptions& options, std::vector<ForeignKey> foreign_keys);

  /// Decides the pending records as far as it can, at most kMaxRows of them.
  void write(const std::vector<Record>& records, std::vector<Result>& results);
  /// To be called when rows were written otherwise: the largest keys are not known any more.
  void forget_largest_keys();
  /// Releases what for_table() took.
  void close();

  [[nodiscard]] const FarthestValues& farthest_values() const { return farthest_; }

  static constexpr std::size_t kMaxRows = 1000;

 private:
  void convert_all(const std::vector<Record>& records, std::vector<Result>& results);
  void convert_from(const std::vector<Record>& records, std::vector<Result>& results);
  void accept_all(std::vector<Result>& results, const std::vector<Record>& records);
  const UniqueKey* taken_key(TupleTableSlot* slot, bool& unknown);
  [[nodiscard]] bool may_be_too_large(TupleTableSlot* slot) const;
  void check_foreign_keys(const std::vector<Result>& results, std::size_t count);
  void write_accepted(std::vector<Result>& results);
  bool write_in_subtransaction();
  static void reset_from(std::size_t first, std::vector<Result>& results);
  void insert_accepted(BulkInsertState state);
  void withdraw_raced(std::vector<Result>& results);

  Source& source_;
  Rules& rules_;
  WriterOptions options_;
  RowNotes notes_;
  pg::TableWriter table_{};
  std::vector<ForeignKey> foreign_keys_;
  std::vector<UniqueKey> unique_keys_;
  std::unique_ptr<RowConverter> converter_;
  bool needs_subtransaction_ = false;  ///< writing may raise, or may not be taken back row by row
  MemoryContext load_context_ = nullptr, batch_context_ = nullptr;
  BulkInsertState insert_state_ = nullptr;
  Fields fields_;
  std::vector<TupleTableSlot*> slots_;         ///< one for each record of a batch
  std::vector<std::vector<bool>> has_parent_;  ///< by foreign key, then by record
  std::vector<std::size_t> accepted_;          ///< places of the records to write
  std::vector<TupleTableSlot*> accepted_slots_;
  std::optional<std::size_t> raced_;  ///< place in accepted_ of the first row that met a conflict when written
  std::size_t current_ = 0;
  const Column* converting_ = nullptr;
  FarthestValues farthest_;
};

}  // namespace ferry::load
