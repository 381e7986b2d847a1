#include "avro/schema_json.hpp"

#include <gtest/gtest.h>

#include "../support/error_of.hpp"
#include "../support/schema_equal.hpp"
#include "base/concat.hpp"

namespace ferry::avro {
namespace {

using test::error_of;

std::string repeat(std::string_view text, std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; i++) out += text;
  return out;
}

void expect_error(std::string_view json, std::string_view message, std::string_view position, const char* sqlstate = "22P04") {
  const Error error = error_of([&] { static_cast<void>(parse_schema(json)); });
  EXPECT_EQ(error.sqlstate(), sqlstate) << json;
  EXPECT_EQ(error.message(), message) << json;
  EXPECT_EQ(error.detail(), position) << json;
}

std::string position(std::string_view pointer) { return "The place is \"" + std::string(pointer) + "\" in the schema."; }

TEST(AvroSchema, ReadsPrimitiveTypesInBothForms) {
  for (int i = 0; i < 8; i++) {
    const auto type = static_cast<Type>(i);
    const std::string name(type_name(type));
    EXPECT_EQ(parse_schema('"' + name + '"').root().type, type);
    EXPECT_EQ(parse_schema(R"({"type": ")" + name + "\"}").root().type, type);
  }
}

// Avro 1.12, Complex Types, Records.
TEST(AvroSchema, ReadsTheLinkedListOfTheSpecification) {
  const SchemaDocument document = parse_schema(R"({"type": "record", "name": "LongList", "aliases": ["LinkedLongs"], "fields" : [
      {"name": "value", "type": "long"}, {"name": "next", "type": ["null", "LongList"]}]})");
  const Schema& root = document.root();
  EXPECT_EQ(root.type, Type::record);
  EXPECT_EQ(root.name, "LongList");
  EXPECT_EQ(root.aliases, std::vector<std::string>{"LinkedLongs"});
  ASSERT_EQ(root.fields.size(), 2U);
  EXPECT_EQ(root.fields[0].schema->type, Type::long_);
  ASSERT_EQ(root.fields[1].schema->branches.size(), 2U);
  EXPECT_EQ(root.fields[1].schema->branches[1], &root);
}

// Avro 1.12, Names: the example and its full names.
TEST(AvroSchema, ResolvesNamesAsTheSpecificationDoes) {
  const SchemaDocument document = parse_schema(R"({"type": "record", "name": "Example", "fields": [
      {"name": "inheritNull", "type": {"type": "enum", "name": "Simple", "symbols": ["a", "b"]}},
      {"name": "explicitNamespace", "type": {"type": "fixed", "name": "Simple", "namespace": "explicit", "size": 12}},
      {"name": "fullName", "type": {"type": "record", "name": "a.full.Name", "namespace": "ignored", "fields": [
          {"name": "inheritNamespace", "type": {"type": "enum", "name": "Understanding", "symbols": ["d", "e"]}},
          {"name": "again", "type": "Understanding"}]}}]})");
  const std::vector<Field>& fields = document.root().fields;
  EXPECT_EQ(document.root().name, "Example");
  EXPECT_EQ(fields[0].schema->name, "Simple");
  EXPECT_EQ(fields[1].schema->name, "explicit.Simple");
  EXPECT_EQ(fields[2].schema->name, "a.full.Name");
  EXPECT_EQ(fields[2].schema->fields[0].schema->name, "a.full.Understanding");
  EXPECT_EQ(fields[2].schema->fields[1].schema, fields[2].schema->fields[0].schema);
}

TEST(AvroSchema, ResolvesAliasesInTheNamespaceOfTheirType) {
  const SchemaDocument document =
      parse_schema(R"({"type":"enum","name":"a.b.E","aliases":["Old","x.Older"],"symbols":["A"],"default":"A"})");
  EXPECT_EQ(document.root().aliases, (std::vector<std::string>{"a.b.Old", "x.Older"}));
  EXPECT_EQ(document.root().default_symbol, "A");
}

