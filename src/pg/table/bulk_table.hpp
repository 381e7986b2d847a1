#pragma once

#include <cstddef>
#include <span>

#include "pg/table/bulk_insert.hpp"
#include "pg/table/deferred_entries.hpp"
#include "pg/table/index_entries.hpp"

namespace ferry::pg {

/// ONE heap that rows are written into many at a time, with its indexes. The entries of a row go into the indexes when the row
/// is in the heap, or together with those of other rows later (deferred), or not at all, where the indexes are built at the end.
/// Members call the server without a guard, and an abort frees what they hold.
class BulkTable {
 public:
  /// What the object makes lives in the memory context that is current now.
  BulkTable() = default;
  BulkTable(const BulkTable&) = delete;
  BulkTable& operator=(const BulkTable&) = delete;

  /// target: with its indexes open; it and executor outlive the object or the next call.
  void open(ResultRelInfo* target, EState* executor);
  /// Takes buffers for rows that are written in large numbers. is_new: the table is empty, and its indexes are built at the end.
  void begin_bulk(bool is_new) { bulk_insert_.begin(is_new); }
  /// Releases what open() took; the buffers stay.
  void close();
  void end_bulk() { bulk_insert_.end(); }

  [[nodiscard]] Relation relation() const { return target_->ri_RelationDesc; }
  [[nodiscard]] ResultRelInfo* target() const { return target_; }
  [[nodiscard]] bool has_indexes() const { return target_->ri_NumIndices > 0; }

  enum class Buffers {
    bulk,    ///< those of begin_bulk()
    shared,  ///< any: for rows that a subtransaction may take back, which would take the bulk buffers along
  };
  /// Adds the rows of slots to the heap, in their order, and tells each slot its tid. What the server needs for it lives in the
  /// current memory context. slots: not empty; of table_slot_create() or make_row_slot().
  void insert(std::span<TupleTableSlot*> slots, Buffers buffers);

  /// Puts the entries of rows that are in the heap into the indexes, in this order. goes_on(at) is asked where a unique index may
  /// have the key of the row at that position already, when it has both; false: no more entries are put in. What the server needs
  /// for it lives in the current memory context.
  template <class GoesOn>
  void add_entries(std::span<TupleTableSlot* const> slots, GoesOn&& goes_on) {
    for (std::size_t at = 0; at < slots.size(); at++) {
      at += entries_.append(slots.subspan(at));
      if (at < slots.size() && !entries_.add(slots[at]) && !goes_on(at)) return;
    }
  }
  /// The same, but a key that is taken raises 23505 or 23P01. behind(slot, list) is called behind each row, in their order, with
  /// the list of the deferrable indexes that are to be checked later.
  template <class Behind>
  void add_entries_or_raise(std::span<TupleTableSlot* const> slots, Behind&& behind) {
    for (std::size_t at = 0; at < slots.size(); at++) {
      const std::size_t first = at;
      at += entries_.append(slots.subspan(at));
      for (std::size_t i = first; i < at; i++) behind(slots[i], NIL);
      if (at < slots.size()) behind(slots[at], entries_.add_or_raise(slots[at]));
    }
  }

  /// The entries of one such row. False where a unique index may have its key already: the index then has both.
  [[nodiscard]] bool add_entries(TupleTableSlot* slot) const { return entries_.add(slot); }

  /// Whether entries can be deferred.
  [[nodiscard]] bool can_defer() const { return DeferredEntries::supports(target_); }
  /// Keeps the entries of rows that are in the heap.
  void defer_entries(std::span<TupleTableSlot*> slots);
  [[nodiscard]] DeferredEntries& deferred() { return deferred_; }
  [[nodiscard]] const DeferredEntries& deferred() const { return deferred_; }

  /// To be called at both ends of a subtransaction that adds entries: what indexes keep belongs to one of the two.
  void let_go() const;
  /// To be called behind one that was rolled back because of an error.
  void recover() const;

  /// A row that this transaction has written, in a slot that the next call fills anew; forget_fetched() behind the last one.
  TupleTableSlot* fetch(ItemPointerData tid);
  void forget_fetched();
  /// Removes a row that this transaction has written.
  void take_back(ItemPointerData tid) const;

 private:
  ResultRelInfo* target_ = nullptr;
  MemoryContext context_ = CurrentMemoryContext;
  BulkInsert bulk_insert_;
  IndexEntries entries_;
  DeferredEntries deferred_;
  TupleTableSlot* stored_ = nullptr;  ///< for fetch()
};

}  // namespace ferry::pg
