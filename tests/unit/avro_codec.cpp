#include "avro/codec_name.hpp"
#include "codec/codec.hpp"

#include <climits>

#include <bzlib.h>
#include <lzma.h>
#include <snappy-c.h>
#include <zstd.h>

#include <gtest/gtest.h>

#include "../support/codec_bytes.hpp"
#include "../support/error_of.hpp"

namespace ferry::avro {
using namespace codec;
namespace {

using test::compressed;
using test::decompressed;
using test::error_of;

constexpr std::size_t kPlenty = std::size_t{1} << 30;

/// Bytes of a linear congruential generator: they do not compress.
Bytes noise(std::size_t size_bytes) {
  Bytes bytes(size_bytes);
  std::uint32_t state = 1;
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>((state = state * 1664525 + 1013904223) >> 24);
  return bytes;
}

Bytes operator+(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

Error decompress_error(CodecKind kind, ByteView in, std::size_t max_bytes = kPlenty) {
  return error_of([&] { static_cast<void>(decompressed(*make_codec(kind), in, max_bytes)); });
}

TEST(AvroCodec, IsFoundByItsName) {
  EXPECT_EQ(codec_by_name("none"), CodecKind::null_);
  const std::string_view names[] = {"null", "deflate", "snappy", "zstandard", "bzip2", "xz"};
  for (std::size_t i = 0; i < std::size(names); i++) {
    EXPECT_EQ(codec_by_name(names[i]), kCodecKinds[i]);
    EXPECT_EQ(codec_name(kCodecKinds[i]), names[i]);
  }
}

TEST(AvroCodec, ShowsNamesThatItDoesNotKnowWithoutTheirOddities) {
  const auto message = [](std::string_view name) { return error_of([=] { static_cast<void>(codec_by_name(name)); }).message(); };
  EXPECT_EQ(error_of([] { static_cast<void>(codec_by_name("lzma")); }).sqlstate(), "0A000");
  EXPECT_EQ(message("lzma"), "codec \"lzma\" is not supported");
  EXPECT_EQ(message("a\nb\xff"), "codec \"a\\x0ab\\xff\" is not supported");
  EXPECT_EQ(message(std::string_view("\0", 1)), "codec \"\\x00\" is not supported");
  EXPECT_EQ(message("Größe"), "codec \"Größe\" is not supported");
  EXPECT_EQ(message(std::string(1000, 'x')), "codec \"" + std::string(100, 'x') + "...\" is not supported");
  // cut before the character that begins at byte 99
  EXPECT_EQ(message(std::string(99, 'x') + "€€"), "codec \"" + std::string(99, 'x') + "...\" is not supported");
}

TEST(CodecNames, OfOptionsAreWhatPeopleSay) {
  EXPECT_EQ(codec::find_option_codec("zstd"), CodecKind::zstandard);
  EXPECT_EQ(codec::find_option_codec("GZip"), CodecKind::deflate);
  EXPECT_EQ(codec::find_option_codec("Snappy"), CodecKind::snappy);
  EXPECT_EQ(codec::find_option_codec("none"), CodecKind::null_);
  EXPECT_FALSE(codec::find_option_codec("lz4"));
  EXPECT_FALSE(codec::find_codec("zstd"));  // no name that a file may have
}

TEST(AvroCodec, GivesBackWhatItCompressed) {
  for (const CodecKind kind : kCodecKinds) {
    const auto codec = make_codec(kind);
    Room room;
    for (const Bytes& bytes : {Bytes(), Bytes{1}, noise(100'000), Bytes(10'000'000, 7), noise(1'000'000), noise(3)}) {
      Bytes out(codec->compress_bound(bytes.size()));
      out.resize(codec->compress(bytes, out));
      const ByteView result = codec->decompress(out, bytes.size(), room);
      EXPECT_EQ(Bytes(result.begin(), result.end()), bytes) << codec_name(kind) << ' ' << bytes.size();
      const std::size_t most = kind == CodecKind::null_ ? 10'000'000 : kind == CodecKind::snappy ? 500'000 : 20'000;
      EXPECT_TRUE(bytes.size() < 10'000'000 || out.size() <= most) << codec_name(kind) << ' ' << out.size();
    }
  }
}

TEST(AvroCodec, TakesLevelsWithinTheRangeOfItsLibrary) {
  for (const CodecKind kind : kCodecKinds) {
    const std::optional<CodecLevels> levels = codec_levels(kind);
    if (!levels) continue;
    for (const int level : {levels->min, levels->preset, levels->max})
      EXPECT_EQ(decompressed(*make_codec(kind), compressed(*make_codec(kind, level), noise(1000)), kPlenty), noise(1000));
    for (const int level : {-1, levels->min - 1, levels->max + 1, INT_MAX, INT_MIN})
      EXPECT_EQ(error_of([&] { static_cast<void>(make_codec(kind, level)); }).sqlstate(), "22023") << level;
  }
  const Error error = error_of([] { check_codec_level(CodecKind::bzip2, 10); });
  EXPECT_EQ(error.message(), "compression level 10 is out of range for codec \"bzip2\"");
  EXPECT_EQ(error.detail(), "Valid levels are 1 to 9.");
}

TEST(AvroCodec, RefusesLevelsWhereThereAreNone) {
  EXPECT_FALSE(codec_levels(CodecKind::snappy).has_value());
  EXPECT_FALSE(codec_levels(CodecKind::null_).has_value());
  const Error error = error_of([] { static_cast<void>(make_codec(CodecKind::snappy, 1)); });
  EXPECT_EQ(error.sqlstate(), "22023");
  EXPECT_EQ(error.message(), "codec \"snappy\" has no compression levels");
  EXPECT_EQ(error_of([] { check_codec_level(CodecKind::null_, 1); }).message(), "codec \"none\" has no compression levels");
}

TEST(AvroCodec, RefusesDamagedData) {
  for (const CodecKind kind : kCodecKinds) {
    if (kind == CodecKind::null_) continue;
    const Bytes bytes = compressed(*make_codec(kind), noise(1000));
    const ByteView whole(bytes);
    for (const ByteView part : {ByteView(), whole.first(whole.size() / 2), whole.first(1), whole.first(whole.size() - 1),
                                as_bytes("\xff\xff\xff\xff\xff\xff")})
      EXPECT_EQ(decompress_error(kind, part).sqlstate(), "22P04") << codec_name(kind) << part.size();
  }
}

TEST(AvroCodec, NoticesAChangedBitWhereTheFormatHasAChecksum) {
  for (const CodecKind kind : {CodecKind::snappy, CodecKind::bzip2, CodecKind::xz}) {
    const Bytes whole = compressed(*make_codec(kind), noise(300));
    for (std::size_t i = 0; i < whole.size() * 8; i += 5) {
      Bytes damaged = whole;
      damaged[i / 8] ^= static_cast<std::uint8_t>(1 << i % 8);
      try {
        // Some bits of bzip2 decide nothing: the level, the end of the last byte.
        EXPECT_EQ(decompressed(*make_codec(kind), damaged, kPlenty), noise(300)) << codec_name(kind) << i;
      } catch (const Error& error) {
        EXPECT_TRUE(error.sqlstate() == "22P04" || error.sqlstate() == "54000") << codec_name(kind) << i;
      }
    }
  }
}

TEST(AvroCodec, RefusesBytesAfterTheEnd) {
  for (const CodecKind kind : kCodecKinds) {
    if (kind == CodecKind::null_) continue;
    const Bytes whole = compressed(*make_codec(kind), Bytes(1000, 7));
    for (const Bytes& more : {Bytes{0}, Bytes{'g', 'a', 'r', 'b', 'a', 'g', 'e'}, Bytes(100, 0xff)})
      EXPECT_EQ(decompress_error(kind, whole + more).sqlstate(), "22P04") << codec_name(kind) << more.size();
  }
}

TEST(AvroCodec, CapsWhatComesOut) {
  for (const CodecKind kind : kCodecKinds) {
    const auto codec = make_codec(kind);
    const Bytes bytes = compressed(*codec, Bytes(1'000'000, 7));
    Room room;
    EXPECT_EQ(codec->decompress(bytes, 1'000'000, room).size(), 1'000'000U);
    EXPECT_EQ(error_of([&] { static_cast<void>(codec->decompress(bytes, 999'999, room)); }).sqlstate(), "54000");
    for (const std::size_t cap : {std::size_t{0}, std::size_t{1}, std::size_t{65'536}, std::size_t{999'999}}) {
      Room fresh;
      EXPECT_EQ(error_of([&] { static_cast<void>(codec->decompress(bytes, cap, fresh)); }).sqlstate(), "54000")
          << codec_name(kind) << ' ' << cap;
      EXPECT_LE(fresh.size(), cap);
    }
  }
}

/// Bytes that every codec makes smaller, and none by much.
Bytes hexadecimal(std::size_t size_bytes) {
  Bytes bytes = noise(size_bytes);
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>("0123456789abcdef"[byte >> 4]);
  return bytes;
}

TEST(AvroCodec, ChecksInterruptsInLargeBlocks) {
  static int calls;
  for (const CodecKind kind : kCodecKinds) {
    // more than one call of a library may make; the slowest are never given as much
    const bool is_slow = kind == CodecKind::bzip2 || kind == CodecKind::xz;
    const std::size_t size_bytes = std::size_t{is_slow ? 2U : 40U} << 20;
    const int enough = is_slow ? 2 : 40;
    const Bytes bytes = hexadecimal(size_bytes);
    const std::optional<CodecLevels> levels = codec_levels(kind);
    const std::optional<int> level = levels ? std::optional(levels->min) : std::nullopt;
    const auto codec = make_codec(kind, level, [] { calls++; });
    calls = 0;
    const Bytes out = compressed(*codec, bytes);
    EXPECT_GE(calls, enough) << codec_name(kind);
    EXPECT_TRUE(kind == CodecKind::null_ || out.size() < size_bytes) << codec_name(kind);
    calls = 0;
    EXPECT_EQ(decompressed(*codec, out, size_bytes), bytes) << codec_name(kind);
    EXPECT_TRUE(kind == CodecKind::null_ || calls >= enough) << codec_name(kind);
    EXPECT_EQ(decompress_error(kind, out, size_bytes - 1).sqlstate(), "54000") << codec_name(kind);
    if (kind == CodecKind::null_) continue;
    for (const ByteView part : {ByteView(out).first(out.size() - 5), ByteView(out).first(out.size() / 2)})
      EXPECT_EQ(decompress_error(kind, part, size_bytes).sqlstate(), "22P04") << codec_name(kind);
    for (const Bytes& more : {Bytes{0}, Bytes(100, 0xff)})
      EXPECT_EQ(decompress_error(kind, out + more, size_bytes).sqlstate(), "22P04") << codec_name(kind);
  }
}

TEST(AvroCodec, EndsWhereAnInterruptThrows) {
  static bool is_stopped;
  const Bytes bytes = hexadecimal(5'000'000);
  for (const CodecKind kind : kCodecKinds) {
    const std::optional<CodecLevels> levels = codec_levels(kind);
    const auto codec = make_codec(kind, levels ? std::optional(levels->min) : std::nullopt, [] {
      if (is_stopped) throw Error("57014", "stop");
    });
    is_stopped = false;
    const Bytes out = compressed(*codec, bytes);
    is_stopped = true;
    EXPECT_EQ(error_of([&] { static_cast<void>(compressed(*codec, bytes)); }).sqlstate(), "57014") << codec_name(kind);
    if (kind != CodecKind::null_) {
      EXPECT_EQ(error_of([&] { static_cast<void>(decompressed(*codec, out, kPlenty)); }).sqlstate(), "57014") << codec_name(kind);
    }
    // and is of use again
    is_stopped = false;
    EXPECT_EQ(compressed(*codec, bytes), out) << codec_name(kind);
    EXPECT_EQ(decompressed(*codec, out, kPlenty), bytes) << codec_name(kind);
  }
}

// The sizes that are the last for one call of the library and the first for pieces.
TEST(AvroCodec, GivesBackWhatItCompressedInPieces) {
  struct Case {
    CodecKind kind;
    int level;
    std::size_t last_bytes;
  };
  for (const auto& [kind, level, last_bytes] : {Case{CodecKind::deflate, 6, std::size_t{4} << 20},
                                                {CodecKind::deflate, 12, std::size_t{640} << 10},
                                                {CodecKind::zstandard, 1, std::size_t{1} << 20},
                                                {CodecKind::zstandard, 13, 0},
                                                {CodecKind::zstandard, 22, 99'999}})
    for (const std::size_t more : {0, 1})
      for (const Bytes& in : {hexadecimal(last_bytes + more), noise(last_bytes + more)})
        EXPECT_EQ(decompressed(*make_codec(kind), compressed(*make_codec(kind, level), in), in.size()), in)
            << codec_name(kind) << ' ' << in.size();
}

// The library itself reads what was compressed in pieces, and what it compresses as a whole is the same.
TEST(AvroCodec, MakesSnappyInPiecesAsTheLibraryDoes) {
  const Bytes bytes = hexadecimal(3'000'000);
  Bytes whole(snappy_max_compressed_length(bytes.size()));
  std::size_t size_bytes = whole.size();
  ASSERT_EQ(snappy_compress(reinterpret_cast<const char*>(bytes.data()), bytes.size(), reinterpret_cast<char*>(whole.data()),
                            &size_bytes),
            SNAPPY_OK);
  whole.resize(size_bytes);
  Bytes ours = compressed(*make_codec(CodecKind::snappy), bytes);
  ours.resize(ours.size() - 4);  // the checksum
  EXPECT_EQ(ours, whole);
}

// RFC 1951: one stored block (final bit and type 00, then LEN, NLEN), alone and followed by what zlib's checksum leaves. RFC
// 1950: the sums a = 1 + 97 + 98 + 99 = 0x127 and b = 98 + 196 + 295 = 0x24d are stored as b, a.
TEST(AvroCodec, ReadsRawDeflateAndLetsItsChecksumPass) {
  const Bytes stored{0x01, 0x03, 0x00, 0xfc, 0xff, 'a', 'b', 'c'};
  const Bytes sum{0x02, 0x4d, 0x01, 0x27};
  for (std::size_t size = 0; size <= sum.size(); size++) {
    const Bytes rest(sum.begin(), sum.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_EQ(decompressed(*make_codec(CodecKind::deflate), stored + rest, 3), (Bytes{'a', 'b', 'c'}));
  }
  EXPECT_EQ(decompress_error(CodecKind::deflate, stored + sum + Bytes{0}).sqlstate(), "22P04");
  EXPECT_EQ(decompress_error(CodecKind::deflate, stored + Bytes{2, 3}).sqlstate(), "22P04");
}

// The format description: the length as a varint, then a literal whose tag is its length - 1 in the upper six bits. The CRC-32 of
// "123456789" is the check value of its catalogue.
TEST(AvroCodec, ReadsTheSnappyOfTheSpecification) {
  const Bytes body{9, 8 << 2, '1', '2', '3', '4', '5', '6', '7', '8', '9'}, sum{0xcb, 0xf4, 0x39, 0x26};
  const auto codec = make_codec(CodecKind::snappy);
  EXPECT_EQ(decompressed(*codec, body + sum, 9), (Bytes{'1', '2', '3', '4', '5', '6', '7', '8', '9'}));
  EXPECT_EQ(compressed(*codec, as_bytes("123456789")), body + sum);
  const Error error = decompress_error(CodecKind::snappy, body + Bytes{0xcb, 0xf4, 0x39, 0x27});
  EXPECT_EQ(error.sqlstate(), "22P04");
  EXPECT_EQ(error.detail(), "The decompressor says: the checksum does not match.");
  EXPECT_EQ(decompress_error(CodecKind::snappy, body).sqlstate(), "22P04");
  EXPECT_EQ(decompress_error(CodecKind::snappy, Bytes{0, 0, 0, 0}).sqlstate(), "22P04");
  EXPECT_EQ(decompressed(*codec, Bytes{0, 0, 0, 0, 0}, 0), Bytes());
}

TEST(AvroCodec, DoesNotBelieveTheLengthThatSnappyClaims) {
  // 2^32 - 1 bytes out of two, and 100 out of two
  for (const Bytes& liar : {Bytes{0xff, 0xff, 0xff, 0xff, 0x0f, 0, 'x', 0, 0, 0, 0}, Bytes{100, 0, 'x', 0, 0, 0, 0}}) {
    Room room;
    const auto codec = make_codec(CodecKind::snappy);
    EXPECT_EQ(error_of([&] { static_cast<void>(codec->decompress(liar, std::size_t{8} << 30, room)); }).sqlstate(), "22P04");
    EXPECT_LE(room.size(), 100U);
  }
}

TEST(AvroCodec, ReadsZstandardFramesWithoutTheirSizeAndSeveralInARow) {
  Bytes frames, expected;
  const Bytes part = noise(300'000);
  for (int i = 0; i < 3; i++) {
    Bytes frame(ZSTD_compressBound(part.size()));
    ZSTD_CCtx* context = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, i == 1);
    frame.resize(ZSTD_compress2(context, frame.data(), frame.size(), part.data(), part.size()));
    ZSTD_freeCCtx(context);
    frames = frames + frame;
    expected = expected + part;
  }
  EXPECT_EQ(decompressed(*make_codec(CodecKind::zstandard), frames, kPlenty), expected);
}

TEST(AvroCodec, DoesNotBelieveTheSizeThatAZstandardFrameClaims) {
  // RFC 8878: magic, a descriptor of a single segment with an 8-byte content size, 2^40 bytes, and one raw block of one byte.
  const Bytes liar{0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0, 0, 0, 0, 0, 1, 0, 0, 0x09, 0, 0, 'x'};
  Room room;
  const auto codec = make_codec(CodecKind::zstandard);
  EXPECT_EQ(error_of([&] { static_cast<void>(codec->decompress(liar, kPlenty, room)); }).sqlstate(), "22P04");
  EXPECT_LE(room.size(), std::size_t{1} << 20);
}

/// What the library's own call for whole buffers makes.
Bytes library_bzip2(Bytes in, int level) {
  auto size = static_cast<unsigned>(in.size() + in.size() / 100 + 600);
  Bytes out(size);
  EXPECT_EQ(BZ2_bzBuffToBuffCompress(reinterpret_cast<char*>(out.data()), &size, reinterpret_cast<char*>(in.data()),
                                     static_cast<unsigned>(in.size()), level, 0, 0),
            BZ_OK);
  out.resize(size);
  return out;
}

Bytes library_xz(const Bytes& in, std::uint32_t level) {
  Bytes out(lzma_stream_buffer_bound(in.size()));
  std::size_t size = 0;
  EXPECT_EQ(lzma_easy_buffer_encode(level, LZMA_CHECK_SHA256, nullptr, in.data(), in.size(), out.data(), &size, out.size()),
            LZMA_OK);
  out.resize(size);
  return out;
}

TEST(AvroCodec, ReadsBzip2StreamsInARow) {
  const Bytes first = noise(300'000), second{1, 2, 3};
  const Bytes streams = library_bzip2(first, 9) + library_bzip2(second, 1);
  EXPECT_EQ(decompressed(*make_codec(CodecKind::bzip2), streams, kPlenty), first + second);
}

TEST(AvroCodec, ReadsXzStreamsInARowWithPaddingBetween) {
  const Bytes first = noise(300'000), second{1, 2, 3};
  const Bytes streams = library_xz(first, 9) + Bytes(8, 0) + library_xz(second, 0);
  EXPECT_EQ(decompressed(*make_codec(CodecKind::xz), streams, kPlenty), first + second);
}

TEST(AvroCodec, LimitsTheMemoryOfXz) {
  lzma_options_lzma options;
  lzma_lzma_preset(&options, 0);
  options.dict_size = std::uint32_t{128} << 20;
  const lzma_filter filters[] = {{LZMA_FILTER_LZMA2, &options}, {LZMA_VLI_UNKNOWN, nullptr}};
  Bytes out(1000);
  std::size_t size = 0;
  const Bytes in(10, 7);
  ASSERT_EQ(lzma_stream_buffer_encode(const_cast<lzma_filter*>(filters), LZMA_CHECK_CRC32, nullptr, in.data(), in.size(),
                                      out.data(), &size, out.size()),
            LZMA_OK);
  out.resize(size);
  const Error error = decompress_error(CodecKind::xz, out);
  EXPECT_EQ(error.sqlstate(), "54000");
  EXPECT_EQ(error.message(), "block of codec \"xz\" needs more than 80 MB to be decompressed");
}

}  // namespace
}  // namespace ferry::avro
