#pragma once

#include <algorithm>
#include <array>

#include "base/io.hpp"

namespace ferry {

/// A source whose first bytes can be looked at before they are read.
class FrontedSource final : public ByteSource {
 public:
  static constexpr std::size_t kFrontBytes = 16;

  /// origin outlives it.
  explicit FrontedSource(ByteSource& origin) : origin_(origin) {}

  /// The first kFrontBytes, or all where there are fewer. Before the first read() only. Errors: what the origin throws.
  [[nodiscard]] ByteView front() {
    for (std::size_t count = 1; end_ < kFrontBytes && count > 0; end_ += count)
      count = origin_.read(std::span(front_).subspan(end_));
    return ByteView(front_).first(end_);
  }

  [[nodiscard]] std::size_t read(std::span<std::uint8_t> out) override {
    if (begin_ == end_) return origin_.read(out);
    const std::size_t count = std::min(out.size(), end_ - begin_);
    std::copy_n(front_.begin() + static_cast<std::ptrdiff_t>(begin_), count, out.begin());
    begin_ += count;
    return count;
  }

  [[nodiscard]] std::optional<std::uint64_t> origin_bytes() const override { return origin_.origin_bytes(); }

 private:
  ByteSource& origin_;
  std::array<std::uint8_t, kFrontBytes> front_{};
  std::size_t begin_ = 0, end_ = 0;
};

}  // namespace ferry
