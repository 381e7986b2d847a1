#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

namespace ferry {

/// a + b, or nothing where the sum does not fit.
template <class T>
[[nodiscard]] constexpr std::optional<T> checked_add(T a, T b) {
  T result;
  if (__builtin_add_overflow(a, b, &result)) return std::nullopt;
  return result;
}

/// a * b, or nothing where the product does not fit.
template <class T>
[[nodiscard]] constexpr std::optional<T> checked_multiply(T a, T b) {
  T result;
  if (__builtin_mul_overflow(a, b, &result)) return std::nullopt;
  return result;
}

/// A length read from a file as a size, or nothing where it is negative or larger than limit.
[[nodiscard]] constexpr std::optional<std::size_t> checked_length(std::int64_t length, std::size_t limit) {
  if (length < 0 || static_cast<std::uint64_t>(length) > limit) return std::nullopt;
  return static_cast<std::size_t>(length);
}

}  // namespace ferry
