// The first byte chooses the codec. The rest is decompressed as it is, and compressed and decompressed.
#include <algorithm>
#include <cstdlib>

#include "../support/codec_bytes.hpp"
#include "base/error.hpp"

using namespace ferry;

namespace {

constexpr std::size_t kLimitBytes = 1 << 20;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const codec::CodecKind kind = codec::kCodecKinds[data[0] % std::size(codec::kCodecKinds)];
  // The lowest level is the fastest.
  const std::optional<codec::CodecLevels> levels = codec::codec_levels(kind);
  const auto codec = codec::make_codec(kind, levels ? std::optional(levels->min) : std::nullopt);
  const ByteView bytes(data + 1, size - 1);
  Room room;
  try {
    const ByteView result = codec->decompress(bytes, kLimitBytes, room);
    if (result.size() > kLimitBytes || room.size() > kLimitBytes) std::abort();
  } catch (const Error& error) {
    if (error.sqlstate() != "22P04" && error.sqlstate() != "54000") std::abort();
  }
  // From here on an error is a fault of ours and ends the fuzzer.
  const Bytes compressed = test::compressed(*codec, bytes);
  const ByteView result = codec->decompress(compressed, bytes.size(), room);
  if (!std::equal(result.begin(), result.end(), bytes.begin(), bytes.end())) std::abort();
  return 0;
}
