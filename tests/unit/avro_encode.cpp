#include "avro/encode.hpp"

#include <limits>

#include <gtest/gtest.h>

namespace ferry::avro {
namespace {

template <class Function>
Bytes encoded(Function put) {
  Bytes out;
  put(out);
  return out;
}

// The table in Avro 1.12, Binary Encoding, Primitive Types.
TEST(AvroEncode, WritesTheLongsOfTheSpecification) {
  const std::pair<std::int64_t, Bytes> kExamples[] = {{0, {0x00}}, {-1, {0x01}},  {1, {0x02}},       {-2, {0x03}},
                                                      {2, {0x04}}, {-64, {0x7f}}, {64, {0x80, 0x01}}};
  for (const auto& [value, bytes] : kExamples) {
    EXPECT_EQ(encoded([v = value](Bytes& out) { put_long(out, v); }), bytes) << value;
    EXPECT_EQ(encoded([v = value](Bytes& out) { put_int(out, static_cast<std::int32_t>(v)); }), bytes) << value;
  }
}

TEST(AvroEncode, WritesTheLargestAndSmallestIntegers) {
  EXPECT_EQ(encoded([](Bytes& out) { put_int(out, INT32_MAX); }), (Bytes{0xfe, 0xff, 0xff, 0xff, 0x0f}));
  EXPECT_EQ(encoded([](Bytes& out) { put_int(out, INT32_MIN); }), (Bytes{0xff, 0xff, 0xff, 0xff, 0x0f}));
  EXPECT_EQ(encoded([](Bytes& out) { put_long(out, INT64_MAX); }),
            (Bytes{0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}));
  EXPECT_EQ(encoded([](Bytes& out) { put_long(out, INT64_MIN); }),
            (Bytes{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}));
}

TEST(AvroEncode, ZigzagHasAnInverse) {
  for (const std::int64_t value : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{77}, INT64_MIN, INT64_MAX, INT64_MIN + 1})
    EXPECT_EQ(unzigzag(zigzag(value)), value);
}

TEST(AvroEncode, WritesBooleansAsOneByte) {
  EXPECT_EQ(encoded([](Bytes& out) {
              put_boolean(out, true);
              put_boolean(out, false);
            }),
            (Bytes{1, 0}));
}

// IEEE 754: one is 0x3f800000 and 0x3ff0000000000000, stored with the low byte first.
TEST(AvroEncode, WritesFloatsLowByteFirst) {
  EXPECT_EQ(encoded([](Bytes& out) { put_float(out, 1.0F); }), (Bytes{0, 0, 0x80, 0x3f}));
  EXPECT_EQ(encoded([](Bytes& out) { put_double(out, 1.0); }), (Bytes{0, 0, 0, 0, 0, 0, 0xf0, 0x3f}));
  EXPECT_EQ(encoded([](Bytes& out) { put_double(out, -0.0); }), (Bytes{0, 0, 0, 0, 0, 0, 0, 0x80}));
}

// Avro 1.12, Binary Encoding: the string "foo", and the record {a: 27, b: "foo"}.
TEST(AvroEncode, WritesTheStringAndTheRecordOfTheSpecification) {
  EXPECT_EQ(encoded([](Bytes& out) { put_string(out, "foo"); }), (Bytes{0x06, 0x66, 0x6f, 0x6f}));
  EXPECT_EQ(encoded([](Bytes& out) {
              put_long(out, 27);
              put_string(out, "foo");
            }),
            (Bytes{0x36, 0x06, 0x66, 0x6f, 0x6f}));
}

TEST(AvroEncode, WritesEmptyAndLongBytes) {
  EXPECT_EQ(encoded([](Bytes& out) { put_bytes(out, {}); }), (Bytes{0}));
  const Bytes value(100, 7);
  Bytes expected(102, 7);
  expected[0] = 0xc8;  // 2 * 100 = 200 = 1 * 128 + 72
  expected[1] = 0x01;
  EXPECT_EQ(encoded([&](Bytes& out) { put_bytes(out, value); }), expected);
}

TEST(AvroEncode, WritesFixedWithoutALength) {
  EXPECT_EQ(encoded([](Bytes& out) { put_fixed(out, Bytes{9, 8, 7}); }), (Bytes{9, 8, 7}));
}

/// The definition, bit by bit.
Bytes variable_length(std::int64_t value) {
  std::uint64_t rest = value < 0 ? ~static_cast<std::uint64_t>(value) * 2 + 1 : static_cast<std::uint64_t>(value) * 2;
  Bytes bytes;
  for (; rest / 128 != 0; rest /= 128) bytes.push_back(static_cast<std::uint8_t>(128 + rest % 128));
  bytes.push_back(static_cast<std::uint8_t>(rest));
  return bytes;
}

TEST(AvroEncode, WritesLongsOfEveryLength) {
  for (int bit = 0; bit < 64; bit++)
    for (std::int64_t step = -2; step <= 2; step++) {
      const auto power = static_cast<std::int64_t>(std::uint64_t{1} << bit);
      for (const std::int64_t value : {power + step, step - power})
        EXPECT_EQ(encoded([=](Bytes& out) { put_long(out, value); }), variable_length(value)) << value;
    }
}

TEST(AvroEncode, WritesToReservedRoomWhatItAppends) {
  std::uint8_t room[64];
  std::uint8_t* end = encode_long(room, 64);
  end = encode_boolean(end, true);
  end = encode_double(end, 1.0);
  end = encode_float(end, 1.0F);
  end = encode_bytes(end, as_bytes("foo"));
  end = encode_int(end, -2);
  const Bytes expected{0x80, 0x01, 1, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0, 0, 0x80, 0x3f, 6, 'f', 'o', 'o', 3};
  EXPECT_EQ(Bytes(room, end), expected);
}

}  // namespace
}  // namespace ferry::avro
