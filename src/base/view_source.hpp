#pragma once

#include <algorithm>

#include "base/io.hpp"

namespace ferry {

/// Reads bytes that are in memory and outlive it.
class ViewSource final : public ByteSource {
 public:
  explicit ViewSource(ByteView bytes) : rest_(bytes) {}

  std::size_t read(std::span<std::uint8_t> out) override {
    const std::size_t count = std::min(out.size(), rest_.size());
    std::copy_n(rest_.begin(), count, out.begin());
    rest_ = rest_.subspan(count);
    return count;
  }

 private:
  ByteView rest_;
};

}  // namespace ferry
