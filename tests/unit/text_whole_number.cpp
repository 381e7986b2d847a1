#include "text/whole_number.hpp"

#include <limits>
#include <optional>
#include <string>

#include <gtest/gtest.h>

namespace {

std::optional<std::int64_t> whole(std::string_view text) {
  std::int64_t value;
  if (!ferry::text::parse_whole_number(text, value)) return std::nullopt;
  return value;
}

TEST(WholeNumber, IsReadFromAnyFormOfIt) {
  EXPECT_EQ(whole("1.0"), 1);
  EXPECT_EQ(whole("1e3"), 1000);
  EXPECT_EQ(whole("-1.50E+1"), -15);
  EXPECT_EQ(whole("+.5e1"), 5);
  EXPECT_EQ(whole("7."), 7);
  EXPECT_EQ(whole("1200e-2"), 12);
  EXPECT_EQ(whole(" \t42.000\r\n"), 42);
  EXPECT_EQ(whole("0012"), 12);
  for (const char* const zero : {"0", "-0.0", "0e400", "0e-400", ".0", "0.", "000.000e99999999999999999999"})
    EXPECT_EQ(whole(zero), 0) << zero;
}

TEST(WholeNumber, HasTheRangeOfTheType) {
  EXPECT_EQ(whole("9223372036854775807.0"), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(whole("-9223372036854775808.0"), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(whole("1e18"), 1'000'000'000'000'000'000);
  EXPECT_EQ(whole("0." + std::string(5000, '0') + "3e5001"), 3);
  EXPECT_EQ(whole("5" + std::string(5000, '0') + "e-5000"), 5);
  for (const char* const beyond :
       {"9223372036854775808.0", "-9223372036854775809.0", "1e19", "1e400", "-1e99999999999999999999", "92233720368547758070.0"})
    EXPECT_EQ(whole(beyond), std::nullopt) << beyond;
}

TEST(WholeNumber, IsNothingElse) {
  for (const char* const text :
       {"",      " ",    "1.5",  "1e-1", "15e-1",   ".",     "-",     "+-1", "e3",  ".e3",   "1e",       "1e+",
        "1e3.0", "1.0x", "x1.0", "1 .0", "1,000.0", "0x1p3", "1_0.0", "inf", "NaN", "1.0 1", "0.0000001"})
    EXPECT_EQ(whole(text), std::nullopt) << text;
}

}  // namespace
