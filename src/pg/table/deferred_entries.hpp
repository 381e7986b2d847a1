#pragma once

#include <cstddef>
#include <vector>

#include "pg/server.hpp"

extern "C" {
#include "access/itup.h"
#include "nodes/execnodes.h"
#include "utils/tuplesort.h"
}

namespace ferry::pg {

/// Entries for the btrees of a table, of rows that are in its heap, which wait until there are many: then they go into each index
/// in its order. Entries of random keys that come as their rows do each meet a page that the processor's cache has lost.
/// Members call the server without a guard; an abort frees what they hold.
class DeferredEntries {
 public:
  /// Whether the entries of a table can wait: all its indexes are btrees of plain columns.
  static bool supports(const ResultRelInfo* target);

  /// target: with its indexes open, outlives what waits. What waits lives in the current memory context.
  void begin(ResultRelInfo* target);
  [[nodiscard]] bool is_open() const { return !sorts_.empty(); }
  /// slot: a row with its location.
  void keep(TupleTableSlot* slot);
  /// The memory of what waits.
  [[nodiscard]] std::size_t bytes() const { return is_open() ? MemoryContextMemAllocated(context_, true) : 0; }
  /// Puts the entries into the indexes and forgets them. goes_on(tid) is asked where a unique index may have had the key of the
  /// row at tid already, when it has both; false: no more entries are put in.
  template <class GoesOn>
  void insert(GoesOn&& goes_on) {
    was_of_use_ = false;
    bool is_on = true;
    for (std::size_t i = 0; i < sorts_.size(); i++) {
      tuplesort_performsort(sorts_[i]);
      std::size_t entries = 0, jumps = 0;
      ItemPointerData last{};
      while (is_on) {
        IndexTuple const entry = tuplesort_getindextuple(sorts_[i], true);
        if (entry == nullptr) break;
        if (entries++ > 0 && ItemPointerCompare(&entry->t_tid, &last) < 0) jumps++;
        last = entry->t_tid;
        if (!insert(i, entry)) is_on = goes_on(&entry->t_tid);
      }
      was_of_use_ = was_of_use_ || 4 * jumps >= entries;
    }
    drop();
  }
  /// Whether the last insert() had an index in whose order the rows did not come, nor in few heaps of equal keys.
  [[nodiscard]] bool was_of_use() const { return was_of_use_; }
  /// Ends it without them.
  void drop();

 private:
  bool insert(std::size_t index, IndexTuple entry);

  ResultRelInfo* target_ = nullptr;
  MemoryContext context_ = nullptr;     ///< of the sorts
  std::vector<Tuplesortstate*> sorts_;  ///< one for each index
  bool was_of_use_ = true;
};

}  // namespace ferry::pg
