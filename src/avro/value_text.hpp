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
/// numbers, with all their digits; dates, times, timestamps and durations are ISO 8601 strings. Where a map has a key twice, so
/// has the object.
/// Errors: as Decoder; as check_decimal() and check_time(); 22021 a string that is not UTF-8; 54000 more than max_bytes in out.
void append_json(std::string& out, Decoder& decoder, const Schema& schema, std::size_t max_bytes = kMaxValueTextBytes);

/// The same, but what would be one JSON string is its text without quotes and escapes.
void append_text(std::string& out, Decoder& decoder, const Schema& schema, std::size_t max_bytes = kMaxValueTextBytes);

/// A value of logical type decimal or big-decimal: unscaled / 10^scale. unscaled: two's complement, the highest byte first.
struct Decimal {
  ByteView unscaled;
  std::int32_t scale;
};
/// Of big-decimal, taken apart. Errors: 22P04.
[[nodiscard]] Decimal read_big_decimal(ByteView stored);

/// The bytes that a decimal may have; it is a few more than PostgreSQL's longest numeric takes.
inline constexpr std::size_t kMaxDecimalBytes = 54'500;
inline constexpr int kMaxDecimalScale = 16383;
/// Says whether it is a decimal, whatever it is to become. Errors: 22P04 one of no bytes, which is no number; 22003 one that is
/// longer than kMaxDecimalBytes, or whose scale is not one of 0 to kMaxDecimalScale.
void check_decimal(const Decimal& decimal);

/// Appends it in decimal digits, "-12.50". Precondition: check_decimal(). Errors: what check_interrupts throws, since the longest
/// ones take half a second.
void append_decimal(std::string& out, const Decimal& decimal, CheckInterrupts check_interrupts = nullptr);

/// Decodes one of logical type kScaledDecimal and appends it in decimal digits. A scale below 0 makes zeros. Errors: as Decoder,
/// check_decimal() and append_decimal().
void append_scaled_decimal(std::string& out, Decoder& decoder);

/// What an int or a long of a time of day counts in a second; 0 for another logical type.
[[nodiscard]] std::int64_t time_unit(std::string_view logical_type);
/// Says whether it is a time of day, whatever it is to become. unit: of value in a second. Errors: 22008 value is not one of 0 to
/// 24 hours.
void check_time(std::int64_t value, std::int64_t unit);

/// What a long of a timestamp's logical type counts in a second: 1000, 1000000 or 1000000000; 0 for another logical type.
[[nodiscard]] std::int64_t timestamp_unit(std::string_view logical_type);

}  // namespace ferry::avro
