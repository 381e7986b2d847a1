#include "avro/shown_text.hpp"

#include <simdjson.h>

namespace ferry::avro {
namespace {

/// The front of text, cut before a character and not within one.
std::string_view clipped(std::string_view text, std::size_t max_bytes) {
  if (text.size() <= max_bytes) return text;
  std::size_t end = max_bytes;
  for (int i = 0; i < 3 && end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80; i++) end--;
  return text.substr(0, end);
}

}  // namespace

std::string shown_text(std::string_view text, std::size_t max_bytes) {
  constexpr char kHex[] = "0123456789abcdef";
  const std::string_view front = clipped(text, max_bytes);
  const bool is_utf8 = simdjson::validate_utf8(front);
  std::string out;
  for (const char c : front) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f || (byte >= 0x80 && !is_utf8)) {
      out += "\\x";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else {
      out += c;
    }
  }
  if (front.size() < text.size()) out += "...";
  return out;
}

}  // namespace ferry::avro
