// The first byte chooses the encoding, the second the size of the pieces. Each unit must come out as its number in UTF-8, which
// is decoded here another way: valid characters as text::is_valid_utf8_without_nul() takes them, all others as bytes that it
// refuses.
#include <cstdlib>
#include <string>
#include <vector>

#include "../support/memory_io.hpp"
#include "text/value_parse.hpp"
#include "text/wide_text.hpp"

using namespace ferry;

namespace {

/// The numbers of what is in the file, with pairs of surrogates put together.
std::vector<std::uint32_t> numbers_of(ByteView file, std::size_t unit_bytes, bool is_big_endian) {
  std::vector<std::uint32_t> numbers;
  for (std::size_t at = 0; at + unit_bytes <= file.size(); at += unit_bytes) {
    std::uint32_t unit = 0;
    for (std::size_t i = 0; i < unit_bytes; i++) unit = unit << 8 | file[at + (is_big_endian ? i : unit_bytes - 1 - i)];
    const bool is_low = unit >= 0xdc00 && unit < 0xe000;
    if (unit_bytes == 2 && is_low && !numbers.empty() && numbers.back() >= 0xd800 && numbers.back() < 0xdc00)
      numbers.back() = 0x10000 + (numbers.back() - 0xd800) * 0x400 + unit - 0xdc00;
    else
      numbers.push_back(unit);
  }
  return numbers;
}

/// Takes a number from the front of utf8.
std::uint64_t take_number(std::string_view& utf8) {
  const auto lead = static_cast<std::uint8_t>(utf8[0]);
  std::size_t more = 0;
  while (more < 6 && lead >= 0x80 && (lead >> (6 - more) & 1) != 0) more++;
  if (lead < 0x80) more = 0;
  if (utf8.size() <= more) std::abort();
  std::uint64_t number = lead < 0x80 ? lead : lead & (0x3fU >> more);
  for (std::size_t i = 1; i <= more; i++) {
    if ((utf8[i] & 0xc0) != 0x80) std::abort();
    number = number << 6 | (utf8[i] & 0x3f);
  }
  const bool is_character = number > 0 && number < 0x110000 && (number < 0xd800 || number >= 0xe000);
  if (text::is_valid_utf8_without_nul(std::string(utf8.substr(0, more + 1))) != is_character) std::abort();
  utf8.remove_prefix(more + 1);
  return number;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  constexpr text::WideEncoding kEncodings[] = {text::WideEncoding::utf16le, text::WideEncoding::utf16be,
                                               text::WideEncoding::utf32le, text::WideEncoding::utf32be};
  const std::size_t choice = data[0] % 4, unit_bytes = choice < 2 ? 2 : 4;
  const ByteView file(data + 2, size - 2);
  test::MemorySource origin(file, 1 + data[1] % 16);
  text::Utf8Source source(origin, kEncodings[choice]);
  std::string all;
  Bytes piece(1 + data[1] / 16);
  while (const std::size_t count = source.read(piece)) all += as_text(ByteView(piece).first(count));
  std::string_view utf8 = all;
  for (const std::uint32_t number : numbers_of(file, unit_bytes, choice % 2 == 1))
    if (utf8.empty() || take_number(utf8) != number) std::abort();
  if (utf8 != (file.size() % unit_bytes == 0 ? "" : "\xff")) std::abort();
  return 0;
}
