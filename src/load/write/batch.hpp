#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "load/record/record.hpp"
#include "load/write/result.hpp"

namespace ferry::load {

/// So many records are decided in one go at most.
inline constexpr std::size_t kMaxBatchRows = 1000;

/// The records that are not settled, in file order, and what became of each so far. Those before the batch itself wait for it:
/// their rows are written, but what becomes of them is not certain.
struct Batch {
  std::span<const Record> records;
  std::span<Result> results;
  std::size_t first;  ///< of the batch itself

  [[nodiscard]] std::size_t size() const { return records.size() - first; }
  /// Record and result of the batch, by their position in it.
  [[nodiscard]] const Record& record(std::size_t at) const { return records[first + at]; }
  [[nodiscard]] Result& result(std::size_t at) const { return results[first + at]; }
  [[nodiscard]] std::span<const Record> own_records() const { return records.subspan(first); }
  [[nodiscard]] std::span<Result> own_results() const { return results.subspan(first); }
};

/// A row of a batch.
struct BatchRow {
  std::size_t at = 0;               ///< the position of its record in the batch
  TupleTableSlot* slot = nullptr;   ///< all attributes in place, of the row type of the target
  ResultRelInfo* target = nullptr;  ///< the table itself or a partition
  bool looks_bad = false;           ///< it will probably be rejected
};

}  // namespace ferry::load
