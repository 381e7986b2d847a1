#include "avro/decode.hpp"

#include <bit>
#include <functional>
#include <optional>
#include <random>

#include <gtest/gtest.h>

#include "../support/error_of.hpp"
#include "avro/encode.hpp"
#include "avro/schema_json.hpp"

namespace ferry::avro {
namespace {

using test::error_of;

/// The SQLSTATE that reading bytes fails with.
std::string sqlstate_of(const Bytes& bytes, const std::function<void(Decoder&)>& read) {
  return error_of([&] {
           Decoder decoder(bytes);
           read(decoder);
         })
      .sqlstate();
}

void skip_all(const std::string& schema_json, const Bytes& bytes) {
  const SchemaDocument schema = parse_schema(schema_json);
  Decoder decoder(bytes);
  decoder.skip(schema.root());
  EXPECT_EQ(decoder.position(), bytes.size()) << schema_json;
  EXPECT_TRUE(decoder.at_end());
}

std::string skip_sqlstate(const std::string& schema_json, const Bytes& bytes) {
  const SchemaDocument schema = parse_schema(schema_json);
  return sqlstate_of(bytes, [&](Decoder& decoder) { decoder.skip(schema.root()); });
}

TEST(AvroDecode, ReadsTheLongsOfTheSpecification) {
  const Bytes bytes{0x00, 0x01, 0x02, 0x03, 0x04, 0x7f, 0x80, 0x01};
  Decoder decoder(bytes);
  for (const std::int64_t value : {0, -1, 1, -2, 2, -64, 64}) EXPECT_EQ(decoder.long_(), value);
  EXPECT_TRUE(decoder.at_end());
}

TEST(AvroDecode, ReadsBackEveryPowerOfTwoAndItsNeighbours) {
  for (int shift = 0; shift < 64; shift++) {
    for (const std::int64_t near : {-1, 0, 1}) {
      const auto value = std::bit_cast<std::int64_t>((std::uint64_t{1} << shift) + static_cast<std::uint64_t>(near));
      Bytes bytes;
      put_long(bytes, value);
      Decoder decoder(bytes);
      EXPECT_EQ(decoder.long_(), value);
      EXPECT_TRUE(decoder.at_end());
      if (value != static_cast<std::int32_t>(value)) continue;
      Decoder again(bytes);
      EXPECT_EQ(again.int_(), value);
    }
  }
}

TEST(AvroDecode, AcceptsPaddedVarints) {
  const Bytes bytes{0x82, 0x80, 0x80, 0x00, 0x82, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00};
  Decoder decoder(bytes);
  EXPECT_EQ(decoder.int_(), 1);
  EXPECT_EQ(decoder.long_(), 1);
  EXPECT_TRUE(decoder.at_end());
}

/// Digits to the base 128, the lowest first, each but the last with its high bit set; nothing where they are too many or too
/// much.
std::optional<std::uint64_t> value_of_varint(const Bytes& digits, std::size_t max_bytes, unsigned bits) {
  if (digits.size() > max_bytes) return std::nullopt;
  unsigned __int128 value = 0;
  for (std::size_t i = digits.size(); i > 0; i--) value = value * 128 + (digits[i - 1] & 0x7f);
  if (value >> bits != 0) return std::nullopt;
  return static_cast<std::uint64_t>(value);
}

TEST(AvroDecode, ReadsVarintsWhateverIsBehindThem) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 20'000; round++) {
    Bytes digits;
    const std::size_t size = 1 + random() % 11;
    for (std::size_t i = 0; i < size; i++) {
      const std::uint64_t choice = random();
      const auto digit = static_cast<std::uint8_t>(choice % 4 == 0 ? 0 : choice % 4 == 1 ? 0x7f : choice >> 57);
      digits.push_back(static_cast<std::uint8_t>(i + 1 < size ? digit | 0x80 : digit));
    }
    Bytes bytes = digits;
    for (std::size_t i = random() % 12; i > 0; i--) bytes.push_back(static_cast<std::uint8_t>(random()));
    const auto unzigzag = [](std::uint64_t value) { return std::bit_cast<std::int64_t>(value >> 1 ^ (0 - (value & 1))); };
    const auto check = [&](std::size_t max_bytes, unsigned bits, const std::function<std::int64_t(Decoder&)>& read) {
      const auto expected = value_of_varint(digits, max_bytes, bits);
      if (!expected) {
        EXPECT_EQ(sqlstate_of(bytes, [&](Decoder& d) { static_cast<void>(read(d)); }), "22P04");
        return;
      }
      Decoder decoder(bytes);
      EXPECT_EQ(read(decoder), unzigzag(*expected));
      EXPECT_EQ(decoder.position(), size);
    };
    check(10, 64, [](Decoder& d) { return d.long_(); });
    check(5, 32, [](Decoder& d) { return d.int_(); });
  }
}