TEST(AvroSchema, AcceptsNamesOutsideTheGrammar) {
  const SchemaDocument document =
      parse_schema(R"({"type":"record","name":"my-table","namespace":"db.1-x","fields":[{"name":"straße 1","type":"int"}]})");
  EXPECT_EQ(document.root().name, "db.1-x.my-table");
  EXPECT_EQ(document.root().fields[0].name, "straße 1");
}

TEST(AvroSchema, KeepsDefaultsDocsAndOtherAttributesAsTheyAre) {
  const SchemaDocument document = parse_schema(R"({"type":"record","name":"R","doc":"of R","pg.oid":[1, 2],"fields":[
      {"name":"a","type":["null","int"],"default":null,"doc":"of a","aliases":["b"],"order":"ignore","pg.type":"integer"},
      {"name":"c","type":{"type":"string","sqlType":"JSON"},"default":"x"},
      {"name":"d","type":{"type":"long","logicalType":"timestamp-micros","adjust-to-utc":true}}]})");
  const Schema& root = document.root();
  EXPECT_EQ(root.doc, "of R");
  EXPECT_EQ(find_property(root.properties, "pg.oid"), "[1,2]");
  EXPECT_EQ(root.fields[0].default_json, "null");
  EXPECT_EQ(root.fields[0].doc, "of a");
  EXPECT_EQ(root.fields[0].aliases, std::vector<std::string>{"b"});
  EXPECT_EQ(root.fields[0].properties, (std::vector<Property>{{"order", "\"ignore\""}, {"pg.type", "\"integer\""}}));
  EXPECT_EQ(root.fields[1].default_json, "\"x\"");
  EXPECT_EQ(find_property(root.fields[1].schema->properties, "sqlType"), "\"JSON\"");
  EXPECT_EQ(root.fields[2].default_json, std::nullopt);
  EXPECT_EQ(root.fields[2].schema->logical_type, "timestamp-micros");
  EXPECT_EQ(find_property(root.fields[2].schema->properties, "adjust-to-utc"), "true");
  EXPECT_EQ(find_property(root.fields[2].schema->properties, "logicalType"), std::nullopt);
}

std::string with_logical_type(std::string_view type, std::string_view logical_type) {
  return concat(R"({"type":")", type, R"(","name":"N","size":)", logical_type == "duration" ? 12 : 16, R"(,"logicalType":")",
                logical_type, "\"}");
}

TEST(AvroSchema, ReadsLogicalTypesThatFit) {
  const std::pair<const char*, const char*> kFitting[] = {{"int", "date"},
                                                          {"int", "time-millis"},
                                                          {"long", "time-micros"},
                                                          {"long", "timestamp-millis"},
                                                          {"long", "timestamp-micros"},
                                                          {"long", "timestamp-nanos"},
                                                          {"long", "local-timestamp-millis"},
                                                          {"long", "local-timestamp-micros"},
                                                          {"long", "local-timestamp-nanos"},
                                                          {"string", "uuid"},
                                                          {"fixed", "uuid"},
                                                          {"fixed", "duration"},
                                                          {"bytes", "big-decimal"}};
  for (const auto& [type, logical_type] : kFitting)
    EXPECT_EQ(parse_schema(with_logical_type(type, logical_type)).root().logical_type, logical_type) << type;
}

TEST(AvroSchema, IgnoresLogicalTypesThatDoNotFitAndKeepsThemAsProperties) {
  const std::pair<const char*, const char*> kIgnored[] = {
      {"long", "date"},  {"int", "timestamp-micros"}, {"long", "local-time-micros"}, {"string", "date"},   {"int", "uuid"},
      {"fixed", "date"}, {"string", "no-such-type"},  {"bytes", "decimal"},          {"string", "decimal"}};
  for (const auto& [type, logical_type] : kIgnored) {
    const SchemaDocument document = parse_schema(with_logical_type(type, logical_type));
    EXPECT_EQ(document.root().logical_type, "") << type << ' ' << logical_type;
    EXPECT_EQ(find_property(document.root().properties, "logicalType"), concat('"', logical_type, '"'));
  }
  EXPECT_EQ(parse_schema(R"({"type":"int","logicalType":5})").root().logical_type, "");
}

