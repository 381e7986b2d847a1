#include <array>
#include <bit>
#include <cstring>
#include <limits>

#include <libdeflate.h>
#include <snappy-c.h>

#include "base/concat.hpp"
#include "base/error.hpp"
#include "codec/library.hpp"

namespace ferry::codec {
namespace {

constexpr std::size_t kSumBytes = 4;
/// The most bytes that come out for each that goes in: the copy of 64 bytes takes three, 21.3 for each.
constexpr std::size_t kMaxRatio = 22;
/// The varint of a length of 32 bits.
constexpr std::size_t kMaxLengthBytes = 5;

/// How many bytes the varint of a length takes.
std::size_t length_bytes(std::size_t length) { return (static_cast<std::size_t>(std::bit_width(length | 1)) + 6) / 7; }

/// Decompresses elements, in place of the library, which cannot be interrupted. Source: Snappy compressed format description.
class ElementReader {
 public:
  /// elements: what comes after the length. Precondition: out has the size that the length says.
  ElementReader(ByteView elements, std::span<std::uint8_t> out, CheckInterrupts check_interrupts)
      : in_(elements), out_(out), check_interrupts_(check_interrupts) {}

  /// False where the data is damaged or ends too early.
  [[nodiscard]] bool run() {
    for (std::size_t next_check = 0; !in_.empty();) {
      if (done_bytes_ >= next_check) {
        check(check_interrupts_);
        next_check = done_bytes_ + kFastStepBytes;
      }
      const std::uint8_t tag = in_.front();
      in_ = in_.subspan(1);
      if (!((tag & 3) == 0 ? read_literal(tag) : read_copy(tag))) return false;
    }
    return done_bytes_ == out_.size();
  }

 private:
  /// The next bytes, the lowest first.
  bool read_number(std::size_t size_bytes, std::size_t& number) {
    if (in_.size() < size_bytes) return false;
    number = 0;
    for (std::size_t i = 0; i < size_bytes; i++) number |= std::size_t{in_[i]} << (8 * i);
    in_ = in_.subspan(size_bytes);
    return true;
  }

  bool read_literal(std::uint8_t tag) {
    constexpr std::size_t kMaxInTag = 59;
    std::size_t length = tag >> 2;
    if (length > kMaxInTag && !read_number(length - kMaxInTag, length)) return false;
    length++;
    if (length > in_.size() || length > out_.size() - done_bytes_) return false;
    for (ByteView left = in_.first(length), step; !left.empty(); left = left.subspan(step.size())) {
      if (length > kFastStepBytes) check(check_interrupts_);
      step = step_of(left, kFastStepBytes);
      std::memcpy(out_.data() + done_bytes_, step.data(), step.size());
      done_bytes_ += step.size();
    }
    in_ = in_.subspan(length);
    return true;
  }

  bool read_copy(std::uint8_t tag) {
    const int kind = tag & 3;
    std::size_t length = std::size_t{1} + (tag >> 2), offset = 0;
    if (!read_number(kind == 3 ? 4 : static_cast<std::size_t>(kind), offset)) return false;
    if (kind == 1) {
      length = std::size_t{4} + (tag >> 2 & 7);
      offset |= std::size_t{tag} >> 5 << 8;
    }
    if (offset == 0 || offset > done_bytes_ || length > out_.size() - done_bytes_) return false;
    // what it writes may be what it reads next
    std::uint8_t* const to = out_.data() + done_bytes_;
    for (std::size_t i = 0; i < length; i++) to[i] = (to - offset)[i];
    done_bytes_ += length;
    return true;
  }

  ByteView in_;
  std::span<std::uint8_t> out_;
  std::size_t done_bytes_ = 0;
  CheckInterrupts check_interrupts_;
};

/// Raw snappy, not its framing format, and after it the CRC-32 of the uncompressed bytes, high byte first.
class SnappyCodec final : public Codec {
 public:
  explicit SnappyCodec(CheckInterrupts check_interrupts) : check_interrupts_(check_interrupts) {}

  std::size_t compress_bound(std::size_t size_bytes) override {
    // The format has 32 bits for the length.
    if (size_bytes > std::numeric_limits<std::uint32_t>::max())
      throw Error("54000", concat("block of ", size_bytes, " bytes is too large for codec \"snappy\""));
    const std::size_t pieces = size_bytes / kFastStepBytes + 1;
    return kMaxLengthBytes + snappy_max_compressed_length(size_bytes) + pieces * snappy_max_compressed_length(0) + kSumBytes;
  }

