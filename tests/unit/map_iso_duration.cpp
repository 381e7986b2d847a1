#include "map/types/iso_duration.hpp"

#include <limits>
#include <string>

#include <gtest/gtest.h>

namespace ferry::map {
namespace {

std::string duration(std::int32_t months, std::int32_t days, std::int64_t micros) {
  char text[kDurationTextBytes];
  return {text, write_duration(text, months, days, micros)};
}

// Expected texts are those of IntervalStyle iso_8601 in the server's documentation, and its like; tests/tap compares with the
// server itself.
TEST(IsoDuration, WritesEveryPartWithItsSign) {
  EXPECT_EQ(duration(0, 0, 0), "PT0S");
  EXPECT_EQ(duration(14, 0, 0), "P1Y2M");
  EXPECT_EQ(duration(0, 3, 14'706'000'000), "P3DT4H5M6S");
  EXPECT_EQ(duration(-14, 3, -14'706'000'000), "P-1Y-2M3DT-4H-5M-6S");
  EXPECT_EQ(duration(12, 0, 60'000'000), "P1YT1M");
  EXPECT_EQ(duration(0, 0, 6'070'000), "PT6.07S");
  EXPECT_EQ(duration(0, 0, -1), "PT-0.000001S");
  EXPECT_EQ(duration(0, 0, -3'600'500'000), "PT-1H-0.5S");
}

TEST(IsoDuration, HasRoomForTheLargest) {
  constexpr auto kInt = std::numeric_limits<std::int32_t>::min();
  constexpr auto kLong = std::numeric_limits<std::int64_t>::min();
  EXPECT_EQ(duration(kInt, kInt, kLong), "P-178956970Y-8M-2147483648DT-2562047788H-54.775808S");
}

}  // namespace
}  // namespace ferry::map
