#include "text/wide_text.hpp"

#include <string>

#include <gtest/gtest.h>

#include "../support/drain.hpp"
#include "../support/memory_io.hpp"

namespace ferry::text {
namespace {

constexpr WideEncoding kEncodings[] = {WideEncoding::utf16le, WideEncoding::utf16be, WideEncoding::utf32le,
                                       WideEncoding::utf32be};

std::string utf8_of(ByteView bytes, WideEncoding encoding, std::size_t chunk_bytes = SIZE_MAX, std::size_t piece_bytes = 1000) {
  test::MemorySource origin(bytes, chunk_bytes);
  Utf8Source source(origin, encoding);
  return std::string(as_text(test::drain(source, piece_bytes)));
}

/// The units of a string of the compiler's, as bytes in that order.
template <class Unit>
Bytes bytes_of(std::basic_string_view<Unit> text, bool is_big_endian) {
  Bytes bytes;
  for (const Unit unit : text)
    for (std::size_t i = 0; i < sizeof(Unit); i++)
      bytes.push_back(static_cast<std::uint8_t>(unit >> 8 * (is_big_endian ? sizeof(Unit) - 1 - i : i)));
  return bytes;
}

Bytes encoded(WideEncoding encoding, std::u16string_view text16, std::u32string_view text32) {
  const bool is_big_endian = encoding == WideEncoding::utf16be || encoding == WideEncoding::utf32be;
  return encoding == WideEncoding::utf16le || encoding == WideEncoding::utf16be ? bytes_of(text16, is_big_endian)
                                                                                : bytes_of(text32, is_big_endian);
}

TEST(WideText, BecomesTheUtf8OfTheCompiler) {
#define FERRY_TEXT "id,name\n1,Größe \u0000\u007f\u0080\u07ff\u0800\ud7ff\ue000\uffff\U00010000\U0001f600\U0010ffff\n"
  constexpr std::u16string_view text16(u"" FERRY_TEXT, std::size(u"" FERRY_TEXT) - 1);
  constexpr std::u32string_view text32(U"" FERRY_TEXT, std::size(U"" FERRY_TEXT) - 1);
  const std::string utf8(FERRY_TEXT, std::size(FERRY_TEXT) - 1);
#undef FERRY_TEXT
  for (const WideEncoding encoding : kEncodings)
    for (const std::size_t chunk : {std::size_t{1}, std::size_t{3}, SIZE_MAX})
      for (const std::size_t piece : {std::size_t{1}, std::size_t{5}, std::size_t{1000}})
        EXPECT_EQ(utf8_of(encoded(encoding, text16, text32), encoding, chunk, piece), utf8) << name_of(encoding);
}

TEST(WideText, LeavesWhatIsNoCharacterAsBytesThatAreNoUtf8) {
  EXPECT_EQ(utf8_of(Bytes{0x00, 0xd8, 'a', 0}, WideEncoding::utf16le),
            "\xed\xa0\x80"
            "a");
  EXPECT_EQ(utf8_of(Bytes{0x00, 0xdc, 'a', 0}, WideEncoding::utf16le),
            "\xed\xb0\x80"
            "a");
  EXPECT_EQ(utf8_of(Bytes{0xd8, 0x00, 0xd8, 0x3d, 0xde, 0x00}, WideEncoding::utf16be), "\xed\xa0\x80\xf0\x9f\x98\x80");
  EXPECT_EQ(utf8_of(Bytes{'a', 0, 0x3d, 0xd8}, WideEncoding::utf16le), "a\xed\xa0\xbd");
  EXPECT_EQ(utf8_of(Bytes{0x00, 0x00, 0xd8, 0x00}, WideEncoding::utf32be), "\xed\xa0\x80");
  EXPECT_EQ(utf8_of(Bytes{0x00, 0x11, 0x00, 0x00}, WideEncoding::utf32be), "\xf4\x90\x80\x80");
  EXPECT_EQ(utf8_of(Bytes{0x7f, 0xff, 0xff, 0xff}, WideEncoding::utf32be), "\xfd\xbf\xbf\xbf\xbf\xbf");
  EXPECT_EQ(utf8_of(Bytes{0xff, 0xff, 0xff, 0xff}, WideEncoding::utf32le), "\xfe\x83\xbf\xbf\xbf\xbf\xbf");
}

TEST(WideText, ShowsThatItEndsWithinACharacter) {
  EXPECT_EQ(utf8_of(Bytes{'a', 0, '\n', 0, 'b'}, WideEncoding::utf16le), "a\n\xff");
  EXPECT_EQ(utf8_of(Bytes{0, 0, 0, 'a', 0, 0, 0}, WideEncoding::utf32be, 1), "a\xff");
  EXPECT_EQ(utf8_of(Bytes{}, WideEncoding::utf16le), "");
}

TEST(WideText, IsKnownByNameAndByItsMark) {
  for (const WideEncoding encoding : kEncodings) {
    EXPECT_EQ(wide_encoding_by_name(name_of(encoding)), encoding);
    const Bytes file = encoded(encoding, u"\ufeffa,b", U"\ufeffa,b");
    EXPECT_EQ(wide_encoding_of_mark(ByteView(file).first(4)), encoding) << name_of(encoding);
    EXPECT_EQ(utf8_of(file, encoding),
              "\xef\xbb\xbf"
              "a,b");
  }
  for (const char* const name : {"utf-16le", "UTF-16-LE", "Utf_16Le"})
    EXPECT_EQ(wide_encoding_by_name(name), WideEncoding::utf16le);
  for (const char* const name : {"", "UTF16", "UTF8", "LATIN1", "UTF16LEE"})
    EXPECT_EQ(wide_encoding_by_name(name), WideEncoding::none);
  EXPECT_EQ(wide_encoding_of_mark(as_bytes("\xff\xfe")), WideEncoding::utf16le);
  for (const std::string_view front : {"", "\xff", "\xef\xbb\xbf", "ab"})
    EXPECT_EQ(wide_encoding_of_mark(as_bytes(front)), WideEncoding::none);
  EXPECT_EQ(name_of(WideEncoding::none), "");
}

TEST(WideText, IsWrittenAsItWasRead) {
  for (const WideEncoding encoding : kEncodings) {
    const bool is_utf16 = encoding == WideEncoding::utf16le || encoding == WideEncoding::utf16be;
    const bool is_big_endian = encoding == WideEncoding::utf16be || encoding == WideEncoding::utf32be;
    std::uint32_t seed = 1;
    std::u16string units16;
    std::u32string units32;
    for (int i = 0; i < 20'000; i++) {
      seed = seed * 1664525 + 1013904223;
      units16 += static_cast<char16_t>(i % 3 == 0 ? 0xd700 + seed % 0x900 : seed >> 16);  // many halves of pairs
      units32 += static_cast<char32_t>(i % 3 == 0 ? seed : seed % 0x120000);
    }
    const Bytes file = is_utf16 ? bytes_of<char16_t>(units16, is_big_endian) : bytes_of<char32_t>(units32, is_big_endian);
    std::string written;
    append_wide(written, utf8_of(file, encoding), encoding);
    EXPECT_TRUE(written == as_text(file)) << name_of(encoding);
  }
  for (const std::string_view broken : {"\xff", "\x80", "\xc3", "\xe2\x82", "\xc3("}) {
    std::string written;
    append_wide(written, broken, WideEncoding::utf16be);
    EXPECT_TRUE(written.starts_with("\xff\xfd")) << testing::PrintToString(broken);
  }
  EXPECT_EQ(mark_of(WideEncoding::utf16be), "\xfe\xff");
  EXPECT_EQ(mark_of(WideEncoding::none), "");
}

TEST(WideText, CountsTheBytesOfTheFile) {
  const Bytes file(1001, 0x41);
  test::MemorySource origin(file);
  Utf8Source source(origin, WideEncoding::utf16le);
  EXPECT_EQ(source.origin_bytes(), 0U);
  EXPECT_EQ(test::drain(source).size(), 500U * 3 + 1);
  EXPECT_EQ(source.origin_bytes(), 1001U);
}

}  // namespace
}  // namespace ferry::text
