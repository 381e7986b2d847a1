#pragma once

#include <cstddef>

#include "pg/server.hpp"

extern "C" {
#include "access/heapam.h"
#include "executor/tuptable.h"
}

namespace ferry::pg {

/// The state for table_multi_insert() into one table. New pages go through a small ring of buffers, as those of COPY do, which
/// the processor's cache holds. Where indexes are built from them afterwards, they would have to be read again: then they stay in
/// shared buffers until they are a quarter of all, which is the bound that sequential scans have, and only those beyond go
/// through the ring. All members call the server without a guard.
class BulkInsert {
 public:
  /// The state belongs to the current memory context. is_read_again: the table, which is empty, soon.
  void begin(bool is_read_again);
  void end();

  /// Null before begin().
  [[nodiscard]] BulkInsertState state() const { return state_; }
  /// To be told of rows after they were written with state(), in that order.
  void wrote(TupleTableSlot* const* slots, std::size_t count);

 private:
  BulkInsertState state_ = nullptr;
  MemoryContext context_ = nullptr;
  bool has_ring_ = true;
};

}  // namespace ferry::pg
