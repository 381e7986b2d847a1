#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "avro/decode.hpp"
#include "avro/schema.hpp"
#include "base/bytes.hpp"

// Values as text for people, in UTF-8. Logical types are shown in forms that PostgreSQL's input functions take.
namespace ferry::avro {

/// How long the text of one value may be: what PostgreSQL takes.
inline constexpr std::size_t kMaxValueTextBytes = (std::size_t{1} << 30) - 64;

/// Decodes a value of that schema and appends it to out as JSON, always valid. A record is an object by field name; a union is
/// the value that it holds; bytes and fixed are "\\x" and hexadecimal digits; NaN and the infinities are strings; decimals are
/// numbers, with all their digits; dates, times, timestamps and durations are ISO 8601 strings, and those that have no such
/// form the number that is stored. Where a map has a key twice, so has the object.
/// Errors: as Decoder; 22021 a string that is not UTF-8; 54000 more than max_bytes in out.
void append_json(std::string& out, Decoder& decoder, const Schema& schema, std::size_t max_bytes = kMaxValueTextBytes);

/// The same, but what would be one JSON string is its text without quotes and escapes.
void append_text(std::string& out, Decoder& decoder, const Schema& schema, std::size_t max_bytes = kMaxValueTextBytes);

/// The bytes that a decimal with text may have; it is a few more than PostgreSQL's longest numeric takes.
inline constexpr std::size_t kMaxDecimalBytes = 54'500;

/// Appends unscaled / 10^scale in decimal digits, "-12.50". unscaled: two's complement, the highest byte first.
/// Preconditions: 1 <= unscaled.size() <= kMaxDecimalBytes, 0 <= scale <= kMaxDecimalScale. Errors: what check_interrupts throws,
/// since the longest ones take half a second.
void append_decimal(std::string& out, ByteView unscaled, int scale, CheckInterrupts check_interrupts = nullptr);
inline constexpr int kMaxDecimalScale = 16383;

/// A value of logical type big-decimal, taken apart.
struct BigDecimal {
  ByteView unscaled;
  std::int32_t scale;
};
/// Errors: 22P04.
[[nodiscard]] BigDecimal read_big_decimal(Decoder& decoder);

/// What a long of a timestamp's logical type counts in a second: 1000, 1000000 or 1000000000; 0 for another logical type.
[[nodiscard]] std::int64_t timestamp_unit(std::string_view logical_type);

}  // namespace ferry::avro
