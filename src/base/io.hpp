#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/bytes.hpp"

namespace ferry {

/// Where bytes come from. read() fills the front of out and returns how many bytes it filled: 0 only at the end.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  [[nodiscard]] virtual std::size_t read(std::span<std::uint8_t> out) = 0;
};

/// Where bytes go. write() takes all of bytes or throws.
class ByteSink {
 public:
  virtual ~ByteSink() = default;
  virtual void write(ByteView bytes) = 0;
};

}  // namespace ferry
