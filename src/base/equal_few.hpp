#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace ferry {

namespace detail {
/// Compares the first and the last of them, which may overlap. Precondition: at least as many bytes as Part has.
template <class Part>
bool equal_ends(const char* a, const char* b, std::size_t size_bytes) {
  Part first_a, first_b, last_a, last_b;
  std::memcpy(&first_a, a, sizeof first_a);
  std::memcpy(&first_b, b, sizeof first_b);
  std::memcpy(&last_a, a + size_bytes - sizeof last_a, sizeof last_a);
  std::memcpy(&last_b, b + size_bytes - sizeof last_b, sizeof last_b);
  return ((first_a ^ first_b) | (last_a ^ last_b)) == 0;
}
}  // namespace detail

/// As a == b, for places where mostly few bytes are compared: up to 16 without a call.
inline bool equal_few(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  if (a.size() > 16) return std::memcmp(a.data(), b.data(), a.size()) == 0;
  if (a.size() >= 8) return detail::equal_ends<std::uint64_t>(a.data(), b.data(), a.size());
  if (a.size() >= 4) return detail::equal_ends<std::uint32_t>(a.data(), b.data(), a.size());
  if (a.size() >= 2) return detail::equal_ends<std::uint16_t>(a.data(), b.data(), a.size());
  return a.empty() || a.front() == b.front();
}

}  // namespace ferry
