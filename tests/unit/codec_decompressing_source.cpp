#include "codec/decompressing_source.hpp"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>

#include <gtest/gtest.h>
#include <unistd.h>

#include "../support/drain.hpp"
#include "../support/error_of.hpp"
#include "../support/memory_io.hpp"
#include "base/concat.hpp"
#include "base/fronted_source.hpp"

// The oracle is the programs that people compress files with.
namespace ferry::codec {
namespace {

using test::drain;
using test::error_of;
using test::MemorySource;

struct Program {
  std::string format, command;
};
const Program kPrograms[] = {
    {"gzip", "gzip -c"}, {"zstandard", "zstd -c"}, {"bzip2", "bzip2 -c"}, {"xz", "xz -c"}, {"lz4", "lz4 -c"},
};

Bytes output_of(const std::string& command) {
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
  Bytes all, piece(std::size_t{64} << 10);
  while (const std::size_t count = std::fread(piece.data(), 1, piece.size(), pipe.get()))
    all.insert(all.end(), piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(count));
  return all;
}

/// What a program makes of bytes.
Bytes compressed(const std::string& command, ByteView bytes) {
  // tests run beside each other
  const std::string path = concat(testing::TempDir(), "ferry_plain_", getpid());
  std::ofstream(path, std::ios::binary) << as_text(bytes);
  Bytes result = output_of(concat(command, " <", path, " 2>/dev/null"));
  std::remove(path.c_str());
  return result;
}

Bytes decompressed(ByteView bytes, std::size_t chunk_bytes = SIZE_MAX, std::size_t piece_bytes = std::size_t{64} << 10) {
  MemorySource origin(bytes, chunk_bytes);
  FrontedSource fronted(origin);
  const StreamFormat* const format = find_stream_format(fronted.front());
  if (format == nullptr) return drain(fronted, piece_bytes);
  DecompressingSource source(fronted, *format, "file \"a\"", nullptr);
  return drain(source, piece_bytes);
}

/// Rows of numbers, which compress as data does.
Bytes rows(int count) {
  std::string text;
  std::uint32_t state = 1;
  for (int i = 0; i < count; i++) text += concat(i, ',', (state = state * 1664525 + 1013904223) >> 16, ",name ", i % 100, '\n');
  return {text.begin(), text.end()};
}

Bytes operator+(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

TEST(DecompressingSource, ReadsWhatTheProgramsWrite) {
  const Bytes texts[] = {Bytes{}, Bytes{'x'}, rows(10), rows(20'000), Bytes(2'000'000, '0')};
  const std::string commands[] = {"gzip -1",  "gzip -9",  "zstd -1", "zstd -19",    "zstd --no-check", "zstd --long=27",
                                  "bzip2 -1", "bzip2 -9", "xz -0",   "xz -6",       "xz -9",           "xz -C none",
                                  "lz4 -1",   "lz4 -9",   "lz4 -BD", "lz4 -B4 -BX", "xz -T2"};
  for (const std::string& command : commands)
    for (const Bytes& text : texts) {
      const Bytes file = compressed(command + " -c", text);
      ASSERT_NE(find_stream_format(ByteView(file).first(std::min<std::size_t>(file.size(), 16))), nullptr) << command;
      EXPECT_TRUE(decompressed(file) == text) << command << ' ' << text.size();
    }
}

TEST(DecompressingSource, ReadsInPiecesOfAnySize) {
  const Bytes text = rows(2000);
  for (const Program& program : kPrograms) {
    const Bytes file = compressed(program.command, text);
    for (const std::size_t chunk : {std::size_t{1}, std::size_t{7}, std::size_t{1000}})
      for (const std::size_t piece : {std::size_t{1}, std::size_t{13}, std::size_t{100'000}})
        EXPECT_TRUE(decompressed(file, chunk, piece) == text) << program.format << ' ' << chunk << ' ' << piece;
  }
}

TEST(DecompressingSource, ReadsSeveralMembersOneBehindTheOther) {
  const Bytes text = rows(1000);
  for (const Program& program : kPrograms) {
    const Bytes file = compressed(program.command, text), empty = compressed(program.command, Bytes{});
    EXPECT_TRUE(decompressed(file + empty + file + empty) == text + text) << program.format;
    EXPECT_TRUE(decompressed(empty + empty + file, 1) == text) << program.format;
  }
}

TEST(DecompressingSource, PassesOverTheFramesThatAreToBePassedOver) {
  const Bytes text = rows(1000), skip{0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4};
  for (const char* const command : {"zstd -c", "lz4 -c"}) {
    const Bytes file = compressed(command, text);
    EXPECT_TRUE(decompressed(skip + file + skip + file) == text + text) << command;
  }
}

TEST(DecompressingSource, PassesOverPaddingWhereProgramsDo) {
  const Bytes text = rows(1000), zeros(512, 0);
  for (const Program& program : kPrograms) {
    const Bytes file = compressed(program.command, text) + zeros;
    if (program.format == "gzip" || program.format == "xz")
      EXPECT_TRUE(decompressed(file + compressed(program.command, text) + zeros) == text + text) << program.format;
    else
      EXPECT_EQ(error_of([&] { decompressed(file); }).sqlstate(), "22P04") << program.format;
  }
}

TEST(DecompressingSource, NoticesWhereverAFileIsCutOff) {
  const Bytes text = rows(100);
  for (const Program& program : kPrograms) {
    const Bytes file = compressed(program.command, text);
    for (std::size_t size = 10; size < file.size(); size++) {
      const Error error = error_of([&] { decompressed(ByteView(file).first(size)); });
      EXPECT_EQ(error.sqlstate(), "22P04") << program.format << ' ' << size;
      EXPECT_EQ(error.message(), program.format + " data ends too early") << size;
      EXPECT_EQ(error.context(), concat("file \"a\", byte ", size));
    }
    const Bytes two = file + file;
    for (const std::size_t more : {std::size_t{1}, std::size_t{5}, file.size() - 1})
      EXPECT_EQ(error_of([&] { decompressed(ByteView(two).first(file.size() + more)); }).sqlstate(), "22P04")
          << program.format << more;
  }
}

TEST(DecompressingSource, NeverGivesOtherBytesForDamagedOnes) {
  const Bytes text = rows(300);
  for (const Program& program : kPrograms) {
    // without a checksum of its content no program would notice
    const Bytes file = compressed(program.command, text);
    for (std::size_t i = 0; i < file.size() * 8; i += 3) {
      Bytes damaged = file;
      damaged[i / 8] ^= static_cast<std::uint8_t>(1 << i % 8);
      if (find_stream_format(ByteView(damaged).first(16)) == nullptr) continue;
      try {
        EXPECT_TRUE(decompressed(damaged) == text) << program.format << ' ' << i;
      } catch (const Error& error) {
        EXPECT_TRUE(error.sqlstate() == "22P04" || error.sqlstate() == "54000") << program.format << ' ' << i;
        EXPECT_TRUE(error.context().starts_with("file \"a\", byte ")) << error.context();
      }
    }
  }
}

TEST(DecompressingSource, RefusesWhatFollowsAFile) {
  const Bytes text = rows(100), other{'a', ',', 'b', '\n'};
  for (const Program& program : kPrograms)
    EXPECT_EQ(error_of([&] { decompressed(compressed(program.command, text) + other); }).sqlstate(), "22P04") << program.format;
}

TEST(DecompressingSource, TakesNoTextForACompressedFile) {
  for (const std::string_view text :
       {"", "B", "BZ", "BZh", "BZh9", "BZh9,1\n2,3\n4,5\n", "BZh91AY&S,more text", "BZip2,1,2,3,4,5,6\n", "PK,1,2,3",
        "(\xb5/,1,2,3,4,5,6,7", "\x1f\x8b,a,b,c,d,e", "7zXZ,1,2,3,4,5,6,7,8", "\"M,1", "*M,1"}) {
    EXPECT_EQ(find_stream_format(as_bytes(text)), nullptr) << text;
    EXPECT_EQ(as_text(decompressed(as_bytes(text))), text);
  }
}

TEST(DecompressingSource, CountsTheBytesOfTheFile) {
  const Bytes text = rows(20'000);
  for (const Program& program : kPrograms) {
    const Bytes file = compressed(program.command, text);
    MemorySource origin(file);
    FrontedSource fronted(origin);
    DecompressingSource source(fronted, *find_stream_format(fronted.front()), "file \"a\"", nullptr);
    EXPECT_EQ(source.origin_bytes(), 0U);
    Bytes piece(std::size_t{64} << 10);
    std::uint64_t last = 0;
    while (source.read(piece) > 0) {
      EXPECT_GE(*source.origin_bytes(), last);
      last = *source.origin_bytes();
    }
    EXPECT_EQ(source.origin_bytes(), file.size()) << program.format;
  }
}

TEST(DecompressingSource, ChecksInterruptsInWhatMakesNothing) {
  static int calls;
  for (const Program& program : kPrograms) {
    const Bytes empty = compressed(program.command, Bytes{});
    Bytes file;
    for (int i = 0; i < 1000; i++) file = std::move(file) + empty;
    MemorySource origin(file);
    calls = 0;
    DecompressingSource source(origin, *find_stream_format(ByteView(file).first(16)), "file \"a\"", [] { calls++; });
    EXPECT_EQ(drain(source).size(), 0U);
    EXPECT_GE(calls, 1000) << program.format;
  }
}

TEST(DecompressingSource, LimitsTheWindow) {
  // RFC 8878: magic, a descriptor without anything, the window's exponent, a raw block of one byte, which is the last one
  const auto frame = [](int window_log) {
    return Bytes{0x28, 0xb5, 0x2f, 0xfd, 0, static_cast<std::uint8_t>((window_log - 10) << 3), 0x09, 0, 0, 'x'};
  };
  EXPECT_EQ(decompressed(frame(27)), Bytes{'x'});
  const Error error = error_of([&] { decompressed(frame(28)); });
  EXPECT_EQ(error.sqlstate(), "54000");
  EXPECT_EQ(error.message(), "zstandard data needs more than 128 MB of memory to be decompressed");
  const Error of_xz = error_of([] { decompressed(compressed("xz --lzma2=dict=256MiB -c", Bytes(1000, '0'))); });
  EXPECT_EQ(of_xz.sqlstate(), "54000");
  EXPECT_EQ(of_xz.message(), "xz data needs more than 80 MB of memory to be decompressed");
}

}  // namespace
}  // namespace ferry::codec
