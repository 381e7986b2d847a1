#pragma once

#include "codec/codec.hpp"

namespace ferry::test {

/// in, compressed, as bytes of its own.
inline Bytes compressed(codec::Codec& codec, ByteView in) {
  Bytes out(codec.compress_bound(in.size()));
  out.resize(codec.compress(in, out));
  return out;
}

/// in, decompressed, as bytes of its own.
inline Bytes decompressed(codec::Codec& codec, ByteView in, std::size_t max_bytes) {
  Room room;
  const ByteView out = codec.decompress(in, max_bytes, room);
  return {out.begin(), out.end()};
}

}  // namespace ferry::test