  /// The library compresses each 64 kB for themselves, so pieces beside each other are what it would make of the whole.
  std::size_t compress(ByteView in, std::span<std::uint8_t> out) override {
    const std::size_t room_bytes = out.size() - kSumBytes;
    std::size_t written_bytes = put_length(out.data(), in.size());
    std::uint32_t sum = 0;
    do {
      check(check_interrupts_);
      const ByteView piece = step_of(in, kFastStepBytes);
      // the length of its own that a piece begins with takes, for a moment, the place of the bytes before it
      const std::size_t head_bytes = length_bytes(piece.size());
      std::uint8_t* const begin = out.data() + written_bytes - head_bytes;
      std::array<std::uint8_t, kMaxLengthBytes> before;
      std::copy_n(begin, head_bytes, before.begin());
      std::size_t size_bytes = room_bytes - written_bytes;
      if (snappy_compress(chars(piece), piece.size(), reinterpret_cast<char*>(begin), &size_bytes) != SNAPPY_OK)
        throw Error("XX000", "could not compress a block by codec \"snappy\"");
      std::copy_n(before.begin(), head_bytes, begin);
      written_bytes += size_bytes - head_bytes;
      sum = libdeflate_crc32(sum, piece.data(), piece.size());
      in = in.subspan(piece.size());
    } while (!in.empty());
    for (std::size_t i = 0; i < kSumBytes; i++) out[written_bytes + i] = static_cast<std::uint8_t>(sum >> (24 - 8 * i));
    return written_bytes + kSumBytes;
  }

  ByteView decompress(ByteView in, std::size_t max_bytes, Room& room) override {
    if (in.size() < kSumBytes) fail_corrupt(CodecKind::snappy, "there is no checksum");
    const ByteView body = in.first(in.size() - kSumBytes);
    std::size_t size_bytes = 0;
    if (snappy_uncompressed_length(chars(body), body.size(), &size_bytes) != SNAPPY_OK)
      fail_corrupt(CodecKind::snappy, "the length is malformed");
    if (size_bytes / kMaxRatio > body.size())
      fail_corrupt(CodecKind::snappy, concat(body.size(), " bytes are said to hold ", size_bytes));
    if (size_bytes > max_bytes) fail_limit(max_bytes);
    make_room(room, size_bytes);
    const std::span<std::uint8_t> result = room.first(size_bytes);
    if (!decompress_body(body, result)) fail_corrupt(CodecKind::snappy, "the data is damaged or ends too early");
    std::uint32_t sum = 0;
    for (const std::uint8_t byte : in.last(kSumBytes)) sum = sum << 8 | byte;
    if (sum != sum_of(result)) fail_corrupt(CodecKind::snappy, "the checksum does not match");
    return result;
  }

 private:
  static const char* chars(ByteView bytes) { return reinterpret_cast<const char*>(bytes.data()); }

  /// Returns its size.
  static std::size_t put_length(std::uint8_t* out, std::size_t length) {
    const std::size_t size_bytes = length_bytes(length);
    for (std::size_t i = 0; i < size_bytes; i++, length >>= 7)
      out[i] = static_cast<std::uint8_t>((length & 0x7f) | (i + 1 < size_bytes ? 0x80 : 0));
    return size_bytes;
  }

  /// False where it is damaged.
  bool decompress_body(ByteView body, std::span<std::uint8_t> out) const {
    std::size_t size_bytes = out.size();
    if (size_bytes <= kMaxOneCallBytes)
      return snappy_uncompress(chars(body), body.size(), reinterpret_cast<char*>(out.data()), &size_bytes) == SNAPPY_OK;
    const auto is_last_of_length = [](std::uint8_t byte) { return byte < 0x80; };
    const auto end = std::find_if(body.begin(), body.end(), is_last_of_length);
    return ElementReader(body.subspan(static_cast<std::size_t>(end - body.begin()) + 1), out, check_interrupts_).run();
  }

  std::uint32_t sum_of(ByteView bytes) const {
    std::uint32_t sum = 0;
    for (ByteView step; !bytes.empty(); bytes = bytes.subspan(step.size())) {
      check(check_interrupts_);
      step = step_of(bytes, kFastStepBytes);
      sum = libdeflate_crc32(sum, step.data(), step.size());
    }
    return sum;
  }

  CheckInterrupts check_interrupts_;
};

}  // namespace

std::unique_ptr<Codec> make_snappy_codec(CheckInterrupts check_interrupts) {
  return std::make_unique<SnappyCodec>(check_interrupts);
}

}  // namespace ferry::codec
