#pragma once

#include <cstddef>
#include <span>

#include "pg/server.hpp"

extern "C" {
#include "executor/tuptable.h"
#include "nodes/execnodes.h"
}

namespace ferry::pg {

/// Puts entries behind all others of one btree, as many as its last leaf takes under one lock and with one record in the log. An
/// entry by itself has each of its own, which is half of the time that a table with a key takes to fill in the key's order.
/// Members call the server without a guard.
class IndexAppend {
 public:
  IndexAppend() = default;
  /// A plain index, the one with that number of the target's, which outlives the object.
  IndexAppend(ResultRelInfo* target, int index);

  /// Puts in the entries of the first rows, and tells of how many: up to the first one that has an entry behind it, or an equal
  /// one where the index is unique, and until the leaf is full. That row's entry is to be put in otherwise. slots: rows with
  /// their location in the table. The entries live in the current memory context.
  std::size_t append(std::span<TupleTableSlot* const> slots);

 private:
  static constexpr std::size_t kFewest = 8;     ///< tried first; for fewer it is not worth it
  static constexpr std::size_t kMost = 128;     ///< under one lock
  static constexpr std::size_t kPause = 1'000;  ///< so many rows are not tried behind two in a row that were in vain

  std::size_t append_some(std::span<TupleTableSlot* const> slots);

  Relation index_ = nullptr;
  const IndexInfo* info_ = nullptr;
  std::size_t some_ = kFewest;  ///< to be tried next
  int failures_ = 0;            ///< in a row
  std::size_t pause_ = 0;       ///< rows that are still not to be tried
};

}  // namespace ferry::pg
