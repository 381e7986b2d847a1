#include "load/write/open_records.hpp"

#include <algorithm>
#include <utility>

namespace ferry::load {

namespace {

constexpr std::size_t kBatchBytes = 1 << 20;
constexpr std::size_t kMostHeldBytes = std::size_t{4} << 20;  // by the records between two batches
constexpr std::size_t kMostSpareRecords = 1000, kMostSpareBytes = 1 << 20;

}  // namespace

OpenRecords::Buffers*& OpenRecords::spare() {
  static Buffers* kept = nullptr;
  return kept;
}

OpenRecords::OpenRecords(std::size_t most_records) : buffers_(std::exchange(spare(), nullptr)), most_records_(most_records) {
  if (!buffers_) buffers_ = std::make_unique<Buffers>();
}

OpenRecords::~OpenRecords() {
  std::size_t bytes = 0;
  for (const Record& record : buffers_->records) bytes += record.raw.capacity();
  for (const Result& result : buffers_->results)
    if (result.problem) bytes += result.problem->bytes();
  if (buffers_->records.size() <= kMostSpareRecords && bytes <= kMostSpareBytes && spare() == nullptr)
    spare() = buffers_.release();
}

bool OpenRecords::read(Source& source) {
  auto& [records, results] = *buffers_;
  first_ = count_;
  const std::size_t most_records = std::min(most_records_, source.most_records());
  for (std::size_t bytes = 0; count_ - first_ < most_records && bytes < kBatchBytes;) {
    if (records.size() == count_) records.emplace_back();
    Record& record = records[count_];
    const std::size_t held = record.raw.capacity();
    if (!source.read(record)) break;
    held_bytes_ += record.raw.capacity() - held;
    bytes += record.raw.size();
    count_++;
  }
  if (results.size() < count_) results.resize(count_);
  for (std::size_t i = first_; i < count_; i++) results[i].reset();
  return count_ > first_;
}

Batch OpenRecords::batch() { return {{buffers_->records.data(), count_}, {buffers_->results.data(), count_}, first_}; }

void OpenRecords::clear() {
  count_ = first_ = 0;
  // the next long records get other memory than these
  if (held_bytes_ > kMostHeldBytes) buffers_->records.clear();
  if (buffers_->records.empty()) held_bytes_ = 0;
}

}  // namespace ferry::load
