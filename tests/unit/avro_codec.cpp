#include "avro/codec.hpp"

#include <zstd.h>

#include <gtest/gtest.h>

#include "../support/error_of.hpp"

namespace ferry::avro {
namespace {

using test::error_of;

constexpr CodecKind kKinds[] = {CodecKind::null_, CodecKind::deflate, CodecKind::zstandard};
constexpr std::size_t kPlenty = std::size_t{1} << 30;

/// Bytes of a linear congruential generator: they do not compress.
Bytes noise(std::size_t size_bytes) {
  Bytes bytes(size_bytes);
  std::uint32_t state = 1;
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>((state = state * 1664525 + 1013904223) >> 24);
  return bytes;
}

TEST(AvroCodec, IsFoundByItsName) {
  EXPECT_EQ(codec_by_name("null"), CodecKind::null_);
  EXPECT_EQ(codec_by_name("none"), CodecKind::null_);
  EXPECT_EQ(codec_by_name("deflate"), CodecKind::deflate);
  EXPECT_EQ(codec_by_name("zstandard"), CodecKind::zstandard);
  EXPECT_EQ(codec_name(CodecKind::zstandard), "zstandard");
  const Error error = error_of([] { static_cast<void>(codec_by_name("snappy")); });
  EXPECT_EQ(error.sqlstate(), "0A000");
  EXPECT_EQ(error.message(), "codec \"snappy\" is not supported");
}

TEST(AvroCodec, GivesBackWhatItCompressed) {
  for (const CodecKind kind : kKinds) {
    const auto codec = make_codec(kind);
    Bytes compressed, result;
    for (const Bytes& bytes : {Bytes(), Bytes{1}, noise(100'000), Bytes(10'000'000, 7), noise(3)}) {
      codec->compress(bytes, compressed);
      codec->decompress(compressed, bytes.size(), result);
      EXPECT_EQ(result, bytes) << codec_name(kind) << ' ' << bytes.size();
      EXPECT_TRUE(kind == CodecKind::null_ || bytes.size() < 10'000'000 || compressed.size() < 20'000);
    }
  }
}

TEST(AvroCodec, TakesLevelsWithinTheRangeOfItsLibrary) {
  const std::pair<CodecKind, int> kHighest[] = {{CodecKind::deflate, 12}, {CodecKind::zstandard, 22}};
  for (const auto& [kind, highest] : kHighest) {
    for (const int level : {1, highest}) {
      Bytes compressed, result;
      make_codec(kind, level)->compress(noise(1000), compressed);
      make_codec(kind)->decompress(compressed, kPlenty, result);
      EXPECT_EQ(result, noise(1000));
    }
    for (const int level : {-1, 0, highest + 1})
      EXPECT_EQ(error_of([&, k = kind] { static_cast<void>(make_codec(k, level)); }).sqlstate(), "22023") << level;
  }
}

// RFC 1951: one stored block (final bit and type 00, then LEN, NLEN), and the same followed by what zlib's checksum leaves.
TEST(AvroCodec, ReadsRawDeflateAndLetsTrailingBytesPass) {
  const Bytes stored{0x01, 0x03, 0x00, 0xfc, 0xff, 'a', 'b', 'c'};
  Bytes trailing = stored;
  trailing.insert(trailing.end(), {1, 2, 3});
  for (const Bytes& bytes : {stored, trailing}) {
    Bytes result;
    make_codec(CodecKind::deflate)->decompress(bytes, 3, result);
    EXPECT_EQ(result, (Bytes{'a', 'b', 'c'}));
  }
}

TEST(AvroCodec, RefusesDamagedData) {
  for (const CodecKind kind : {CodecKind::deflate, CodecKind::zstandard}) {
    const auto codec = make_codec(kind);
    Bytes compressed, result;
    codec->compress(Bytes(1000, 7), compressed);
    const ByteView whole(compressed);
    for (const ByteView bytes : {ByteView(), whole.first(whole.size() / 2), whole.first(1), as_bytes("\xff\xff\xff\xff\xff\xff")})
      EXPECT_EQ(error_of([&] { codec->decompress(bytes, kPlenty, result); }).sqlstate(), "22P04")
          << codec_name(kind) << bytes.size();
  }
}

TEST(AvroCodec, CapsWhatComesOut) {
  for (const CodecKind kind : kKinds) {
    const auto codec = make_codec(kind);
    Bytes compressed, result;
    codec->compress(Bytes(1'000'000, 7), compressed);
    codec->decompress(compressed, 1'000'000, result);
    EXPECT_EQ(result.size(), 1'000'000U);
    for (const std::size_t cap : {std::size_t{0}, std::size_t{1}, std::size_t{65'536}, std::size_t{999'999}}) {
      Bytes fresh;
      EXPECT_EQ(error_of([&] { codec->decompress(compressed, cap, fresh); }).sqlstate(), "54000")
          << codec_name(kind) << ' ' << cap;
      EXPECT_LE(fresh.capacity(), cap);
    }
  }
}

TEST(AvroCodec, ReadsZstandardFramesWithoutTheirSizeAndSeveralInARow) {
  Bytes frames;
  const Bytes part = noise(300'000);
  for (int i = 0; i < 3; i++) {
    Bytes frame(ZSTD_compressBound(part.size()));
    ZSTD_CCtx* context = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, i == 1);
    frame.resize(ZSTD_compress2(context, frame.data(), frame.size(), part.data(), part.size()));
    ZSTD_freeCCtx(context);
    frames.insert(frames.end(), frame.begin(), frame.end());
  }
  Bytes result, expected;
  for (int i = 0; i < 3; i++) expected.insert(expected.end(), part.begin(), part.end());
  make_codec(CodecKind::zstandard)->decompress(frames, kPlenty, result);
  EXPECT_EQ(result, expected);
}

TEST(AvroCodec, DoesNotBelieveTheSizeThatAZstandardFrameClaims) {
  // RFC 8878: magic, a descriptor of a single segment with an 8-byte content size, 2^40 bytes, and one raw block of one byte.
  const Bytes liar{0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0, 0, 0, 0, 0, 1, 0, 0, 0x09, 0, 0, 'x'};
  Bytes result;
  const auto codec = make_codec(CodecKind::zstandard);
  EXPECT_EQ(error_of([&] { codec->decompress(liar, kPlenty, result); }).sqlstate(), "22P04");
  EXPECT_LE(result.capacity(), std::size_t{1} << 20);
}

}  // namespace
}  // namespace ferry::avro
