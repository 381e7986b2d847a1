#include "text/json_batch.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace {

using namespace ferry::text;
using Kind = JsonMember::Kind;

std::string sqlstate_of(auto&& action) {
  try {
    action();
  } catch (const ferry::Error& error) {
    return error.sqlstate();
  }
  return "none";
}

struct TextsOfTable {
  std::string name;
  std::vector<std::string> rows;
};

std::vector<TextsOfTable> read_json_tables(std::string_view json) {
  JsonBatch batch;
  batch.read_tables(json);
  std::vector<TextsOfTable> tables;
  for (const JsonBatch::Table& table : batch.tables()) {
    tables.push_back({std::string(table.name), {}});
    for (const JsonBatch::Row& row : table.rows) tables.back().rows.emplace_back(row.raw);
  }
  return tables;
}

JsonMember only_member(std::string_view row) {
  auto members = read_json_row(row);
  EXPECT_TRUE(members.has_value());
  EXPECT_EQ(members->size(), 1u);
  return members->front();
}

TEST(JsonRows, KeepsTheTextOfEachElement) {
  const auto rows = read_json_rows(R"( [ {"a" : 1.50} , 5, "x" , [1, 2],null , {} ] )");
  ASSERT_EQ(rows.size(), 6u);
  EXPECT_EQ(rows[0], R"({"a" : 1.50})");
  EXPECT_EQ(rows[1], "5");
  EXPECT_EQ(rows[2], R"("x")");
  EXPECT_EQ(rows[3], "[1, 2]");
  EXPECT_EQ(rows[4], "null");
  EXPECT_EQ(rows[5], "{}");
}

TEST(JsonRows, AreEmptyForAnEmptyArray) { EXPECT_TRUE(read_json_rows("[]").empty()); }

TEST(JsonRows, RefuseWhatIsNoArray) {
  EXPECT_EQ(sqlstate_of([] { (void)read_json_rows("{}"); }), "22023");
  EXPECT_EQ(sqlstate_of([] { (void)read_json_rows("3"); }), "22023");
  EXPECT_EQ(sqlstate_of([] { (void)read_json_rows("null"); }), "22023");
}

TEST(JsonRows, RefuseByteOrderMarks) {
  EXPECT_EQ(sqlstate_of([] { (void)read_json_rows("\xEF\xBB\xBF[]"); }), "22P02");
  EXPECT_EQ(sqlstate_of([] { (void)read_json_tables("\xEF\xBB\xBF{}"); }), "22P02");
  EXPECT_FALSE(read_json_row("\xEF\xBB\xBF{}").has_value());
}

TEST(JsonRows, MayBeNestedDeeply) {
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  EXPECT_EQ(read_json_rows("[" + deep + "]"), std::vector<std::string>{deep});
  EXPECT_EQ(only_member("{\"k\": " + deep + "}").value, deep);
}

TEST(JsonTables, AreReadFromAnObjectAndFromAnArrayOfObjects) {
  for (const char* text :
       {R"({"jobs": [1, 2], "departments": [3]})", R"([{"jobs": [1]}, {"departments": [3]}, {"jobs": [2]}])"}) {
    const auto tables = read_json_tables(text);
    ASSERT_EQ(tables.size(), 2u) << text;
    EXPECT_EQ(tables[0].name, "jobs");
    EXPECT_EQ(tables[0].rows, (std::vector<std::string>{"1", "2"}));
    EXPECT_EQ(tables[1].name, "departments");
    EXPECT_EQ(tables[1].rows, (std::vector<std::string>{"3"}));
  }
}

TEST(JsonTables, RefuseOtherShapes) {
  EXPECT_EQ(sqlstate_of([] { (void)read_json_tables("5"); }), "22023");
  EXPECT_EQ(sqlstate_of([] { (void)read_json_tables("[5]"); }), "22023");
  EXPECT_EQ(sqlstate_of([] { (void)read_json_tables(R"({"jobs": {"id": 1}})"); }), "22023");
}

