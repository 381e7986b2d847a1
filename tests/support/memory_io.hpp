#pragma once

#include <algorithm>

#include "base/io.hpp"

namespace ferry::test {

/// Keeps what is written.
class MemorySink final : public ByteSink {
 public:
  void write(ByteView bytes) override { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }
  [[nodiscard]] const Bytes& bytes() const { return bytes_; }

 private:
  Bytes bytes_;
};

/// Hands out bytes, at most chunk_bytes at a time, and notes the most that it was asked for.
class MemorySource final : public ByteSource {
 public:
  explicit MemorySource(ByteView bytes, std::size_t chunk_bytes = SIZE_MAX) : bytes_(bytes), chunk_bytes_(chunk_bytes) {}

  std::size_t read(std::span<std::uint8_t> out) override {
    largest_request_bytes_ = std::max(largest_request_bytes_, out.size());
    const std::size_t count = std::min({out.size(), chunk_bytes_, bytes_.size()});
    std::copy_n(bytes_.begin(), count, out.begin());
    bytes_ = bytes_.subspan(count);
    return count;
  }
  [[nodiscard]] std::size_t largest_request_bytes() const { return largest_request_bytes_; }

 private:
  ByteView bytes_;
  std::size_t chunk_bytes_;
  std::size_t largest_request_bytes_ = 0;
};

}  // namespace ferry::test
