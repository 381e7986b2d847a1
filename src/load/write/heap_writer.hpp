#pragma once

#include <span>
#include <vector>

#include "load/table/foreign_keys.hpp"
#include "load/table/target_table.hpp"
#include "load/table/unique_keys.hpp"
#include "load/write/batch.hpp"
#include "load/write/deferred_rows.hpp"
#include "pg/table/bulk_table.hpp"
#include "pg/table/table_writer.hpp"

namespace ferry::load {

/// Decides the rows of a batch that go into ONE heap by their keys, and writes those that are good:
///   1. foreign keys, a query for the new keys of the batch;
///   2. unique keys, in file order: a row whose key is free and whose parents exist is accepted;
///   3. the accepted rows are written, and, where the only unique index was not asked in step 2, those taken back that it has.
/// Where keys come in no order, entries are deferred over several batches: see DeferredRows.
/// What it cannot decide for certain it leaves pending: rows that meet an open transaction, that could be too large for a page,
/// or that another session was quicker with; and rows that are to take the place of others.
class HeapWriter {
 public:
  /// source, target and options outlive the object. What it keeps lives in the current memory context.
  HeapWriter(Source& source, TargetTable& target, const WriterOptions& options, std::vector<pg::ForeignKey> foreign_keys);

  /// target: the table itself or a partition, open as long as the writer is, as executor. map: from the table's columns to those
  /// of the partition; null where they are equal. False where an index needs another way; close() is called all the same.
  [[nodiscard]] bool open(ResultRelInfo* target, EState* executor, const AttrMap* map);
  void close();
  /// Takes buffers for many rows, which stay from open() to open(). without_entries: indexes are built at the end.
  void begin_bulk(bool without_entries);
  void end_bulk();
  [[nodiscard]] bool has_bulk() const { return has_bulk_; }
  /// From here on rows get their entries when they are written.
  void begin_entries() { with_entries_ = true; }

  /// Whether indexes may be built at the end as long as keys ascend: then no row can break one of them.
  [[nodiscard]] bool can_do_without_entries() const;
  /// Whether the keys of each row are beyond those of all rows before it.
  [[nodiscard]] bool keys_ascend(std::span<const BatchRow> rows) const;

  /// Decides rows, which are pending, as far as it can. The current memory context is the batch's.
  void write(const Batch& batch, std::span<const BatchRow> rows);
  /// Whether rows of this batch or of those before are not certain.
  [[nodiscard]] bool has_deferred() const { return deferred_.has_any(); }
  /// Makes those certain. batch: its records have all of them.
  void settle_deferred(const Batch& batch);
  /// Rows were written otherwise: the largest keys are not known any more.
  void forget_largest_keys();

  [[nodiscard]] const FarthestValues& farthest_values() const { return farthest_; }

 private:
  bool open_indexes(const ResultRelInfo* target);
  void check_foreign_keys();
  bool find_self_references();
  [[nodiscard]] bool replaces() const { return options_.on_conflict == OnConflict::update; }
  [[nodiscard]] bool can_replace() const;
  [[nodiscard]] const pg::ForeignKey* broken_key(std::size_t at);
  void refuse_orphan(Result& result, const pg::ForeignKey& broken, TupleTableSlot* slot) const;
  void choose_way();
  bool settle_before_probes(const Batch& batch);
  DeferredRows::Outcome settle(const Batch& batch);
  UniqueKey* taken_key(TupleTableSlot* slot, bool probe, bool& unknown);
  [[nodiscard]] bool may_be_too_large(TupleTableSlot* slot, const Record& record) const;
  void accept_all(const Batch& batch);
  void write_accepted(const Batch& batch);
  void write_at_once(const Batch& batch);
  bool write_in_subtransaction();
  void order_by_key();
  void insert_accepted(pg::BulkTable::Buffers buffers);
  void settle_refused(const Batch& batch);
  void reset_from(std::size_t first, const Batch& batch) const;

  /// A foreign key to the table itself.
  struct SelfReference {
    pg::ForeignKey* key;
    UniqueKey* referenced;
    KeySet promised{};  ///< of the rows of the batch: who refers to one of those has a parent if that row is accepted before
  };
  static constexpr int kProbingBatches = 16;  ///< so many are asked for behind one with many rows written in vain

  Source& source_;
  const WriterOptions& options_;
  RowNotes notes_;
  std::vector<pg::ForeignKey> foreign_keys_;
  pg::BulkTable table_;
  const AttrMap* map_ = nullptr;
  MemoryContext context_;  ///< of what stays from batch to batch
  std::vector<UniqueKey> unique_keys_;
  std::vector<SelfReference> self_references_;
  DeferredRows deferred_;
  bool indexes_may_raise_ = false;
  bool needs_subtransaction_ = false;  ///< writing may raise, or may not be taken back row by row
  bool entries_may_wait_ = false;      ///< the indexes allow it
  bool with_entries_ = true;           ///< rows get entries in the indexes
  bool has_bulk_ = false;
  bool in_subtransaction_ = true;    ///< this batch is written in one
  bool probes_ = true;               ///< the table is asked for keys before rows are written
  int probing_batches_ = 0;          ///< still to be probed, since the last one written without had many conflicts
  std::size_t fixed_row_bytes_ = 0;  ///< rows have at most so many bytes more than their records; 0: not known
  std::span<const BatchRow> rows_;   ///< of the batch
  std::vector<TupleTableSlot*> slots_;
  std::vector<const pg::ForeignKey*> orphans_;  ///< by row, the first foreign key that it breaks; empty where none does
  std::vector<BatchRow> accepted_;              ///< rows to write
  std::vector<TupleTableSlot*> accepted_slots_;
  std::vector<std::size_t> write_order_;        ///< of the positions in accepted_
  std::vector<TupleTableSlot*> ordered_slots_;  ///< those of the accepted rows, in that order
  std::vector<std::size_t> refused_;            ///< positions in accepted_ of rows whose key the table was found to have
  bool raced_ = false;                          ///< a row met another session's key
  FarthestValues farthest_;
};

}  // namespace ferry::load
