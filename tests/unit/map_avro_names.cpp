#include "map/types/avro_names.hpp"

#include <gtest/gtest.h>

namespace ferry::map {
namespace {

using Names = std::vector<std::string>;

TEST(AvroNames, KeepsTheGrammarOfTheSpecification) {
  for (const char* name : {"a", "_", "A1", "_9z"}) EXPECT_TRUE(is_avro_name(name)) << name;
  for (const char* name : {"", "1a", "a b", "a.b", "a-b", "\xc3\xa9"}) EXPECT_FALSE(is_avro_name(name)) << name;
}

TEST(AvroNames, ReplacesEachCharacterOnce) {
  EXPECT_EQ(sanitised("a b-c"), "a_b_c");
  EXPECT_EQ(sanitised("\xc3\xa9t\xc3\xa9"), "_t_");
  EXPECT_EQ(sanitised("\xf0\x9f\x98\x80"), "_");
  EXPECT_EQ(sanitised("1st"), "_1st");
  EXPECT_EQ(sanitised(""), "_");
}

TEST(AvroNames, LeavesTheNamesOfPrimitiveTypesToThem) {
  for (const std::string name : {"null", "boolean", "int", "long", "float", "double", "bytes", "string"})
    EXPECT_EQ(sanitised_type(name), name + "_");
  EXPECT_EQ(sanitised_type("record"), "record");
  EXPECT_EQ(sanitised_type("String"), "String");
}

TEST(AvroNames, GivesEachFieldItsOwn) {
  EXPECT_EQ(field_names({"a b", "a_b", "a-b", "a_b_2"}), (Names{"a_b_3", "a_b", "a_b_4", "a_b_2"}));
  EXPECT_EQ(field_names({"?column?", "?column?"}), (Names{"_column_", "_column__2"}));
  EXPECT_EQ(field_names({"a", "a", "a"}), (Names{"a", "a_2", "a_3"}));
  EXPECT_EQ(field_names({"", "", "_"}), (Names{"__2", "__3", "_"}));
  EXPECT_EQ(field_names({}), Names{});
}

}  // namespace
}  // namespace ferry::map
