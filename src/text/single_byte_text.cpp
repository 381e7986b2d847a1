#include "text/single_byte_text.hpp"

#include <array>

namespace ferry::text {
namespace {

void append(std::string& out, unsigned code_point) {
  if (code_point < 0x80) {
    out += static_cast<char>(code_point);
  } else if (code_point < 0x800) {
    out += static_cast<char>(0xC0 | code_point >> 6);
    out += static_cast<char>(0x80 | (code_point & 0x3F));
  } else {
    out += static_cast<char>(0xE0 | code_point >> 12);
    out += static_cast<char>(0x80 | (code_point >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (code_point & 0x3F));
  }
}

/// From 0x80 on; what has no character is a question mark.
constexpr std::array<unsigned, 32> kWin1252{
    0x20AC, '?',    0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, '?', 0x017D, '?',
    '?',    0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, '?', 0x017E, 0x0178};

}  // namespace

std::string utf8_of_latin1(std::string_view text) {
  std::string out;
  for (const char c : text) append(out, static_cast<unsigned char>(c));
  return out;
}

std::string utf8_of_win1252(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    append(out, byte >= 0x80 && byte < 0xA0 ? kWin1252[byte - 0x80] : byte);
  }
  return out;
}

}  // namespace ferry::text
