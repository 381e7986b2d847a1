// The first byte chooses the codec. The rest is decompressed as it is, and compressed and decompressed.
#include <algorithm>
#include <cstdlib>

#include "avro/codec.hpp"
#include "base/error.hpp"

using namespace ferry;

namespace {

constexpr std::size_t kLimitBytes = 1 << 20;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto codec = avro::make_codec(static_cast<avro::CodecKind>(data[0] % 3));
  const ByteView bytes(data + 1, size - 1);
  Bytes compressed, result;
  try {
    codec->decompress(bytes, kLimitBytes, result);
    if (result.size() > kLimitBytes || result.capacity() > kLimitBytes) std::abort();
  } catch (const Error& error) {
    if (error.sqlstate() != "22P04" && error.sqlstate() != "54000") std::abort();
  }
  // From here on an error is a fault of ours and ends the fuzzer.
  codec->compress(bytes, compressed);
  codec->decompress(compressed, bytes.size(), result);
  if (!std::equal(result.begin(), result.end(), bytes.begin(), bytes.end())) std::abort();
  return 0;
}