TEST(AvroDecode, RefusesVarintsThatAreTooLongOrTooLarge) {
  const auto read_int = [](Decoder& d) { static_cast<void>(d.int_()); };
  const auto read_long = [](Decoder& d) { static_cast<void>(d.long_()); };
  EXPECT_EQ(sqlstate_of({0x80, 0x80, 0x80, 0x80, 0x80, 0x00}, read_int), "22P04");
  EXPECT_EQ(sqlstate_of({0xff, 0xff, 0xff, 0xff, 0x1f}, read_int), "22P04");
  EXPECT_EQ(sqlstate_of({0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00}, read_long), "22P04");
  EXPECT_EQ(sqlstate_of({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02}, read_long), "22P04");
  EXPECT_EQ(sqlstate_of({0x80}, read_long), "22P04");
  EXPECT_EQ(sqlstate_of({}, read_int), "22P04");
}

TEST(AvroDecode, ReadsFloatsLowByteFirst) {
  const Bytes bytes{0, 0, 0x80, 0x3f, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f};
  Decoder decoder(bytes);
  EXPECT_EQ(decoder.float_(), 1.0F);
  EXPECT_EQ(decoder.double_(), 1.0);
}

TEST(AvroDecode, ReadsStringsAsViewsIntoThePayload) {
  const Bytes bytes{0x06, 0x66, 0x6f, 0x6f, 0x00, 9, 8};
  Decoder decoder(bytes);
  const std::string_view text = decoder.string();
  EXPECT_EQ(text, "foo");
  EXPECT_EQ(static_cast<const void*>(text.data()), bytes.data() + 1);
  EXPECT_TRUE(decoder.bytes().empty());
  EXPECT_EQ(decoder.fixed(2)[1], 8);
  EXPECT_TRUE(decoder.at_end());
}

TEST(AvroDecode, RefusesBooleansOtherThanZeroAndOne) {
  EXPECT_EQ(sqlstate_of({2}, [](Decoder& d) { static_cast<void>(d.boolean()); }), "22P04");
}

TEST(AvroDecode, RefusesLengthsThatAreNegativeOrBeyondTheEnd) {
  const auto read = [](Decoder& d) { static_cast<void>(d.bytes()); };
  EXPECT_EQ(sqlstate_of({0x01}, read), "22P04");
  EXPECT_EQ(sqlstate_of({0x06, 1, 2}, read), "22P04");
  EXPECT_EQ(sqlstate_of({0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}, read), "22P04");
  EXPECT_EQ(sqlstate_of({1, 2}, [](Decoder& d) { static_cast<void>(d.fixed(3)); }), "22P04");
  EXPECT_EQ(sqlstate_of({1, 2, 3}, [](Decoder& d) { static_cast<void>(d.float_()); }), "22P04");
}

TEST(AvroDecode, RefusesIndexesThatAreNoBranch) {
  const Bytes bytes{0x02};
  Decoder decoder(bytes);
  EXPECT_EQ(decoder.index(2), 1U);
  const auto read = [](Decoder& d) { static_cast<void>(d.index(2)); };
  EXPECT_EQ(sqlstate_of({0x04}, read), "22P04");
  EXPECT_EQ(sqlstate_of({0x01}, read), "22P04");
}

