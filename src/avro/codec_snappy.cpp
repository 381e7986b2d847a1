#include <limits>

#include <libdeflate.h>
#include <snappy-c.h>

#include "avro/codec_library.hpp"
#include "base/concat.hpp"
#include "base/error.hpp"

namespace ferry::avro {
namespace {

constexpr std::size_t kSumBytes = 4;
/// The most bytes that come out for each that goes in: the copy of 64 bytes takes three, 21.3 for each.
constexpr std::size_t kMaxRatio = 22;

/// Raw snappy, not its framing format, and after it the CRC-32 of the uncompressed bytes, high byte first.
class SnappyCodec final : public Codec {
 public:
  std::size_t compress_bound(std::size_t size_bytes) override {
    // The format has 32 bits for the length.
    if (size_bytes > std::numeric_limits<std::uint32_t>::max())
      throw Error("54000", concat("block of ", size_bytes, " bytes is too large for codec \"snappy\""));
    return snappy_max_compressed_length(size_bytes) + kSumBytes;
  }

  std::size_t compress(ByteView in, std::span<std::uint8_t> out) override {
    std::size_t size_bytes = out.size() - kSumBytes;
    const auto status = snappy_compress(chars(in), in.size(), reinterpret_cast<char*>(out.data()), &size_bytes);
    if (status != SNAPPY_OK) throw Error("XX000", "could not compress a block by codec \"snappy\"");
    const std::uint32_t sum = libdeflate_crc32(0, in.data(), in.size());
    for (std::size_t i = 0; i < kSumBytes; i++) out[size_bytes + i] = static_cast<std::uint8_t>(sum >> (24 - 8 * i));
    return size_bytes + kSumBytes;
  }

  ByteView decompress(ByteView in, std::size_t max_bytes, Bytes& room) override {
    if (in.size() < kSumBytes) fail_corrupt(CodecKind::snappy, "there is no checksum");
    const ByteView body = in.first(in.size() - kSumBytes);
    std::size_t size_bytes = 0;
    if (snappy_uncompressed_length(chars(body), body.size(), &size_bytes) != SNAPPY_OK)
      fail_corrupt(CodecKind::snappy, "the length is malformed");
    if (size_bytes / kMaxRatio > body.size())
      fail_corrupt(CodecKind::snappy, concat(body.size(), " bytes are said to hold ", size_bytes));
    if (size_bytes > max_bytes) fail_limit(max_bytes);
    make_room(room, size_bytes);
    if (snappy_uncompress(chars(body), body.size(), reinterpret_cast<char*>(room.data()), &size_bytes) != SNAPPY_OK)
      fail_corrupt(CodecKind::snappy, "the data is damaged or ends too early");
    const ByteView result = ByteView(room).first(size_bytes);
    std::uint32_t sum = 0;
    for (const std::uint8_t byte : in.last(kSumBytes)) sum = sum << 8 | byte;
    if (sum != libdeflate_crc32(0, result.data(), result.size())) fail_corrupt(CodecKind::snappy, "the checksum does not match");
    return result;
  }

 private:
  static const char* chars(ByteView bytes) { return reinterpret_cast<const char*>(bytes.data()); }
};

}  // namespace

std::unique_ptr<Codec> make_snappy_codec() { return std::make_unique<SnappyCodec>(); }

}  // namespace ferry::avro
