#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/bytes.hpp"

// Source: Avro 1.12, Binary Encoding. Two layers: encode_* write to memory that has room and return its end, for loops
// that reserve once a row; put_* append to a buffer that grows.
namespace ferry::avro {

static_assert(std::endian::native == std::endian::little, "Avro stores float and double in little-endian order");

/// The most bytes an int and a long take.
inline constexpr std::size_t kMaxIntBytes = 5;
inline constexpr std::size_t kMaxLongBytes = 10;

/// Maps 0, -1, 1, -2, ... to 0, 1, 2, 3, ...
[[nodiscard]] constexpr std::uint64_t zigzag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}

/// The inverse of zigzag().
[[nodiscard]] constexpr std::int64_t unzigzag(std::uint64_t value) {
  return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
}

namespace detail {
/// Seven bits a byte, byte by byte. Room for the bytes that it takes.
[[nodiscard]] inline std::uint8_t* encode_bits(std::uint8_t* out, std::uint64_t rest) {
  while (rest >= 0x80) {
    *out++ = static_cast<std::uint8_t>(rest | 0x80);
    rest >>= 7;
  }
  *out++ = static_cast<std::uint8_t>(rest);
  return out;
}
}  // namespace detail

/// Writes a long, or an int, whose encoding is the same, and may write more bytes than it takes. Precondition: room for
/// kMaxLongBytes. Where lengths vary, no processor foresees where a loop over the bytes would stop; so up to 56 bits
/// are spread to eight bytes at once.
[[nodiscard]] inline std::uint8_t* encode_long(std::uint8_t* out, std::int64_t value) {
  const std::uint64_t bits = zigzag(value);
  if (bits >> 56 != 0) return detail::encode_bits(out, bits);
  const unsigned more_bytes = (63 - static_cast<unsigned>(std::countl_zero(bits | 1))) * 37 >> 8;  // / 7
  std::uint64_t spread = (bits & 0x0000'0000'0fff'ffff) | (bits & 0x00ff'ffff'f000'0000) << 4;
  spread = (spread & 0x0000'3fff'0000'3fff) | (spread & 0x0fff'c000'0fff'c000) << 2;
  spread = (spread & 0x007f'007f'007f'007f) | (spread & 0x3f80'3f80'3f80'3f80) << 1;
  spread |= 0x8080'8080'8080'8080 & ((std::uint64_t{1} << 8 * more_bytes) - 1);
  std::memcpy(out, &spread, sizeof spread);
  return out + more_bytes + 1;
}

/// Writes an int. Precondition: room for kMaxIntBytes.
[[nodiscard]] inline std::uint8_t* encode_int(std::uint8_t* out, std::int32_t value) {
  return detail::encode_bits(out, zigzag(value));
}

[[nodiscard]] inline std::uint8_t* encode_boolean(std::uint8_t* out, bool value) {
  *out = value ? 1 : 0;
  return out + 1;
}

[[nodiscard]] inline std::uint8_t* encode_float(std::uint8_t* out, float value) {
  std::memcpy(out, &value, sizeof value);
  return out + sizeof value;
}

[[nodiscard]] inline std::uint8_t* encode_double(std::uint8_t* out, double value) {
  std::memcpy(out, &value, sizeof value);
  return out + sizeof value;
}

/// Writes a fixed. Precondition: room for its size.
[[nodiscard]] inline std::uint8_t* encode_fixed(std::uint8_t* out, ByteView value) {
  if (!value.empty()) std::memcpy(out, value.data(), value.size());
  return out + value.size();
}

/// Writes bytes or a string: length, then contents. Precondition: room for kMaxLongBytes + its size.
[[nodiscard]] inline std::uint8_t* encode_bytes(std::uint8_t* out, ByteView value) {
  return encode_fixed(encode_long(out, static_cast<std::int64_t>(value.size())), value);
}

namespace detail {
/// Appends what encode(to) writes: max_bytes or fewer.
template <class Encode>
void append(Bytes& out, std::size_t max_bytes, Encode encode) {
  const std::size_t before = out.size();
  out.resize(before + max_bytes);
  const std::uint8_t* const end = encode(out.data() + before);
  out.resize(static_cast<std::size_t>(end - out.data()));
}
}  // namespace detail

inline void put_boolean(Bytes& out, bool value) {
  detail::append(out, 1, [=](std::uint8_t* to) { return encode_boolean(to, value); });
}

/// Appends a long; also a union's branch, an enum's symbol, and the counts of array and map blocks.
inline void put_long(Bytes& out, std::int64_t value) {
  detail::append(out, kMaxLongBytes, [=](std::uint8_t* to) { return encode_long(to, value); });
}

inline void put_int(Bytes& out, std::int32_t value) { put_long(out, value); }

inline void put_float(Bytes& out, float value) {
  detail::append(out, sizeof value, [=](std::uint8_t* to) { return encode_float(to, value); });
}

inline void put_double(Bytes& out, double value) {
  detail::append(out, sizeof value, [=](std::uint8_t* to) { return encode_double(to, value); });
}

/// value must not be a view into out.
inline void put_fixed(Bytes& out, ByteView value) {
  detail::append(out, value.size(), [=](std::uint8_t* to) { return encode_fixed(to, value); });
}

/// value must not be a view into out.
inline void put_bytes(Bytes& out, ByteView value) {
  detail::append(out, kMaxLongBytes + value.size(), [=](std::uint8_t* to) { return encode_bytes(to, value); });
}

/// text is UTF-8; this is not checked.
inline void put_string(Bytes& out, std::string_view text) { put_bytes(out, as_bytes(text)); }

}  // namespace ferry::avro
