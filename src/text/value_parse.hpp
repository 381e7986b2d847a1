#pragma once

#include <array>
#include <cstdint>
#include <string_view>

// Fast parsers of the usual forms of values as text. Each takes a part of what the type's input function takes, in which no
// setting plays a part (DateStyle, TimeZone, IntervalStyle, locale), and gives exactly the value that it gives. False means "let
// the input function decide", not that the text is wrong; value is of no use then. They never throw, allocate or read beyond the
// text; lengths and precisions of a column's type (its typmod) are for the caller to apply. They return no std::optional since
// g++ does that through memory, in two stores and a load that waits for both, which takes as long as all the rest.
namespace ferry::text {

/// [-]digits, leading zeros allowed, within the range of the type.
[[nodiscard]] bool parse_int16(std::string_view text, std::int16_t& value);
[[nodiscard]] bool parse_int32(std::string_view text, std::int32_t& value);
[[nodiscard]] bool parse_int64(std::string_view text, std::int64_t& value);

/// t, f, true, false, 1 or 0.
[[nodiscard]] bool parse_bool(std::string_view text, bool& value);

/// [-]digits[.digits][e[+-]digits], also with E; rounded to the nearest, ties to even. False where the result is denormal,
/// infinite, or zero with other digits than zeros.
[[nodiscard]] bool parse_float32(std::string_view text, float& value);
[[nodiscard]] bool parse_float64(std::string_view text, double& value);

/// YYYY-MM-DD of the Gregorian calendar, years 0001 to 9999, as days since 2000-01-01.
[[nodiscard]] bool parse_date(std::string_view text, std::int32_t& value);

/// A date as above, a space or T, HH:MM:SS up to 23:59:59 and a fraction of none or 1 to 6 digits, as microseconds since
/// 2000-01-01 00:00:00.
[[nodiscard]] bool parse_timestamp(std::string_view text, std::int64_t& value);

/// A timestamp as above followed by Z or by +HH, -HH, +HH:MM or -HH:MM up to 14:59, as microseconds since
/// 2000-01-01 00:00:00 UTC. Z is taken for UTC, as all sets of timezone_abbreviations that come with the server take it.
[[nodiscard]] bool parse_timestamptz(std::string_view text, std::int64_t& value);

/// The bytes of a UUID, first one first.
using Uuid = std::array<std::uint8_t, 16>;

/// 8-4-4-4-12 hexadecimal digits of any case.
[[nodiscard]] bool parse_uuid(std::string_view text, Uuid& value);

/// Whether text is valid in the server's encoding UTF8: no zero byte, no surrogate, no overlong form, nothing over U+10FFFF.
/// Unlike the parsers it decides: false means that the server refuses the text.
[[nodiscard]] bool is_valid_utf8_without_nul(std::string_view text);

}  // namespace ferry::text
