#pragma once

#include <charconv>
#include <string>
#include <string_view>
#include <type_traits>

namespace ferry {

namespace detail {
inline void append(std::string& out, std::string_view text) { out += text; }
inline void append(std::string& out, char c) { out += c; }
template <class T>
requires std::is_integral_v<T>
void append(std::string& out, T number) {
  char digits[24];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}
}  // namespace detail

/// Joins strings, characters and integers (in decimal) into one string: the message builder of a compiler without <format>.
template <class... Parts>
[[nodiscard]] std::string concat(const Parts&... parts) {
  std::string out;
  (detail::append(out, parts), ...);
  return out;
}

}  // namespace ferry
