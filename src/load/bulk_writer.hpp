#pragma once

#include <memory>
#include <span>
#include <vector>

#include "load/foreign_keys.hpp"
#include "load/not_null.hpp"
#include "load/result.hpp"
#include "load/row_converter.hpp"
#include "load/rules.hpp"
#include "load/source.hpp"
#include "load/unique_keys.hpp"
#include "pg/bulk_insert.hpp"
#include "pg/entry_run.hpp"
#include "pg/index_entries.hpp"
#include "pg/table_writer.hpp"

namespace ferry::load {

/// Puts records into the table a batch at a time, with the same outcome as ExactWriter, for tables on which rows do not depend
/// on each other but by their keys. In four steps:
///   1. values, NOT NULL and CHECK, in a subtransaction that writes nothing, begun again behind a row that raises;
///   2. foreign keys, a query for the new keys of the batch;
///   3. unique keys, in file order: a row whose key is free and whose parents exist is accepted;
///   4. the accepted rows are written, and, where the only unique index was not asked in step 3, those taken back that it has.
/// Where keys come in no order, the entries of several batches go into the indexes together: a run. Only its end tells which of
/// their rows the table has already.
/// A table that is empty and nobody else's yet gets its indexes at the end, as long as keys ascend.
/// What it cannot decide for certain it leaves pending: rows that meet an open transaction, that could be too large for a
/// page, or that another session was quicker with.
class BulkWriter {
 public:
  /// Nothing where the table needs the row path: see bulk_rules.hpp. source and rules outlive the writer.
  static std::unique_ptr<BulkWriter> for_table(Source& source, Rules& rules, const WriterOptions& options);
  /// For for_table() alone, which finds out whether the table allows it.
  BulkWriter(Source& source, Rules& rules, const WriterOptions& options, std::vector<pg::ForeignKey> foreign_keys);

  /// Decides the records from first on, at most kMaxRows, as far as it can; it leaves what it cannot decide pending. False: what
  /// became of them may still change, and the next call is to have them in front of its own records, or end_run().
  [[nodiscard]] bool write(std::span<const Record> records, std::span<Result> results, std::size_t first);
  /// Decides what write() has left open: there is at least one record.
  void end_run(std::span<const Record> records, std::span<Result> results);
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
  /// A row in the heap whose entries in the indexes wait.
  struct RunRow {
    ItemPointerData tid;
    std::size_t place;  ///< among the records that are not decided
  };
  /// Whether more rows were written in vain than it costs to ask the table for keys before.
  static bool are_many(std::size_t refused, std::size_t written) { return refused * 16 > written; }
  static constexpr int kProbingBatches = 16;  ///< so many are asked for then

  bool open_table();
  void close_table();
  void build_indexes();
  [[nodiscard]] bool keys_ascend() const;
  void begin_batch(std::size_t count);
  void convert_all(std::span<const Record> records, std::span<Result> results);
  [[nodiscard]] const Column* column_at_work() const;
  [[nodiscard]] bool may_be_simple() const;
  bool convert_simple(const Record& record, TupleTableSlot* slot);
  void convert_all_simple(std::span<const Record> records, std::span<Result> results);
  void convert_difficult(std::span<const Record> records, std::span<Result> results);
  void accept_all(std::span<const Record> records, std::span<Result> results);
  UniqueKey* taken_key(TupleTableSlot* slot, bool probe, bool& unknown);
  void reject_or_skip(Result& result, UniqueKey& taken, TupleTableSlot* slot) const;
  [[nodiscard]] bool may_be_too_large(TupleTableSlot* slot, const Record& record) const;
  void gather_pending(std::span<const Result> results);
  void check_foreign_keys(std::size_t count);
  void choose_way();
  void write_accepted(std::span<Result> results, std::size_t first);
  bool write_in_subtransaction();
  static void reset_from(std::size_t first, std::span<Result> results);
  void note(TupleTableSlot* slot, Result& result, FarthestValues& farthest) const;
  void order_by_key();
  void insert_rows(pg::BulkInsert* bulk);
  void insert_accepted(pg::BulkInsert* bulk);
  void settle_refused(std::span<Result> results);
  void take_back(ItemPointerData tid);

  bool may_entries_wait();
  void insert_waiting();
  bool is_run_full_with(std::span<const Record> batch, std::span<const Result> results);
  bool insert_run(std::span<const Record> records, std::span<Result> results);
  void insert_entries();
  void insert_entries_as_rows_came();
  bool settle_conflict(ItemPointerData tid);
  void fetch(ItemPointerData tid);
  void settle_run(std::span<Result> results);
  void settle_refused_rows(std::span<Result> results);

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
  SlotPool slots_;                              ///< one for each record of a batch
  std::vector<const pg::ForeignKey*> orphans_;  ///< by record, the first foreign key that it breaks; empty where none does
  std::vector<std::size_t> accepted_;           ///< places of the records to write
  std::vector<TupleTableSlot*> accepted_slots_;
  std::vector<std::size_t> write_order_;  ///< of the places in accepted_
  std::vector<std::size_t> refused_;      ///< places in accepted_ of rows whose key the table was found to have
  bool raced_ = false;                    ///< a row met another session's key
  bool entries_may_wait_ = false;         ///< the table allows it
  pg::EntryRun entry_run_;
  std::vector<RunRow> run_rows_;
  std::size_t run_batches_ = 0, run_bytes_ = 0;
  std::size_t longest_run_ = 1;                ///< in batches; see bulk_run.cpp
  int direct_batches_ = 0;                     ///< still to get their entries at once, since the last run was of no use
  std::vector<ItemPointerData> refused_rows_;  ///< of the run: the table was found to have their key
  FarthestValues run_farthest_;                ///< of the run, unless some of its rows are taken back
  TupleTableSlot* stored_row_ = nullptr;       ///< for rows that are read again
  std::vector<std::size_t> difficult_;         ///< places of the records whose conversion may raise
  std::size_t at_difficult_ = 0;               ///< the one at work
  const Column* converting_ = nullptr;
  FarthestValues farthest_;
};

}  // namespace ferry::load
