#pragma once

#include <cstddef>
#include <vector>

#include "load/record/record.hpp"
#include "pg/guard.hpp"

extern "C" {
#include "utils/tuplestore.h"
}

namespace ferry::load {

/// Records that are kept for later, on disk beyond 4 MB. What the source found wrong with them is not kept.
class RecordStore {
 public:
  /// The store lives in the current memory context and belongs to the current (sub)transaction.
  RecordStore();
  void add(const Record& record);
  [[nodiscard]] std::size_t size() const { return size_; }
  /// Releases the file.
  void close();
  /// Makes read() begin again.
  void rewind();
  /// The next record in the order in which they were added; false at the end.
  [[nodiscard]] bool read(Record& record);

 private:
  MemoryContext row_context_;
  TupleDesc description_;
  Tuplestorestate* store_;
  TupleTableSlot* slot_;
  std::size_t size_ = 0;
};

}  // namespace ferry::load