// The largest numbers of 1, 4, 8 and 16 bytes are 127, 2147483647, 9.2e18 and 1.7e38: all of 2, 9, 18 and 38 digits fit.
TEST(AvroSchema, ReadsWhatKafkaConnectSaysByItsNames) {
  const auto logical_type = [](std::string_view type, std::string_view name) {
    return parse_schema(concat(R"({"type": ")", type, R"(", "connect.version": 1, "connect.name": ")", name, R"("})"))
        .root()
        .logical_type;
  };
  EXPECT_EQ(logical_type("int", "io.debezium.time.Date"), "date");
  EXPECT_EQ(logical_type("long", "io.debezium.time.NanoTime"), "time-nanos");
  EXPECT_EQ(logical_type("long", "io.debezium.time.MicroTimestamp"), "local-timestamp-micros");
  EXPECT_EQ(logical_type("long", "org.apache.kafka.connect.data.Timestamp"), "timestamp-millis");
  EXPECT_EQ(logical_type("int", "io.debezium.time.MicroTimestamp"), "");
  EXPECT_EQ(logical_type("int", "io.debezium.time.Year"), "");
  const std::string decimal =
      R"({"type": "record", "name": "d", "connect.name": "io.debezium.data.VariableScaleDecimal", "fields": [)"
      R"({"name": "scale", "type": "int"}, {"name": "value", "type": "bytes"}]})";
  EXPECT_EQ(parse_schema(decimal).root().logical_type, "variable-scale-decimal");
  // a logical type that is told goes before, and what is written is what was read
  const std::string both = R"({"type":"int","logicalType":"time-millis","connect.name":"io.debezium.time.Date"})";
  EXPECT_EQ(parse_schema(both).root().logical_type, "time-millis");
  for (const std::string& json : {both, decimal, std::string(R"({"type":"long","connect.name":"io.debezium.time.NanoTime"})")}) {
    const SchemaDocument document = parse_schema(json);
    const SchemaDocument again = parse_schema(to_json(document.root()));
    EXPECT_EQ(again.root().logical_type, document.root().logical_type);
    EXPECT_EQ(again.root().properties, document.root().properties);
  }
}

TEST(AvroSchema, ReadsArraysAndMapsWhoseTypeIsBesideTheNameOfTheirField) {
  const SchemaDocument document = parse_schema(R"({"type": "record", "name": "r", "fields": [)"
                                               R"({"name": "a", "type": "array", "items": "string", "default": []},)"
                                               R"({"name": "m", "type": "map", "values": ["null", "int"]}]})");
  EXPECT_EQ(document.root().fields[0].schema->type, Type::array);
  EXPECT_EQ(document.root().fields[0].schema->items->type, Type::string);
  EXPECT_EQ(document.root().fields[0].default_json, "[]");
  EXPECT_EQ(document.root().fields[1].schema->items->branches[1]->type, Type::int_);
  expect_error(R"({"type": "record", "name": "r", "fields": [{"name": "a", "type": "array"}]})",
               "schema has no attribute \"items\"", position("/fields/0/type"));
}

TEST(AvroSchema, ReadsDecimalsThatFitTheirFixed) {
  for (const auto& [size, digits] : {std::pair{1, 2}, {4, 9}, {8, 18}, {16, 38}}) {
    for (const int precision : {digits, digits + 1}) {
      const SchemaDocument document =
          parse_schema(concat(R"({"type":"fixed","name":"D","size":)", size, R"(,"logicalType":"decimal","precision":)",
                              precision, R"(,"scale":2})"));
      const bool fits = precision == digits;
      EXPECT_EQ(document.root().logical_type, fits ? "decimal" : "") << size << ' ' << precision;
      EXPECT_EQ(document.root().precision, fits ? precision : 0);
      EXPECT_EQ(document.root().scale, fits ? 2 : 0);
      EXPECT_EQ(document.root().properties.size(), fits ? 0U : 3U);
    }
  }
}

