#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "text/value_parse.hpp"

/// The parsers of values, with results that are easy to compare.
namespace ferry::test {

template <class T, bool (*parse)(std::string_view, T&)>
std::optional<T> parsed(std::string_view text) {
  T value;
  return parse(text, value) ? std::optional<T>(value) : std::nullopt;
}

inline constexpr auto parse_int16 = parsed<std::int16_t, text::parse_int16>;
inline constexpr auto parse_int32 = parsed<std::int32_t, text::parse_int32>;
inline constexpr auto parse_int64 = parsed<std::int64_t, text::parse_int64>;
inline constexpr auto parse_bool = parsed<bool, text::parse_bool>;
inline constexpr auto parse_float32 = parsed<float, text::parse_float32>;
inline constexpr auto parse_float64 = parsed<double, text::parse_float64>;
inline constexpr auto parse_date = parsed<std::int32_t, text::parse_date>;
inline constexpr auto parse_timestamp = parsed<std::int64_t, text::parse_timestamp>;
inline constexpr auto parse_timestamptz = parsed<std::int64_t, text::parse_timestamptz>;
inline constexpr auto parse_uuid = parsed<text::Uuid, text::parse_uuid>;

}  // namespace ferry::test
