#pragma once

#include <cstddef>

#include "pg/server.hpp"

extern "C" {
#include "access/heapam.h"
#include "access/tableam.h"
#include "executor/tuptable.h"
}

namespace ferry::pg {

/// The state for table_multi_insert() into one table. New pages go through a small ring of buffers, as those of COPY do, which
/// the processor's cache holds. Where indexes are built from them afterwards, they would have to be read again: then they stay in
/// shared buffers until they are a quarter of all, which is the bound that sequential scans have, and only those beyond go
/// through the ring; and no map of their free space is made, as COPY makes none of a new table. All members call the server
/// without a guard.
class BulkInsert {
 public:
  /// The state belongs to the current memory context. is_new: the table is empty, and its indexes are built at the end.
  void begin(bool is_new);
  void end();

  /// What is to be given to table_multi_insert() as its options.
  [[nodiscard]] int options() const { return is_new_ ? TABLE_INSERT_SKIP_FSM : 0; }
  /// Null before begin().
  [[nodiscard]] BulkInsertState state() const { return state_; }
  /// To be told of rows after they were written with state(), in that order.
  void wrote(TupleTableSlot* const* slots, std::size_t count);

 private:
  BulkInsertState state_ = nullptr;
  MemoryContext context_ = nullptr;
  bool is_new_ = false;
  bool has_ring_ = true;
};

}  // namespace ferry::pg