TEST(AvroSchema, IgnoresDecimalsWithoutAValidPrecisionAndScale) {
  for (const char* attributes : {R"("scale":2)", R"("precision":0)", R"("precision":-1)", R"("precision":3,"scale":4)",
                                 R"("precision":3,"scale":-1)", R"("precision":"3")", R"("precision":2147483648)"})
    EXPECT_EQ(parse_schema(concat(R"({"type":"bytes","logicalType":"decimal",)", attributes, '}')).root().logical_type, "")
        << attributes;
  const SchemaDocument document = parse_schema(R"({"type":"bytes","logicalType":"decimal","precision":5})");
  EXPECT_EQ(document.root().precision, 5);
  EXPECT_EQ(document.root().scale, 0);
}

TEST(AvroSchema, KnowsTheLeastThatAValueTakes) {
  const SchemaDocument document = parse_schema(R"({"type":"record","name":"R","fields":[
      {"name":"a","type":"null"},{"name":"b","type":"double"},{"name":"c","type":"float"},{"name":"d","type":["null","R"]},
      {"name":"e","type":{"type":"fixed","name":"F","size":20}},{"name":"f","type":{"type":"array","items":"R"}},
      {"name":"g","type":{"type":"record","name":"S","fields":[{"name":"x","type":"int"},{"name":"y","type":"string"}]}}]})");
  EXPECT_EQ(document.root().min_bytes, 0U + 8 + 4 + 1 + 20 + 1 + 2);
  EXPECT_EQ(document.root().min_values, 1U + 6 + 3);
}

TEST(AvroSchema, WritesAndReadsBackTheSameSchema) {
  const char* kSchemas[] = {
      R"("int")",
      R"(["null","string"])",
      R"([])",
      R"({"type":"array","items":{"type":"map","values":"bytes"}})",
      R"({"type":"int","logicalType":"date"})",
      R"({"type":"string","doc":"not for primitives, but kept"})",
      R"({"type":"fixed","name":"a.F","size":12,"logicalType":"duration","doc":"d"})",
      R"({"type":"bytes","logicalType":"decimal","precision":9,"scale":4})",
      R"({"type":"bytes","logicalType":"decimal","precision":0,"scale":4})",
      R"({"type":"enum","name":"E","namespace":"a.b","aliases":["F",".G"],"symbols":["A","B"],"default":"B","x":{"y":[1.5,null]}})",
      R"({"type":"record","name":"a.R","doc":"tab\t\"quote\" \\ \u0001 \u00e9","fields":[
          {"name":"n","type":{"type":"enum","name":"E","namespace":"","symbols":["A"]}},{"name":"m","type":".E","default":"A"},
          {"name":"r","type":["null","R",{"type":"fixed","name":"F","size":1}],"default":null,"order":"ignore"},
          {"name":"f","type":{"type":"array","items":"a.F"},"aliases":["g"],"doc":"of f"}]})"};
  for (const char* json : kSchemas) {
    const SchemaDocument document = parse_schema(json);
    const std::string text = to_json(document.root());
    EXPECT_TRUE(test::equal(parse_schema(text).root(), document.root())) << text;
  }
}

