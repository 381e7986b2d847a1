#include "base/key_set.hpp"

#include <cstdint>
#include <random>
#include <set>

#include <gtest/gtest.h>

namespace {

using ferry::Key;
using ferry::KeySet;

Key number(std::int64_t value) { return {.is_number = true, .number = value}; }
Key bytes(std::string_view value) { return {.is_number = false, .bytes = value}; }

TEST(KeySet, HoldsWhatAnOrderedSetHolds) {
  std::mt19937_64 random(1);
  KeySet keys;
  std::set<std::int64_t> expected;
  for (int i = 0; i < 100'000; i++) {
    const auto value = static_cast<std::int64_t>(random() % 50'000) - 25'000;
    EXPECT_EQ(keys.has(number(value)), expected.contains(value));
    EXPECT_EQ(keys.add(number(value)), expected.insert(value).second);
  }
  EXPECT_EQ(keys.size(), expected.size());
}

TEST(KeySet, TellsEveryNumberFromAnEmptyPlace) {
  KeySet keys;
  for (const std::int64_t value : {std::int64_t{0}, INT64_MIN, INT64_MAX, std::int64_t{-1}}) {
    EXPECT_FALSE(keys.has(number(value)));
    EXPECT_TRUE(keys.add(number(value)));
    EXPECT_TRUE(keys.has(number(value)));
    EXPECT_FALSE(keys.add(number(value)));
  }
}

TEST(KeySet, ComparesBytesWithTheirLength) {
  KeySet keys;
  EXPECT_TRUE(keys.add(bytes(std::string_view("a\0", 2))));
  EXPECT_TRUE(keys.add(bytes("a")));
  EXPECT_FALSE(keys.add(bytes("a")));
  EXPECT_TRUE(keys.has(bytes(std::string_view("a\0", 2))));
  EXPECT_FALSE(keys.has(bytes("")));
}

TEST(KeySet, IsEmptyAfterClear) {
  KeySet keys;
  EXPECT_FALSE(keys.has(number(7)));
  keys.add(number(7));
  keys.clear();
  EXPECT_FALSE(keys.has(number(7)));
  EXPECT_EQ(keys.size(), 0u);
}

}  // namespace
