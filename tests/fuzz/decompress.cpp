// The first byte is the size of the pieces that the file comes in. The rest is read as it is, and, if some format is at its
// front, as a file of that: in pieces and at once it must become the same bytes or the same error.
#include <algorithm>
#include <cstdlib>
#include <string>

#include "../support/memory_io.hpp"
#include "base/error.hpp"
#include "codec/decompressing_source.hpp"

using namespace ferry;

namespace {

constexpr std::size_t kMostBytes = std::size_t{4} << 20;

struct Outcome {
  Bytes bytes;
  std::string error;
};

Outcome read(ByteView file, const codec::StreamFormat& format, std::size_t chunk_bytes, std::size_t piece_bytes) {
  Outcome outcome;
  test::MemorySource origin(file, chunk_bytes);
  codec::DecompressingSource source(origin, format, "file", nullptr);
  Bytes piece(piece_bytes);
  try {
    while (outcome.bytes.size() < kMostBytes) {
      const std::size_t count = source.read(piece);
      if (count > piece.size() || source.origin_bytes() > file.size()) std::abort();
      if (count == 0) break;
      outcome.bytes.insert(outcome.bytes.end(), piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(count));
    }
    if (outcome.bytes.size() < kMostBytes && source.origin_bytes() != file.size()) std::abort();
  } catch (const Error& error) {
    if (error.sqlstate() != "22P04" && error.sqlstate() != "54000") std::abort();
    outcome.error = error.sqlstate();
  }
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const ByteView file(data + 1, size - 1);
  const codec::StreamFormat* const format = codec::find_stream_format(file.first(std::min<std::size_t>(file.size(), 16)));
  if (format == nullptr) return 0;
  const Outcome whole = read(file, *format, SIZE_MAX, std::size_t{64} << 10);
  if (whole.bytes.size() >= kMostBytes) return 0;
  const Outcome pieces = read(file, *format, 1 + data[0] % 64, 1 + data[0] / 4);
  // a damaged file may give more of its bytes before the error is met, but no others
  const std::size_t common = std::min(whole.bytes.size(), pieces.bytes.size());
  if (!std::equal(whole.bytes.begin(), whole.bytes.begin() + static_cast<std::ptrdiff_t>(common), pieces.bytes.begin()))
    std::abort();
  if (whole.error != pieces.error) std::abort();
  if (whole.error.empty() && whole.bytes.size() != pieces.bytes.size()) std::abort();
  return 0;
}
