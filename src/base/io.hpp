#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/bytes.hpp"

namespace ferry {

/// Where bytes come from. read() fills the front of out and returns how many bytes it filled: 0 only at the end.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  [[nodiscard]] virtual std::size_t read(std::span<std::uint8_t> out) = 0;
  /// How many bytes of its origin were used up, where read() gives others than those: of a compressed file, say.
  [[nodiscard]] virtual std::optional<std::uint64_t> origin_bytes() const { return std::nullopt; }
};

/// Where bytes go. write() takes all of bytes or throws.
class ByteSink {
 public:
  virtual ~ByteSink() = default;
  virtual void write(ByteView bytes) = 0;
};

}  // namespace ferry