TEST(JsonRow, IsNothingForWhatIsNoObject) {
  EXPECT_FALSE(read_json_row("5").has_value());
  EXPECT_FALSE(read_json_row("[]").has_value());
  EXPECT_FALSE(read_json_row("null").has_value());
}

TEST(JsonRow, KeepsNumbersAsTheyAreWritten) {
  for (const char* number : {"123456789012345678901234567890.123456789", "-0", "1E400", "9223372036854775807"}) {
    const JsonMember member = only_member(std::string(R"({"n": )") + number + " }");
    EXPECT_EQ(member.kind, Kind::scalar);
    EXPECT_EQ(member.value, number);
  }
}

TEST(JsonRow, ReadsBooleansNullsAndStructures) {
  EXPECT_EQ(only_member(R"({"b": true})").value, "true");
  EXPECT_EQ(only_member(R"({"b":false })").value, "false");
  EXPECT_EQ(only_member(R"({"b": null})").kind, Kind::null);
  const JsonMember object = only_member(R"({"o": {"b" : 1, "a":[2, 3]} })");
  EXPECT_EQ(object.kind, Kind::structure);
  EXPECT_EQ(object.value, R"({"b" : 1, "a":[2, 3]})");
}

TEST(JsonRow, UnescapesStringsAndKeys) {
  const JsonMember member = only_member(R"({"k\u0065y": "a\n\"\u00e9\ud83d\ude00\\"})");
  EXPECT_EQ(member.key, "key");
  EXPECT_EQ(member.kind, Kind::text);
  EXPECT_EQ(member.value, "a\n\"\xC3\xA9\xF0\x9F\x98\x80\\");
}

TEST(JsonRow, MarksStringsThatAreNoText) {
  EXPECT_EQ(only_member(R"({"k": "\ud800"})").kind, Kind::invalid);
  EXPECT_EQ(only_member(R"({"k": "a\u0000b"})").kind, Kind::invalid);
}

TEST(JsonRow, TakesTheLastOfEqualKeys) {
  const auto members = read_json_row(R"({"a": 1, "b": 2, "a": 3})");
  ASSERT_EQ(members->size(), 2u);
  EXPECT_EQ((*members)[0].value, "3");
}

TEST(JsonRow, MarksKeysThatAreNoText) {
  EXPECT_EQ(only_member(R"({"\ud800": 1})").kind, Kind::invalid_key);
  EXPECT_EQ(only_member(R"({"a\u0000b": [1, {"c": 2}]})").kind, Kind::invalid_key);
  const auto members = read_json_row(R"({"\u0000": {"c": [2]}, "b": 3})");
  ASSERT_EQ(members->size(), 2u);
  EXPECT_EQ((*members)[1].value, "3");
}

TEST(JsonBatch, ReadsRowsWithTheirMembersAgainAndAgain) {
  JsonBatch batch;
  for (int round = 0; round < 3; round++) {
    const std::string padding(static_cast<std::size_t>(round) * 5000, 'x');
    batch.read_rows(R"([{"a": "\n", "b": [1, "]"] } , 5,{"a":12,"a":null}, {}, {"c":")" + padding + R"("}])");
    const auto& rows = batch.tables().front().rows;
    ASSERT_EQ(rows.size(), 5u);
    EXPECT_EQ(rows[0].raw, R"({"a": "\n", "b": [1, "]"] })");
    EXPECT_EQ(rows[1].raw, "5");
    EXPECT_FALSE(rows[1].is_object);
    EXPECT_EQ(rows[2].raw, R"({"a":12,"a":null})");
    const auto first = batch.members(rows[0]), third = batch.members(rows[2]);
    ASSERT_EQ(first.size(), 2u);
    EXPECT_EQ(first[0].value, "\n");
    EXPECT_EQ(first[0].raw, R"("\n")");
    EXPECT_EQ(first[1].kind, Kind::structure);
    EXPECT_EQ(first[1].value, R"([1, "]"])");
    ASSERT_EQ(third.size(), 2u);
    EXPECT_EQ(third[0].value, "12");
    EXPECT_EQ(third[1].kind, Kind::null);
    EXPECT_TRUE(batch.members(rows[3]).empty());
    EXPECT_EQ(batch.members(rows[4])[0].value, padding);
  }
}

