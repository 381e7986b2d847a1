#pragma once

#include "base/io.hpp"

namespace ferry::test {

/// All that a source has, read in pieces of piece_bytes.
inline Bytes drain(ByteSource& source, std::size_t piece_bytes = std::size_t{64} << 10) {
  Bytes all, piece(piece_bytes);
  while (const std::size_t count = source.read(piece))
    all.insert(all.end(), piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(count));
  return all;
}

}  // namespace ferry::test
