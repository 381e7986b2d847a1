#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "pg/table/index_append.hpp"

#include "pg/server.hpp"

extern "C" {
#include "nodes/execnodes.h"
}

namespace ferry::pg {

/// Whether the entries of an index are values of columns, and nothing but uniqueness is to be checked.
[[nodiscard]] bool is_plain_index(const IndexInfo* info);
/// The entry of a row in a plain index, into values and nulls, which have room for INDEX_MAX_KEYS.
void entry_values(const IndexInfo* info, TupleTableSlot* slot, Datum* values, bool* nulls);
/// Puts an entry into a plain index, the one with that number of the target's. False where the index is unique and may have the
/// key already: it then has both. Calls the server without a guard.
[[nodiscard]] bool insert_entry(ResultRelInfo* target, int index, Datum* values, bool* nulls, ItemPointer tid);

/// Puts rows that are in a table into its indexes, as ExecInsertIndexTuples() does, which is asked where an index has an
/// expression, a condition or a constraint other than uniqueness; else the values go to the index without it.
class IndexEntries {
 public:
  IndexEntries() = default;
  /// target: with its indexes open; it and executor outlive the object.
  IndexEntries(ResultRelInfo* target, EState* executor);

  /// Puts in the entries of the first rows whose keys ascend and are beyond all others, and tells of how many rows. None of their
  /// keys is taken. What is needed for it lives in the current memory context.
  std::size_t append(std::span<TupleTableSlot* const> slots);
  /// slot: a row with its location; row expressions may be computed in executor's memory for a row. False where a
  /// unique index may have its key already: the index then has both. Calls the server without a guard.
  [[nodiscard]] bool add(TupleTableSlot* slot) const;
  /// The same, but a key that is taken raises 23505 or 23P01. The list of the deferrable indexes that are to be checked later.
  List* add_or_raise(TupleTableSlot* slot) const;

 private:
  [[nodiscard]] bool add_plain(TupleTableSlot* slot) const;
  void add_to(int index, std::span<TupleTableSlot* const> slots);

  ResultRelInfo* target_ = nullptr;
  EState* executor_ = nullptr;
  bool are_plain_ = false;
  bool can_append_ = false;
  int first_ = 0;                        ///< the index that decides which rows are appended
  std::array<IndexAppend, 16> appends_;  ///< one for each index; a table with more of them is not appended to
};

}  // namespace ferry::pg