TEST(JsonBatch, TellsKeysFromThoseOfTheRowBefore) {
  JsonBatch batch;
  batch.read_rows(R"([{"ab":1}, {"a":1}, {"ab":1}, {"abc":1}, {"a\u0062":1}, {"ab":1}, {"a\"b":1}, {"a":": 1, \"b"}, {"a\\":1},
                      {"a\\\\":1}, {"a\\":1}, {"a\\\"":1}, {"a\\":1}, {"":1}, {"":1}, {"\u0000":1}, {"ab":1}])");
  const char* const expected[] = {"ab",    "a",   "ab",    "abc", "ab", "ab", "a\"b",  "a", "a\\",
                                  "a\\\\", "a\\", "a\\\"", "a\\", "",   "",   nullptr, "ab"};
  const auto& rows = batch.tables().front().rows;
  ASSERT_EQ(rows.size(), std::size(expected));
  for (std::size_t i = 0; i < rows.size(); i++) {
    const auto members = batch.members(rows[i]);
    ASSERT_EQ(members.size(), 1u) << i;
    if (expected[i] == nullptr)
      EXPECT_EQ(members[0].kind, Kind::invalid_key);
    else
      EXPECT_EQ(members[0].key, expected[i]) << i;
  }
}

TEST(JsonBatch, CountsRowsBeyondTheLimitAndDoesNotKeepThem) {
  JsonBatch batch;
  batch.read_tables(R"({"a": [{"x": [1, {"y": "]"}]}, 2], "b": [{"z": {"k": [3]}}, [4, [5]], "six", null], "c": [], "a": [7]})",
                    {.max_rows = 3});
  EXPECT_EQ(batch.row_count(), 7u);
  ASSERT_EQ(batch.tables().size(), 3u);
  EXPECT_EQ(batch.tables()[0].rows.size(), 2u);
  ASSERT_EQ(batch.tables()[1].rows.size(), 1u);
  EXPECT_EQ(batch.members(batch.tables()[1].rows[0])[0].value, R"({"k": [3]})");
  batch.read_rows("[1, 2, 3, 4]", {.max_rows = 4});
  EXPECT_EQ(batch.row_count(), 4u);
  EXPECT_EQ(batch.tables().front().rows.size(), 4u);
}

TEST(JsonBatch, CanBeInterrupted) {
  std::string json = "[";
  for (int i = 0; i < 10'000; i++) json += "{},";
  json += "{}]";
  struct Stop {};
  JsonBatch batch;
  EXPECT_THROW(batch.read_rows(json, {.max_rows = 1, .check_interrupts = [] { throw Stop(); }}), Stop);
  batch.read_rows(json);
  EXPECT_EQ(batch.row_count(), 10'001u);
}

TEST(JsonBatch, ReadsTheElementsOfAnArray) {
  JsonBatch batch;
  const auto row = batch.read_elements(R"([1, "x", null, [2], {"k": 3}, "\ud800"])");
  const auto elements = batch.members(row);
  ASSERT_EQ(elements.size(), 6u);
  EXPECT_EQ(elements[0].value, "1");
  EXPECT_EQ(elements[1].value, "x");
  EXPECT_EQ(elements[2].kind, Kind::null);
  EXPECT_EQ(elements[3].value, "[2]");
  EXPECT_EQ(elements[4].value, R"({"k": 3})");
  EXPECT_EQ(elements[5].kind, Kind::invalid);
}

}  // namespace