TEST(AvroDecode, SaysWhereAValueIsMalformed) {
  const Bytes bytes{0x02, 0x02, 0x09};
  Decoder decoder(bytes, 100);
  static_cast<void>(decoder.long_());
  static_cast<void>(decoder.long_());
  const Error error = error_of([&] { static_cast<void>(decoder.boolean()); });
  EXPECT_EQ(error.message(), "invalid boolean: 9");
  EXPECT_EQ(error.detail(), "The value starts at byte 102 of the block.");
}

// Avro 1.12, Binary Encoding, Arrays: [3, 27] is 04 06 36 00. With a negative count, the size of the items follows it.
TEST(AvroDecode, ReadsArrayBlocksWithAndWithoutTheirSize) {
  for (const Bytes& bytes : {Bytes{0x04, 0x06, 0x36, 0x00}, Bytes{0x03, 0x04, 0x06, 0x36, 0x00}}) {
    Decoder decoder(bytes);
    const ItemBlock block = decoder.item_block(1);
    EXPECT_EQ(block.count, 2U);
    EXPECT_EQ(block.size_bytes, bytes[0] == 0x03 ? 2U : 0U);
    EXPECT_EQ(decoder.long_(), 3);
    EXPECT_EQ(decoder.long_(), 27);
    EXPECT_EQ(decoder.item_block(1).count, 0U);
    EXPECT_TRUE(decoder.at_end());
  }
}

TEST(AvroDecode, RefusesItemCountsThatThePayloadCannotHold) {
  const auto read = [](Decoder& d) { static_cast<void>(d.item_block(4)); };
  EXPECT_EQ(sqlstate_of({0x04, 1, 2, 3, 4, 5, 6, 7}, read), "22P04");           // 2 items of 4 bytes in 7
  EXPECT_EQ(sqlstate_of({0x03, 0x0e, 1, 2, 3, 4, 5, 6, 7, 8}, read), "22P04");  // in a block of 7
  EXPECT_EQ(sqlstate_of({0x03, 0x12, 1, 2, 3, 4, 5, 6, 7, 8}, read), "22P04");  // a block of 9 in 8
  EXPECT_EQ(sqlstate_of({0x03, 0x01, 1, 2, 3, 4}, read), "22P04");              // a block of -1
  EXPECT_EQ(sqlstate_of({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 0x02, 1}, read), "22P04");  // -2^63 items
}

TEST(AvroDecode, BoundsItemsThatTakeNoBytes) {
  Bytes many;
  put_long(many, std::int64_t{1} << 62);
  many.push_back(0);
  EXPECT_EQ(skip_sqlstate(R"({"type":"array","items":"null"})", many), "54000");
  Bytes twice;
  for (int i = 0; i < 2; i++) put_long(twice, static_cast<std::int64_t>(kMaxEmptyItems) * 2 / 3);
  twice.push_back(0);
  EXPECT_EQ(skip_sqlstate(R"({"type":"array","items":"null"})", twice), "54000");
  Bytes few;
  put_long(few, 1000);
  few.push_back(0);
  skip_all(R"({"type":"array","items":"null"})", few);
}