TEST(AvroSchema, WritesASchemaMadeByHand) {
  SchemaDocument document;
  Schema& number = document.add(Type::bytes);
  number.logical_type = "decimal";
  number.precision = 10;
  number.scale = 2;
  Schema& nullable = document.add(Type::union_);
  nullable.branches = {&document.add(Type::null_), &number};
  Schema& root = document.add(Type::record);
  root.name = "public.jobs";
  root.fields.push_back({.name = "id", .schema = &document.add(Type::int_), .properties = {{"pg.type", "\"integer\""}}});
  root.fields.push_back({.name = "pay", .schema = &nullable, .default_json = "null", .doc = "a month"});
  document.set_root(root);
  EXPECT_EQ(to_json(document.root()),
            R"({"type":"record","name":"public.jobs","fields":[{"name":"id","type":"int","pg.type":"integer"},)"
            R"({"name":"pay","type":["null",{"type":"bytes","logicalType":"decimal","precision":10,"scale":2}],"default":null,)"
            R"("doc":"a month"}]})");
}

TEST(AvroSchema, RefusesTextThatIsNoSchema) {
  constexpr const char* kRoot = "The place is the root of the schema.";
  for (const char* json : {"", "{", "nonsense", "[\"null\"", "\"\xff\""})
    EXPECT_EQ(error_of([&] { static_cast<void>(parse_schema(json)); }).message(), "schema is not valid JSON") << json;
  expect_error("5", "schema is neither a string nor an object nor an array", kRoot);
  expect_error("{}", "schema has no attribute \"type\"", kRoot);
  expect_error(R"("strin")", "type \"strin\" is not defined", kRoot);
  expect_error(R"("")", "type \"\" is not defined", kRoot);
  expect_error(R"({"type":"array"})", "schema has no attribute \"items\"", kRoot);
  expect_error(R"({"type":"map","values":3})", "schema is neither a string nor an object nor an array", position("/values"));
  expect_error(R"({"type":"record","name":"R","fields":{}})", "attribute \"fields\" is not an array", kRoot);
  expect_error(R"({"type":"record","name":"R","fields":[5]})", "attribute \"fields\" is not an array of objects",
               position("/fields/0"));
  expect_error(R"({"type":"record","name":"","fields":[]})", "name \"\" has an empty part", kRoot);
  expect_error(R"({"type":"record","name":"a.","fields":[]})", "name \"a.\" has an empty part", kRoot);
  expect_error(R"({"type":"fixed","name":"F","size":-1})", "size -1 of fixed \"F\" is out of range", kRoot);
  expect_error(R"({"type":"fixed","name":"F","size":1e3})", "attribute \"size\" is not an integer", kRoot);
  expect_error(R"({"type":"enum","name":"E","symbols":["A",1]})", "attribute \"symbols\" is not a string", kRoot);
}

