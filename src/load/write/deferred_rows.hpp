#pragma once

#include <span>
#include <vector>

#include "load/table/unique_keys.hpp"
#include "load/write/batch.hpp"
#include "load/write/result.hpp"
#include "pg/table/bulk_table.hpp"

namespace ferry::load {

/// Rows of one batch or several that are in a heap while their entries in its indexes are deferred. Where keys come in no order,
/// the entries of many rows go into the indexes together, in the order of each. Only then it is known which rows have a key that
/// the table had already: until then none of the records since the first of them is decided. For tables without partitions.
class DeferredRows {
 public:
  /// All outlive the object; key: of the only unique index.
  DeferredRows(pg::BulkTable& table, const RowNotes& notes, const WriterOptions& options)
      : table_(table), notes_(notes), options_(options) {}

  /// Whether there are such rows.
  [[nodiscard]] bool has_any() const { return table_.deferred().is_open(); }
  /// Whether it is worth to defer the entries of a batch of so many rows, whose keys are accepted.
  [[nodiscard]] bool is_worthwhile(const UniqueKey& key, std::size_t rows);
  /// Writes rows of the batch into the heap. Calls the server without a guard.
  void add(const Batch& batch, std::span<const BatchRow> rows, std::span<TupleTableSlot*> slots);
  /// Counts a batch, whether it had rows to add or not; whether its entries and those before have waited long enough.
  [[nodiscard]] bool is_full_with(const Batch& batch);

  enum class Outcome { settled, raced };
  /// Puts the entries in and settles the rows. Raced: another session was quicker with a key, so that nothing of these rows is in
  /// the table, and theirs and all results behind are pending. batch: its records have all that wait. key: open for a batch.
  /// farthest: gets the values of those that stay.
  Outcome settle(const Batch& batch, UniqueKey& key, FarthestValues& farthest);

  /// Whether so many rows were written in vain last that the table is to be asked for keys before.
  [[nodiscard]] bool had_many_refused() const { return had_many_refused_; }

 private:
  struct Row {
    ItemPointerData tid;
    std::size_t at;  ///< of its record among all that are not settled
  };
  void insert_entries(UniqueKey& key);
  void insert_entries_as_rows_came(UniqueKey& key);
  bool settle_conflict(ItemPointerData tid, UniqueKey& key);
  void settle_all(const Batch& batch, UniqueKey& key, FarthestValues& farthest);
  void settle_refused(const Batch& batch, UniqueKey& key, FarthestValues& farthest);

  pg::BulkTable& table_;
  const RowNotes& notes_;
  const WriterOptions& options_;
  std::vector<Row> rows_;
  std::vector<ItemPointerData> refused_;  ///< rows whose key the table was found to have
  std::size_t batches_ = 0, bytes_ = 0;
  std::size_t longest_ = 1;  ///< in batches
  int direct_batches_ = 0;   ///< still to get their entries at once, since to defer them was of no use the last time
  bool raced_ = false, had_many_refused_ = false;
  FarthestValues farthest_;  ///< of all that wait
};

}  // namespace ferry::load
