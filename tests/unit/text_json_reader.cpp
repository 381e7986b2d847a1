#include "text/json_reader.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "../support/memory_io.hpp"

namespace ferry::text {
namespace {

struct Seen {
  std::string raw;
  std::int64_t line;
  JsonProblem problem = JsonProblem::none;
  std::int64_t lines = 1;
  bool operator==(const Seen&) const = default;
};

void PrintTo(const Seen& seen, std::ostream* out) {
  *out << testing::PrintToString(seen.raw) << " in line " << seen.line << " of " << seen.lines << ", "
       << static_cast<int>(seen.problem);
}

std::vector<Seen> read(std::string_view file, std::size_t limit = 1000, std::size_t piece_bytes = 5) {
  test::MemorySource source(as_bytes(file), piece_bytes);
  JsonReader reader(source, limit);
  std::vector<Seen> all;
  for (JsonRecord record; reader.next(record);)
    all.push_back({std::string(record.raw), record.line_number, record.problem, record.lines});
  EXPECT_EQ(reader.bytes_consumed(), file.size());
  return all;
}

using Records = std::vector<Seen>;

TEST(JsonReader, GivesEachLineThatIsNotBlank) {
  EXPECT_EQ(read(""), Records{});
  EXPECT_EQ(read("\n \r\n\t\n"), Records{});
  EXPECT_EQ(read("\xEF\xBB\xBF{}\n\n {\"a\": 1} \r\n7"), (Records{{"{}", 1}, {" {\"a\": 1} ", 3}, {"7", 4}}));
  EXPECT_EQ(read("{}\n\xEF\xBB\xBF{}\n"), (Records{{"{}", 1}, {"{}", 2}}));
}

TEST(JsonReader, GoesOnBehindALineThatIsNoJson) {
  EXPECT_EQ(read("{\"a\": \"x\n[\n{}\n"),
            (Records{{"{\"a\": \"x", 1, JsonProblem::malformed}, {"[", 2, JsonProblem::malformed}, {"{}", 3}}));
  EXPECT_EQ(read("{\"abcdef\": 1}\n{}\n", 5), (Records{{"{\"abc", 1, JsonProblem::too_long}, {"{}", 2}}));
}

TEST(JsonReader, GivesTheElementsOfAnArray) {
  EXPECT_EQ(read("[]"), Records{});
  EXPECT_EQ(read("\n [ ] \n"), Records{});
  EXPECT_EQ(read("[{\"a\":\n\"]},{\"}, 5 ,\n[1, [2]],null]\n"),
            (Records{{"{\"a\":\n\"]},{\"}", 1, JsonProblem::none, 2}, {"5", 2}, {"[1, [2]]", 3}, {"null", 3}}));
  EXPECT_EQ(read("[{\"abcdef\":\n 1},\n{}]", 5), (Records{{"{\"abc", 1, JsonProblem::too_long, 2}, {"{}", 3}}));
}

TEST(JsonReader, MakesOneRecordOfTheRestOfABrokenArray) {
  const auto broken = JsonProblem::broken_array;
  EXPECT_EQ(read("[1,\n{\"a\": \"x},\n{\"b\": 2}]\n"), (Records{{"1", 1}, {"{\"a\": \"x},\n{\"b\": 2}]", 2, broken, 2}}));
  EXPECT_EQ(read("[1 2]"), (Records{{"1", 1}, {"2]", 1, broken}}));
  EXPECT_EQ(read("[1,]\n"), (Records{{"1", 1}, {"]", 1, broken}}));
  EXPECT_EQ(read("[,1]"), (Records{{",1]", 1, broken}}));
  EXPECT_EQ(read("[1]\n\n{}\r\n"), (Records{{"1", 1}, {"{}", 3, broken}}));
  EXPECT_EQ(read("[1"), (Records{{"1", 1}, {"", 1, broken}}));
  EXPECT_EQ(read("["), (Records{{"", 1, broken}}));
  EXPECT_EQ(read("[{\"a\": 1,\n"), (Records{{"{\"a\": 1,", 1, broken}}));
  EXPECT_EQ(read("[x,\n1234567,\n89]\n", 4), (Records{{"x,\n1", 1, broken, 3}}));
}

TEST(JsonReader, TellsWhereTheFaultIs) {
  test::MemorySource source(as_bytes("[{},\n {\"a\": 1,\n  b}]"), 3);
  JsonReader reader(source, 1000);
  JsonRecord record;
  ASSERT_TRUE(reader.next(record));
  ASSERT_TRUE(reader.next(record));
  EXPECT_EQ(record.line_number, 2);
  EXPECT_EQ(record.fault_line, 3);
  EXPECT_EQ(record.fault_byte, 3);
  EXPECT_STREQ(record.expected, "a key in quotes");
}

TEST(JsonReader, TakesNoMoreMemoryThanARecordNeeds) {
  std::string file = "[";
  for (int i = 0; i < 100'000; i++) file += "{\"id\": " + std::to_string(i) + "},";
  file.back() = ']';
  test::MemorySource source(as_bytes(file));
  JsonReader reader(source, 1000);
  std::int64_t count = 0;
  for (JsonRecord record; reader.next(record);) count++;
  EXPECT_EQ(count, 100'000);
  EXPECT_LE(source.largest_request_bytes(), 200'000U);
}

TEST(JsonSyntax, KnowsWhatIsAValue) {
  for (const std::string_view good : {"{}", " [] ", "-0", "0.5", "1e5", "-1.25E-07", "\"\\u12aF\\n\\/\"", "[[[]],{\"\":{}}]",
                                      "{\"a\":null,\"a\":true}", "\t\r\nfalse\n"})
    EXPECT_FALSE(find_json_fault(good)) << good;
  struct Bad {
    std::string_view text;
    std::size_t at;
  };
  for (const auto& [text, at] :
       {Bad{"", 0},          Bad{"{", 1},       Bad{"[1,]", 3},        Bad{"{\"a\":1,}", 7}, Bad{"01", 1},  Bad{"-", 1},
        Bad{"1.", 2},        Bad{".5", 0},      Bad{"1e+", 3},         Bad{"+1", 0},         Bad{"nul", 3}, Bad{"nulll", 4},
        Bad{"\"\t\"", 1},    Bad{"\"\\x\"", 2}, Bad{"\"\\u12g4\"", 5}, Bad{"[1}", 2},        Bad{"{]", 1},  Bad{"{1:2}", 1},
        Bad{"{\"a\" 1}", 5}, Bad{"1 2", 2},     Bad{"NaN", 0},         Bad{"'a'", 0},        Bad{"[1", 2}}) {
    const auto fault = find_json_fault(text);
    ASSERT_TRUE(fault) << text;
    EXPECT_EQ(fault->at, at) << text;
  }
}

}  // namespace
}  // namespace ferry::text