TEST(AvroSchema, ShowsNamesInErrorsWithoutTheirOddities) {
  const auto message = [](const std::string& json) { return error_of([&] { static_cast<void>(parse_schema(json)); }).message(); };
  EXPECT_EQ(message(R"("a\nb\u0000")"), "type \"a\\x0ab\\x00\" is not defined");
  EXPECT_LE(message('"' + std::string(100'000, 'x') + '"').size(), 500U);
}

TEST(AvroSchema, RefusesWhatTheSpecificationForbids) {
  expect_error(R"(["null",["int"]])", "union is directly in a union", position("/1"));
  expect_error(R"(["int",{"type":"int","logicalType":"date"}])", "union has more than one branch \"int\"", position("/1"));
  expect_error(R"([{"type":"array","items":"int"},{"type":"array","items":"long"}])", "union has more than one branch \"array\"",
               position("/1"));
  expect_error(R"({"type":"record","name":"R","fields":[{"name":"a","type":"int"},{"name":"a","type":"int"}]})",
               "field \"a\" is defined twice in record \"R\"", position("/fields/1"));
  expect_error(R"({"type":"enum","name":"E","symbols":["A","A"]})", "enum \"E\" has symbol \"A\" twice",
               "The place is the root of the schema.");
  expect_error(R"({"type":"enum","name":"E","symbols":["A"],"default":"B"})",
               "default \"B\" of enum \"E\" is not one of its symbols", "The place is the root of the schema.");
  expect_error(R"([{"type":"fixed","name":"F","size":1},{"type":"fixed","name":"F","size":2}])", "type \"F\" is defined twice",
               position("/1"));
  expect_error(R"({"type":"fixed","name":"int","size":1})", "name \"int\" is that of a primitive type",
               "The place is the root of the schema.");
  expect_error(R"({"type":"record","name":"a.R","fields":[{"name":"x","type":{"type":"array","items":"b.R"}}]})",
               "type \"b.R\" is not defined", position("/fields/0/type/items"));
}

TEST(AvroSchema, LimitsDepthAndSize) {
  const std::string open = R"({"type":"array","items":)";
  const std::size_t most = kMaxSchemaDepth - 1;
  EXPECT_EQ(parse_schema(repeat(open, most) + "\"int\"" + repeat("}", most)).node_count(), kMaxSchemaDepth);
  for (const std::size_t depth : {kMaxSchemaDepth, std::size_t{1000}, std::size_t{100'000}})
    EXPECT_EQ(error_of([&] { static_cast<void>(parse_schema(repeat(open, depth) + "\"int\"" + repeat("}", depth))); }).sqlstate(),
              "54000");
  std::string fields;
  for (std::size_t i = 0; i < kMaxSchemaNodes / 2; i++) fields += concat(R"({"name":"f)", i, R"(","type":"int"},)");
  const std::string wide = R"({"type":"record","name":"R","fields":[)" + fields + R"({"name":"z","type":"int"}]})";
  EXPECT_EQ(error_of([&] { static_cast<void>(parse_schema(wide)); }).sqlstate(), "54000");
  std::string symbols = "\"s\"";
  for (std::size_t i = 0; i < kMaxSchemaNodes; i++) symbols += concat(",\"s", i, '"');
  for (const char* const key : {R"("symbols":[)", R"("symbols":[],"aliases":[)"})
    EXPECT_EQ(error_of([&] {
                static_cast<void>(parse_schema(R"({"type":"enum","name":"E",)" + std::string(key) + symbols + "]}"));
              }).sqlstate(),
              "54000");
}

TEST(AvroSchema, LimitsTheBytesOfFullNames) {
  // a long namespace is written once and is part of every name within it
  const std::string open = R"({"type":"record","name":"R","namespace":")" + repeat("n", 1 << 20) + R"(","fields":[)";
  std::string types, references, aliases;
  for (int i = 0; i < 64; i++) {
    types += concat(R"({"name":"f)", i, R"(","type":{"type":"fixed","name":"F)", i, R"(","size":1}},)");
    references += concat(R"({"name":"f)", i, R"(","type":["null","R"]},)");
    aliases += concat(",\"a", i, '"');
  }
  const std::string last = R"({"name":"z","type":{"type":"fixed","name":"Z","size":1,"aliases":["a")";
  for (const std::string& json :
       {open + types + last + "]}}]}", open + references + last + "]}}]}", open + last + aliases + "]}}]}"})
    EXPECT_EQ(error_of([&] { static_cast<void>(parse_schema(json)); }).sqlstate(), "54000");
  EXPECT_EQ(parse_schema(open + last + "]}}]}").root().fields.size(), 1u);
}

TEST(AvroSchema, LimitsTheValuesThatRecordsHoldThroughReferences) {
  // Each record holds the one before twice: 2^40 values in 40 lines.
  std::string json = R"([{"type":"record","name":"R0","fields":[]})";
  for (int i = 1; i <= 40; i++)
    json += concat(R"(,{"type":"record","name":"R)", i, R"(","fields":[{"name":"a","type":"R)", i - 1,
                   R"("},{"name":"b","type":"R)", i - 1, R"("}]})");
  EXPECT_EQ(error_of([&] { static_cast<void>(parse_schema(json + "]")); }).sqlstate(), "54000");
}

}  // namespace
}  // namespace ferry::avro
