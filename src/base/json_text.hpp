#pragma once

#include <string>
#include <string_view>

namespace ferry {

/// Appends text to out as it is within the quotes of a JSON string. text: UTF-8, or any encoding in which no byte of a multi-byte
/// character is an ASCII one; or a part of such a text, however it was cut.
inline void append_json_characters(std::string& out, std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20) {
      out += "\\u00";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else {
      out += c;
    }
  }
}

/// The same with the quotes.
inline void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  append_json_characters(out, text);
  out += '"';
}

/// The same as a string of its own.
[[nodiscard]] inline std::string json_string(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

}  // namespace ferry
