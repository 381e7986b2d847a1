#include "avro/value_text.hpp"

#include <bit>
#include <limits>

#include <gtest/gtest.h>

#include "../support/error_of.hpp"
#include "avro/encode.hpp"
#include "avro/schema_json.hpp"

namespace ferry::avro {
namespace {

using test::error_of;

std::string json_of(const std::string& schema_json, const Bytes& bytes) {
  const SchemaDocument schema = parse_schema(schema_json);
  Decoder decoder(bytes);
  std::string out;
  append_json(out, decoder, schema.root());
  EXPECT_TRUE(decoder.at_end());
  return out;
}

std::string text_of(const std::string& schema_json, const Bytes& bytes) {
  const SchemaDocument schema = parse_schema(schema_json);
  Decoder decoder(bytes);
  std::string out;
  append_text(out, decoder, schema.root());
  return out;
}

Bytes long_bytes(std::int64_t value) {
  Bytes bytes;
  put_long(bytes, value);
  return bytes;
}

/// A value of a logical type that annotates int or long.
std::string logical(const std::string& type, const std::string& name, std::int64_t value) {
  return json_of("{\"type\":\"" + type + "\",\"logicalType\":\"" + name + "\"}", long_bytes(value));
}

std::string decimal(const Bytes& unscaled, int scale) {
  std::string out;
  append_decimal(out, {unscaled, scale});
  return out;
}

TEST(AvroValueText, ShowsPrimitivesAsJson) {
  EXPECT_EQ(json_of("\"null\"", {}), "null");
  EXPECT_EQ(json_of("\"boolean\"", {1}), "true");
  EXPECT_EQ(json_of("\"int\"", long_bytes(-7)), "-7");
  EXPECT_EQ(json_of("\"long\"", long_bytes(std::numeric_limits<std::int64_t>::min())), "-9223372036854775808");
  EXPECT_EQ(json_of("\"string\"", {6, 'a', '"', '\n'}), "\"a\\\"\\u000a\"");
  EXPECT_EQ(json_of("\"bytes\"", {4, 0x00, 0xff}), "\"\\\\x00ff\"");
}

TEST(AvroValueText, ShowsFloatsWithTheDigitsThatTheyNeed) {
  Bytes bytes(4);
  const auto show = [&](float value) {
    static_cast<void>(encode_float(bytes.data(), value));
    return json_of("\"float\"", bytes);
  };
  EXPECT_EQ(show(0.1F), "0.1");
  EXPECT_EQ(show(std::numeric_limits<float>::quiet_NaN()), "\"NaN\"");
  EXPECT_EQ(show(-std::numeric_limits<float>::infinity()), "\"-Infinity\"");
}

TEST(AvroValueText, ShowsDatesOfTheProlepticCalendar) {
  EXPECT_EQ(logical("int", "date", 0), "\"1970-01-01\"");
  EXPECT_EQ(logical("int", "date", -1), "\"1969-12-31\"");
  EXPECT_EQ(logical("int", "date", 11'016), "\"2000-02-29\"");
  EXPECT_EQ(logical("int", "date", -25'508), "\"1900-03-01\"");
  EXPECT_EQ(logical("int", "date", -719'162), "\"0001-01-01\"");
  EXPECT_EQ(logical("int", "date", -719'163), "\"0001-12-31 BC\"");
  // 2^31 - 1 days are 5879610 years of 365.2425 days and some
  EXPECT_EQ(logical("int", "date", std::numeric_limits<std::int32_t>::max()), "\"5881580-07-11\"");
}

TEST(AvroValueText, ShowsTimes) {
  EXPECT_EQ(logical("int", "time-millis", 86'399'500), "\"23:59:59.5\"");
  EXPECT_EQ(logical("long", "time-micros", 1), "\"00:00:00.000001\"");
  EXPECT_EQ(logical("long", "time-micros", 86'400'000'000), "\"24:00:00\"");
}

// No reader makes a time of day of these: datetime.time of Python and LocalTime.ofNanoOfDay() of Java raise errors.
TEST(AvroValueText, RefusesTimesThatAreNotOfADay) {
  const auto error = [](const char* type, const char* name, std::int64_t value) {
    return error_of([=] { static_cast<void>(logical(type, name, value)); });
  };
  EXPECT_EQ(error("long", "time-micros", -1).sqlstate(), "22008");
  EXPECT_EQ(error("long", "time-micros", 86'400'000'001).message(), "time of 86400000001 microseconds is out of range");
  EXPECT_EQ(error("int", "time-millis", 86'400'001).message(), "time of 86400001 milliseconds is out of range");
  EXPECT_EQ(error("long", "time-micros", std::numeric_limits<std::int64_t>::max()).sqlstate(), "22008");
}

TEST(AvroValueText, ShowsTimestamps) {
  EXPECT_EQ(logical("long", "timestamp-millis", -1), "\"1969-12-31T23:59:59.999Z\"");
  EXPECT_EQ(logical("long", "timestamp-micros", 1'627'401'728'250'000), "\"2021-07-27T16:02:08.25Z\"");
  EXPECT_EQ(logical("long", "timestamp-nanos", 1), "\"1970-01-01T00:00:00.000000001Z\"");
  EXPECT_EQ(logical("long", "local-timestamp-millis", 0), "\"1970-01-01T00:00:00\"");
  EXPECT_EQ(logical("long", "timestamp-millis", -62'135'596'800'001), "\"0001-12-31T23:59:59.999Z BC\"");
  // 2^63 - 1 milliseconds: the last instant that java.time.Instant.ofEpochMilli shows
  EXPECT_EQ(logical("long", "timestamp-millis", std::numeric_limits<std::int64_t>::max()), "\"292278994-08-17T07:12:55.807Z\"");
}

TEST(AvroValueText, ShowsInfinitiesOnlyWhereTheWriterHasThem) {
  const Bytes largest = long_bytes(std::numeric_limits<std::int64_t>::max());
  const std::string with = R"({"type":"long","logicalType":"timestamp-micros","pg.infinity":[1,2]})";
  EXPECT_EQ(json_of(with, largest), "\"infinity\"");
  EXPECT_EQ(json_of(with, long_bytes(std::numeric_limits<std::int64_t>::min())), "\"-infinity\"");
  EXPECT_EQ(logical("long", "timestamp-micros", std::numeric_limits<std::int64_t>::max()), "\"294247-01-10T04:00:54.775807Z\"");
}

TEST(AvroValueText, ShowsDecimals) {
  EXPECT_EQ(decimal({0x00}, 0), "0");
  EXPECT_EQ(decimal({0x00}, 3), "0.000");
  EXPECT_EQ(decimal({0xff}, 2), "-0.01");
  EXPECT_EQ(decimal({0x80}, 0), "-128");
  EXPECT_EQ(decimal({0x04, 0xd2}, 2), "12.34");
  EXPECT_EQ(decimal({0x80, 0, 0, 0}, 0), "-2147483648");
  EXPECT_EQ(decimal({0x7f, 0xff, 0xff, 0xff, 0xff}, 1), "54975581388.7");
  EXPECT_EQ(decimal({0x3b, 0x9a, 0xca, 0x00}, 9), "1.000000000");
  Bytes power(33);  // 2^256
  power[0] = 1;
  EXPECT_EQ(decimal(power, 0), "115792089237316195423570985008687907853269984665640564039457584007913129639936");
  EXPECT_EQ(json_of(R"({"type":"bytes","logicalType":"decimal","precision":4,"scale":2})", {4, 0x04, 0xd2}), "12.34");
  EXPECT_EQ(json_of(R"({"type":"bytes","logicalType":"big-decimal"})", {8, 4, 0x04, 0xd2, 6}), "1.234");
}

// java.math.BigInteger of no bytes raises an error, and so does python3-avro.
TEST(AvroValueText, RefusesDecimalsThatAreNone) {
  const std::string small = R"({"type":"bytes","logicalType":"decimal","precision":4,"scale":2})";
  const std::string big = R"({"type":"bytes","logicalType":"big-decimal"})";
  const auto error = [](const std::string& schema, const Bytes& bytes) {
    return error_of([&] { static_cast<void>(text_of(schema, bytes)); });
  };
  EXPECT_EQ(error(small, {0}).sqlstate(), "22P04");
  EXPECT_EQ(error(small, {0}).message(), "decimal of 0 bytes");
  EXPECT_EQ(error(big, {4, 0, 0}).message(), "decimal of 0 bytes");
  EXPECT_EQ(error(big, {6, 2, 5, 5}).message(), "decimal of 1 bytes and scale -3 is out of range");
  EXPECT_EQ(error(big, {6, 2, 5, 5}).sqlstate(), "22003");
  Bytes longest;
  put_bytes(longest, Bytes(54'504));
  EXPECT_EQ(error(small, longest).message(), "decimal of 54504 bytes and scale 2 is out of range");
}

TEST(AvroValueText, ShowsFixedOfLogicalTypes) {
  const std::string uuid = R"({"type":"fixed","name":"u","size":16,"logicalType":"uuid"})";
  EXPECT_EQ(json_of(uuid, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 255}), "\"00010203-0405-0607-0809-0a0b0c0d0eff\"");
  const std::string duration = R"({"type":"fixed","name":"d","size":12,"logicalType":"duration"})";
  EXPECT_EQ(json_of(duration, {1, 0, 0, 0, 2, 0, 0, 0, 0xac, 0x0d, 0, 0}), "\"P1M2DT3.5S\"");
}

TEST(AvroValueText, ShowsWhatIsMadeOfOthers) {
  EXPECT_EQ(json_of(R"({"type":"array","items":["null","int"]})", {4, 2, 2, 0, 0}), "[1, null]");
  EXPECT_EQ(json_of(R"({"type":"map","values":"int"})", {2, 2, 'k', 2, 0}), "{\"k\": 1}");
  EXPECT_EQ(json_of(R"({"type":"record","name":"r","fields":[{"name":"a","type":"int"},
                       {"name":"b","type":{"type":"enum","name":"e","symbols":["X","Y"]}}]})",
                    {2, 2}),
            "{\"a\": 1, \"b\": \"Y\"}");
}

TEST(AvroValueText, LeavesQuotesOutOfText) {
  EXPECT_EQ(text_of("\"string\"", {4, 'a', '"'}), "a\"");
  EXPECT_EQ(text_of("\"bytes\"", {2, 0xff}), "\\xff");
  EXPECT_EQ(text_of(R"({"type":"int","logicalType":"date"})", {0}), "1970-01-01");
  EXPECT_EQ(text_of(R"({"type":"array","items":"string"})", {2, 2, 'a', 0}), "[\"a\"]");
}

TEST(AvroValueText, RefusesWhatIsNoText) {
  EXPECT_EQ(error_of([] { static_cast<void>(json_of("\"string\"", {2, 0xff})); }).sqlstate(), "22021");
  const SchemaDocument schema = parse_schema("\"string\"");
  const Bytes bytes{20, 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a'};
  EXPECT_EQ(error_of([&] {
              Decoder decoder(bytes);
              std::string out;
              append_json(out, decoder, schema.root(), 5);
            }).sqlstate(),
            "54000");
}

TEST(AvroValueText, ChecksForInterruptsInOneLongValue) {
  static int checks;
  const auto stop_later = [] {
    if (++checks == 500) throw Error("57014", "canceling");
  };
  for (const char* const items : {R"({"type":"array","items":"null"})", R"({"type":"map","values":"null"})"}) {
    const SchemaDocument schema = parse_schema(items);
    Bytes bytes;
    put_long(bytes, 1000);
    bytes.resize(bytes.size() + 1001);
    Decoder decoder(bytes, 0, stop_later);
    std::string out;
    checks = 0;
    EXPECT_EQ(error_of([&] { append_json(out, decoder, schema.root()); }).sqlstate(), "57014") << items;
  }
  // 24,000 digits are made nine at a time
  const SchemaDocument decimal = parse_schema(R"({"type":"bytes","logicalType":"decimal","precision":24000})");
  Bytes bytes;
  put_bytes(bytes, Bytes(10'000, 0x7f));
  Decoder decoder(bytes, 0, stop_later);
  std::string out;
  checks = 0;
  EXPECT_EQ(error_of([&] { append_text(out, decoder, decimal.root()); }).sqlstate(), "57014");
}

TEST(AvroValueText, RefusesValuesNestedTooDeep) {
  const std::string list = R"({"type":"record","name":"n","fields":[{"name":"next","type":["null","n"]}]})";
  Bytes bytes(kMaxValueDepth + 1, 2);
  bytes.push_back(0);
  EXPECT_EQ(error_of([&] { static_cast<void>(json_of(list, bytes)); }).sqlstate(), "54000");
}

}  // namespace
}  // namespace ferry::avro
