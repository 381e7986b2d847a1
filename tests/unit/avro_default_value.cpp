#include "avro/default_value.hpp"

#include <gtest/gtest.h>

#include "../support/error_of.hpp"
#include "avro/decode.hpp"
#include "avro/schema_json.hpp"
#include "base/concat.hpp"

namespace ferry::avro {
namespace {

using test::error_of;

/// The bytes of a default, or nothing where it does not fit.
std::optional<Bytes> encoded(const std::string& schema_json, std::string_view default_json) {
  const SchemaDocument schema = parse_schema(schema_json);
  Bytes out{0xee};
  const bool fits = put_default(out, schema.root(), default_json);
  EXPECT_EQ(out.front(), 0xee);
  if (!fits) {
    EXPECT_EQ(out.size(), 1U) << schema_json << default_json;
    return std::nullopt;
  }
  return Bytes(out.begin() + 1, out.end());
}

std::string of_type(std::string_view type) { return concat('"', type, '"'); }

// Avro 1.12, Complex Types: the table of default values, and Binary Encoding.
TEST(AvroDefaultValue, EncodesTheTableOfTheSpecification) {
  EXPECT_EQ(encoded(of_type("null"), "null"), Bytes());
  EXPECT_EQ(encoded(of_type("boolean"), "true"), Bytes{1});
  EXPECT_EQ(encoded(of_type("int"), "1"), Bytes{2});
  EXPECT_EQ(encoded(of_type("long"), "-64"), Bytes{0x7f});
  EXPECT_EQ(encoded(of_type("float"), "1.1"), (Bytes{0xcd, 0xcc, 0x8c, 0x3f}));
  EXPECT_EQ(encoded(of_type("double"), "1"), (Bytes{0, 0, 0, 0, 0, 0, 0xf0, 0x3f}));
  EXPECT_EQ(encoded(of_type("bytes"), R"("\u00FF\u0000a\u0080")"), (Bytes{8, 0xff, 0, 'a', 0x80}));
  EXPECT_EQ(encoded(of_type("string"), R"("foo")"), (Bytes{6, 'f', 'o', 'o'}));
  EXPECT_EQ(encoded(R"({"type":"record","name":"R","fields":[{"name":"a","type":"int"}]})", R"({"a":1})"), Bytes{2});
  EXPECT_EQ(encoded(R"({"type":"enum","name":"E","symbols":["FOO","BAR"]})", R"("BAR")"), Bytes{2});
  EXPECT_EQ(encoded(R"({"type":"array","items":"int"})", "[1,2]"), (Bytes{4, 2, 4, 0}));
  EXPECT_EQ(encoded(R"({"type":"array","items":"int"})", "[]"), Bytes{0});
  EXPECT_EQ(encoded(R"({"type":"map","values":"int"})", R"({"a":1})"), (Bytes{2, 2, 'a', 2, 0}));
  EXPECT_EQ(encoded(R"({"type":"fixed","name":"F","size":2})", R"("\u00ff\u0001")"), (Bytes{0xff, 1}));
}

TEST(AvroDefaultValue, TakesTheFirstBranchThatFits) {
  const std::string choice = R"(["null","int","string",{"type":"record","name":"R","fields":[{"name":"a","type":"int"}]},)"
                             R"({"type":"map","values":"int"}])";
  EXPECT_EQ(encoded(choice, "null"), Bytes{0});
  EXPECT_EQ(encoded(choice, "5"), (Bytes{2, 10}));
  EXPECT_EQ(encoded(choice, R"("x")"), (Bytes{4, 2, 'x'}));
  EXPECT_EQ(encoded(choice, R"({"a":5})"), (Bytes{6, 10}));
  EXPECT_EQ(encoded(choice, R"({"b":5})"), (Bytes{8, 2, 2, 'b', 10, 0}));
  EXPECT_EQ(encoded(choice, "true"), std::nullopt);
}

TEST(AvroDefaultValue, LetsFieldsTakeTheirOwnDefaults) {
  const std::string record = R"({"type":"record","name":"R","fields":[{"name":"a","type":"int","default":7},)"
                             R"({"name":"b","type":["null","string"],"default":null},{"name":"c","type":"int"}]})";
  EXPECT_EQ(encoded(record, R"({"c":1})"), (Bytes{14, 0, 2}));
  EXPECT_EQ(encoded(record, R"({"c":1,"a":2,"other":3})"), (Bytes{4, 0, 2}));
  EXPECT_EQ(encoded(record, "{}"), std::nullopt);
}

TEST(AvroDefaultValue, SeesWhatDoesNotFit) {
  for (const auto& [type, json] : std::initializer_list<std::pair<const char*, const char*>>{{"null", "0"},
                                                                                             {"boolean", "1"},
                                                                                             {"int", "2147483648"},
                                                                                             {"int", "-2147483649"},
                                                                                             {"int", "1.5"},
                                                                                             {"int", "\"1\""},
                                                                                             {"long", "9223372036854775808"},
                                                                                             {"float", "1e39"},
                                                                                             {"double", "\"1\""},
                                                                                             {"string", "null"},
                                                                                             {"bytes", "\"\\u0100\""},
                                                                                             {"bytes", "[1]"},
                                                                                             {"string", "no JSON"}})
    EXPECT_EQ(encoded(of_type(type), json), std::nullopt) << type << json;
  EXPECT_EQ(encoded(R"({"type":"fixed","name":"F","size":2})", R"("x")"), std::nullopt);
  EXPECT_EQ(encoded(R"({"type":"enum","name":"E","symbols":["A"]})", R"("B")"), std::nullopt);
  EXPECT_EQ(encoded(R"({"type":"array","items":"int"})", R"([1,"x"])"), std::nullopt);
  EXPECT_EQ(encoded(R"({"type":"map","values":"int"})", R"({"a":null})"), std::nullopt);
}

TEST(AvroDefaultValue, TakesTheExtremes) {
  EXPECT_EQ(encoded(of_type("int"), "-2147483648"), (Bytes{0xff, 0xff, 0xff, 0xff, 0x0f}));
  EXPECT_EQ(encoded(of_type("long"), "9223372036854775807"), (Bytes{0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}));
}

TEST(AvroDefaultValue, EndsWhereDefaultsDoNot) {
  const std::string endless = R"({"type":"record","name":"R","fields":[{"name":"r","type":"R","default":{}}]})";
  EXPECT_EQ(error_of([&] { static_cast<void>(encoded(endless, "{}")); }).sqlstate(), "54000");
  // Each level holds the one below a hundred times: 100^5 strings out of a small text.
  std::string type = R"({"type":"record","name":"R0","fields":[{"name":"s","type":"string","default":"text"}]})";
  std::string items = "{}";
  for (int i = 1; i < 100; i++) items += ",{}";
  for (int level = 1; level <= 5; level++)
    type = concat(R"({"type":"record","name":"R)", level, R"(","fields":[{"name":"a","type":{"type":"array","items":)", type,
                  R"(},"default":[)", items, "]}]}");
  EXPECT_EQ(error_of([&] { static_cast<void>(encoded(type, "{}")); }).sqlstate(), "54000");
}

}  // namespace
}  // namespace ferry::avro
