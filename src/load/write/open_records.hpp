#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "load/record/source.hpp"
#include "load/write/batch.hpp"

namespace ferry::load {

/// The records that are not settled, and what became of each so far: a batch, and in front of it those of the batches before
/// whose outcome may still change. Their memory is the session's: it is kept for the next load, but not that of long records.
class OpenRecords {
 public:
  /// most_records: of a batch, less than kMostUndecided.
  explicit OpenRecords(std::size_t most_records);
  ~OpenRecords();
  OpenRecords(const OpenRecords&) = delete;
  OpenRecords& operator=(const OpenRecords&) = delete;

  /// Reads a batch behind the records that are there; its results are pending. False: the source has ended. Errors: the source's.
  [[nodiscard]] bool read(Source& source);
  [[nodiscard]] bool empty() const { return count_ == 0; }
  /// All records, with the last batch that was read.
  [[nodiscard]] Batch batch();
  /// All are settled.
  void clear();

 private:
  struct Buffers {
    std::vector<Record> records{};
    std::vector<Result> results{};
  };
  static Buffers*& spare();

  std::unique_ptr<Buffers> buffers_;  ///< the session's spare ones, or new ones for a load within a load
  std::size_t most_records_;
  std::size_t count_ = 0, first_ = 0;  ///< of all records; the position of the batch's first
  std::size_t held_bytes_ = 0;         ///< by the texts of all records
};

}  // namespace ferry::load