TEST(AvroDecode, CountsTheValuesInRecordsThatTakeNoBytes) {
  std::string fields;
  for (int i = 0; i < 100; i++)
    fields += std::string(i == 0 ? "" : ",") + R"({"name":"f)" + std::to_string(i) + R"(","type":"null"})";
  const std::string schema = R"({"type":"array","items":{"type":"record","name":"R","fields":[)" + fields + "]}}";
  Bytes bytes;
  put_long(bytes, 10'000);  // 10,000 records of 101 values
  bytes.push_back(0);
  EXPECT_EQ(skip_sqlstate(schema, bytes), "54000");
}

TEST(AvroDecode, ChecksForInterruptsInOneLongValue) {
  const SchemaDocument schema = parse_schema(R"({"type":"array","items":{"type":"array","items":"int"}})");
  Bytes bytes;
  put_long(bytes, 1000);
  bytes.resize(bytes.size() + 1001);
  static int checks;
  checks = 0;
  Decoder decoder(bytes, 0, [] {
    if (++checks == 500) throw Error("57014", "canceling");
  });
  EXPECT_EQ(error_of([&] { decoder.skip(schema.root()); }).sqlstate(), "57014");
}

TEST(AvroDecode, SkipsEveryType) {
  skip_all(R"("null")", {});
  skip_all(R"("boolean")", {1});
  skip_all(R"("int")", {0x80, 0x01});
  skip_all(R"("long")", {0x80, 0x01});
  skip_all(R"("float")", {1, 2, 3, 4});
  skip_all(R"("double")", {1, 2, 3, 4, 5, 6, 7, 8});
  skip_all(R"("bytes")", {0x04, 1, 2});
  skip_all(R"("string")", {0x04, 'a', 'b'});
  skip_all(R"({"type":"fixed","name":"F","size":3})", {1, 2, 3});
  skip_all(R"({"type":"enum","name":"E","symbols":["A","B"]})", {0x02});
  skip_all(R"(["null","string"])", {0x02, 0x02, 0x61});
  skip_all(R"({"type":"record","name":"R","fields":[{"name":"a","type":"long"},{"name":"b","type":"string"}]})",
           {0x36, 0x06, 0x66, 0x6f, 0x6f});
  skip_all(R"({"type":"array","items":"long"})", {0x04, 0x06, 0x36, 0x00});
  skip_all(R"({"type":"array","items":"long"})", {0x02, 0x06, 0x02, 0x36, 0x00});
  skip_all(R"({"type":"map","values":"boolean"})", {0x02, 0x02, 'k', 1, 0x00});
}

TEST(AvroDecode, SkipsBlocksThatTellTheirSizeOnlyIfItIsRight) {
  const char* kArray = R"({"type":"array","items":"boolean"})";
  skip_all(kArray, {0x03, 0x04, 1, 0, 0x00});
  skip_all(R"({"type":"map","values":"null"})", {0x01, 0x04, 0x02, 'k', 0x00});
  EXPECT_EQ(skip_sqlstate(kArray, {0x03, 0x04, 7, 7, 0x00}), "22P04");     // no booleans
  EXPECT_EQ(skip_sqlstate(kArray, {0x03, 0x06, 1, 0, 1, 0x00}), "22P04");  // two items and three bytes
}

TEST(AvroDecode, RefusesMalformedValuesWhileSkipping) {
  EXPECT_EQ(skip_sqlstate(R"({"type":"enum","name":"E","symbols":["A"]})", {0x02}), "22P04");
  EXPECT_EQ(skip_sqlstate(R"(["null"])", {0x02}), "22P04");
  EXPECT_EQ(skip_sqlstate(R"([])", {0x00}), "22P04");
  EXPECT_EQ(skip_sqlstate(R"({"type":"map","values":"null"})", {0x02, 0x03, 0x00}), "22P04");
  EXPECT_EQ(skip_sqlstate(R"({"type":"array","items":"long"})", {0x04, 0x06, 0x36}), "22P04");
}

TEST(AvroDecode, LimitsTheDepthOfRecursiveValues) {
  // Avro 1.12, Complex Types, Records: the linked list of longs.
  const char* kList = R"({"type":"record","name":"LongList","fields":[{"name":"value","type":"long"},
                          {"name":"next","type":["null","LongList"]}]})";
  const auto list = [](int length) {
    Bytes bytes;
    for (int i = 1; i < length; i++) bytes.insert(bytes.end(), {0x02, 0x02});
    bytes.insert(bytes.end(), {0x02, 0x00});
    return bytes;
  };
  skip_all(kList, list(kMaxValueDepth));
  EXPECT_EQ(skip_sqlstate(kList, list(kMaxValueDepth + 1)), "54000");
}

TEST(AvroDecode, RefusesARecordThatHoldsItself) {
  EXPECT_EQ(skip_sqlstate(R"({"type":"record","name":"R","fields":[{"name":"r","type":"R"}]})", {}), "54000");
}

}  // namespace
}  // namespace ferry::avro
