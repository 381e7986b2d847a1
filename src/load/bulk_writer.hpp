#pragma once

#include <memory>
#include <vector>

#include "load/foreign_keys.hpp"
#include "load/not_null.hpp"
#include "load/result.hpp"
#include "load/row_converter.hpp"
#include "load/rules.hpp"
#include "load/source.hpp"
#include "load/unique_keys.hpp"
#include "pg/bulk_insert.hpp"
#include "pg/index_entries.hpp"
#include "pg/table_writer.hpp"

namespace ferry::load {

/// Puts records into the table a batch at a time, with the same outcome as ExactWriter, for tables on which rows do not depend
/// on each other but by their keys. In four steps:
///   1. values, NOT NULL and CHECK, in a subtransaction that writes nothing, begun again behind a row that raises;
///   2. foreign keys, a query for the new keys of the batch;
///   3. unique keys, in file order: a row whose key is free and whose parents exist is accepted;
///   4. the accepted rows are written, and, where the only unique index was not asked in step 3, those taken back that it has.
/// A table that is empty and nobody else's yet gets its indexes at the end, as long as keys ascend.
/// What it cannot decide for certain it leaves pending: rows that meet an open transaction, that could be too large for a
/// page, or that another session was quicker with.
class BulkWriter {
 public:
  /// Nothing where the table needs the row path: see bulk_rules.hpp. source and rules outlive the writer.
  static std::unique_ptr<BulkWriter> for_table(Source& source, Rules& rules, const WriterOptions& options);
  /// For for_table() alone, which finds out whether the table allows it.
  BulkWriter(Source& source, Rules& rules, const WriterOptions& options, std::vector<pg::ForeignKey> foreign_keys);

  /// Decides the pending records as far as it can, at most kMaxRows of them.
  void write(const std::vector<Record>& records, std::vector<Result>& results);
  /// To be called when rows were written otherwise: the largest keys are not known any more.
  void forget_largest_keys();
  /// Releases what for_table() took.
  void close();

  [[nodiscard]] const FarthestValues& farthest_values() const { return farthest_; }

  static constexpr std::size_t kMaxRows = 1000;
  /// What the values of a usual batch take: kept from batch to batch. To get it from the system each time costs more than to
  /// fill it.
  static constexpr std::size_t kKeptBatchBytes = std::size_t{512} << 10;

 private:
  bool open_table();
  void close_table();
  void build_indexes();
  [[nodiscard]] bool keys_ascend() const;
  void convert_all(const std::vector<Record>& records, std::vector<Result>& results);
  [[nodiscard]] const Column* column_at_work() const;
  [[nodiscard]] bool may_be_simple() const;
  bool convert_simple(const Record& record, TupleTableSlot* slot);
  void convert_all_simple(const std::vector<Record>& records, std::vector<Result>& results);
  void convert_difficult(const std::vector<Record>& records, std::vector<Result>& results);
  void accept_all(std::vector<Result>& results, const std::vector<Record>& records);
  UniqueKey* taken_key(TupleTableSlot* slot, bool probe, bool& unknown);
  void reject_or_skip(Result& result, UniqueKey& taken, TupleTableSlot* slot) const;
  [[nodiscard]] bool may_be_too_large(TupleTableSlot* slot, const Record& record) const;
  void gather_pending(const std::vector<Result>& results);
  void check_foreign_keys(std::size_t count);
  void write_accepted(std::vector<Result>& results);
  bool write_in_subtransaction();
  static void reset_from(std::size_t first, std::vector<Result>& results);
  void choose_way();
  void insert_accepted(pg::BulkInsert* bulk);
  void order_by_key();
  void settle_refused(std::vector<Result>& results);
  void take_back(std::size_t place);

  Source& source_;
  Rules& rules_;
  WriterOptions options_;
  RowNotes notes_;
  pg::TableWriter table_{};
  std::vector<pg::ForeignKey> foreign_keys_;
  pg::IndexEntries index_entries_;
  std::vector<UniqueKey> unique_keys_;
  NotNull not_null_;
  std::unique_ptr<RowConverter> converter_;
  bool needs_subtransaction_ = false;  ///< writing may raise, or may not be taken back row by row
  bool has_prepared_ = false;          ///< a row has passed the constraints: their expressions are all there
  bool indexes_may_raise_ = false;
  bool lacks_indexes_ = false;       ///< the rows written so far have no entries in the indexes
  bool in_subtransaction_ = true;    ///< this batch is written in one
  bool probes_ = true;               ///< the table is asked for keys before rows are written
  int probing_batches_ = 0;          ///< still to be probed, since the last one written without had many conflicts
  std::size_t fixed_row_bytes_ = 0;  ///< rows have at most so many bytes more than their records; 0: not known
  MemoryContext load_context_ = nullptr, batch_context_ = nullptr;
  pg::BulkInsert bulk_insert_;
  Fields fields_;
  SlotPool slots_;                          ///< one for each record of a batch
  std::vector<const pg::ForeignKey*> orphans_;  ///< by record, the first foreign key that it breaks; empty where none does
  std::vector<std::size_t> accepted_;       ///< places of the records to write
  std::vector<TupleTableSlot*> accepted_slots_;
  std::vector<std::size_t> write_order_;  ///< of the places in accepted_
  std::vector<std::size_t> refused_;      ///< places in accepted_ of rows whose key the table was found to have
  bool raced_ = false;                    ///< a row met another session's key
  std::vector<std::size_t> difficult_;    ///< places of the records whose conversion may raise
  std::size_t at_difficult_ = 0;          ///< the one at work
  const Column* converting_ = nullptr;
  FarthestValues farthest_;
};

}  // namespace ferry::load
