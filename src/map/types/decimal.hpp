#pragma once

#include <cstdint>
#include <optional>

#include "pg/server.hpp"

/// numeric as an integer and a scale, which is how Avro's decimal has it.
namespace ferry::map {

using Int128 = __int128;

/// The digits that Int128 holds whatever they are.
inline constexpr int kMaxDecimalDigits = 38;

/// Precondition: 0 <= exponent <= kMaxDecimalDigits.
[[nodiscard]] Int128 power_of_ten(int exponent);

/// A value times 10^scale; nothing for NaN, the infinities, a value whose display scale is not scale, and one of more than
/// precision digits. number: detoasted, with a short header or a long one. Calls the server without a guard, and only what
/// raises no errors. Source: src/backend/utils/adt/numeric.c, whose stored form pg_upgrade has kept since 9.1.
[[nodiscard]] std::optional<Int128> scaled_value(const varlena* number, int precision, int scale);

/// The numeric of value / 10^scale, in the current memory context. Calls the server without a guard. Errors: 22003 a value that
/// does not fit type_modifier.
[[nodiscard]] Datum numeric_from_scaled(Int128 value, int scale, std::int32_t type_modifier);

/// Writes value as size_bytes bytes, two's complement, the highest first.
void store_decimal(std::uint8_t* out, int size_bytes, Int128 value);

/// The inverse. Precondition: 1 <= size_bytes <= 16.
[[nodiscard]] Int128 load_decimal(const std::uint8_t* in, int size_bytes);

}  // namespace ferry::map
