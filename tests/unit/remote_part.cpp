#include "remote/part.hpp"

#include <cstdio>
#include <string>

#include <gtest/gtest.h>
#include <unistd.h>

#include "remote/completion.hpp"

namespace ferry::remote {
namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

int open_spool() {
  std::FILE* const file = std::tmpfile();
  const int descriptor = dup(fileno(file));
  std::fclose(file);
  return descriptor;
}

TEST(RemotePart, PartsHoldFiveTerabytes) {
  std::uint64_t sum = 0;
  for (int number = 1; number <= kMostParts; ++number) {
    const std::uint64_t bytes = part_bytes(number);
    sum += bytes;
    // the least and the most that S3 takes
    ASSERT_GE(bytes, 5 * kMiB);
    ASSERT_LE(bytes, 5 * 1024 * kMiB);
    ASSERT_GE(bytes, number == 1 ? 0 : part_bytes(number - 1));
  }
  EXPECT_GE(sum, std::uint64_t{5} << 40);
  EXPECT_EQ(part_bytes(1), part_bytes(2'000));
}

TEST(RemotePart, TakesNoMoreThanItsSize) {
  Part part({}, false);
  part.begin(1);
  const std::string piece(kMiB, 'x');
  std::uint64_t taken = 0;
  for (int i = 0; i < 10; ++i) taken += part.add(as_bytes(piece));
  EXPECT_EQ(taken, kMemoryPartBytes);
  EXPECT_EQ(part.room_bytes(), 0U);
  EXPECT_EQ(part.finish().bytes, kMemoryPartBytes);
  part.begin(2);
  EXPECT_TRUE(part.is_empty());
}

TEST(RemotePart, KeepsBytesAndDigest) {
  Part part({}, true);
  for (const std::string text : {"abc", ""}) {
    part.begin(1);
    for (const char c : text) part.add(as_bytes({&c, 1}));
    const Payload& payload = part.finish();
    EXPECT_EQ(as_text(payload.memory), text);
    EXPECT_EQ(payload.file, -1);
    EXPECT_EQ(payload.sha256, hex(sha256(text)));
    EXPECT_EQ(part.finish().sha256, hex(sha256(text)));
  }
}

TEST(RemotePart, LargeOneWaitsInAFile) {
  Part part({.check_interrupts = nullptr, .open_spool = open_spool}, true);
  part.begin(2'100);
  std::string expected;
  const std::string piece(kMiB - 7, 'y');
  for (int i = 0; i < 20; ++i) expected += piece.substr(0, part.add(as_bytes(piece)));
  const Payload& payload = part.finish();
  ASSERT_GE(payload.file, 0);
  std::string stored(expected.size() + 1, '\0');
  EXPECT_EQ(pread(payload.file, stored.data(), stored.size(), 0), static_cast<ssize_t>(expected.size()));
  stored.pop_back();
  EXPECT_TRUE(stored == expected);
  EXPECT_EQ(payload.sha256, hex(sha256(expected)));
  part.begin(1);
  part.add(as_bytes("abc"));
  EXPECT_EQ(as_text(part.finish().memory), "abc");
}

TEST(RemotePart, WithoutAFileStaysInMemory) {
  Part part({}, false);
  part.begin(kMostParts);
  EXPECT_EQ(part.room_bytes(), kMemoryPartBytes);
}

TEST(RemoteCompletion, KnowsTheEtagOfParts) {
  // printf a | openssl md5 -binary and so for b and c, together through md5sum
  EXPECT_EQ(etag_of_parts({"\"0cc175b9c0f1b6a831c399e269772661\"", "92eb5ffee6ae2fec3ad71c777531578f",
                           "\"4a8a08f09d37b73795649038408b5f33\""}),
            "4054c6f7787ecb7b323323155b0c0583-3");
  EXPECT_EQ(etag_of_parts({"\"0cc175b9c0f1b6a831c399e269772661-2\""}), "");
  EXPECT_EQ(etag_of_parts({"\"0cc175b9c0f1b6a831c399e26977266x\""}), "");
}

}  // namespace
}  // namespace ferry::remote
