#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

#include "avro/container.hpp"
#include "avro/encode.hpp"
#include "base/concat.hpp"

namespace ferry::test {

/// One field of every type. Both peers hold its values to the same arithmetic: record i is described at sample_record().
inline constexpr const char* kSampleSchema = R"({"type":"record","name":"Sample","namespace":"ferry.test","fields":[
  {"name":"f_null","type":"null"},{"name":"f_boolean","type":"boolean"},{"name":"f_int","type":"int"},
  {"name":"f_long","type":"long"},{"name":"f_float","type":"float"},{"name":"f_double","type":"double"},
  {"name":"f_bytes","type":"bytes"},{"name":"f_string","type":"string"},
  {"name":"f_enum","type":{"type":"enum","name":"Suit","symbols":["SPADES","HEARTS","DIAMONDS","CLUBS"]}},
  {"name":"f_fixed","type":{"type":"fixed","name":"Four","size":4}},
  {"name":"f_array","type":{"type":"array","items":"long"}},{"name":"f_map","type":{"type":"map","values":"int"}},
  {"name":"f_union","type":["null","string"],"default":null},
  {"name":"f_record","type":{"type":"record","name":"Inner","fields":[{"name":"x","type":"int"},{"name":"suit","type":"Suit"}]}},
  {"name":"f_choice","type":["null","int","string","Inner"]},
  {"name":"f_items","type":{"type":"array","items":["null","int"]}},
  {"name":"f_nested","type":{"type":"array","items":{"type":"array","items":"long"}}},
  {"name":"f_entries","type":{"type":"map","values":["null","string"]}},
  {"name":"f_decimal","type":{"type":"bytes","logicalType":"decimal","precision":9,"scale":2}},
  {"name":"f_decimal_fixed","type":{"type":"fixed","name":"Eight","size":8,"logicalType":"decimal","precision":18,"scale":4}},
  {"name":"f_date","type":{"type":"int","logicalType":"date"}},
  {"name":"f_time","type":{"type":"long","logicalType":"time-micros"}},
  {"name":"f_timestamp","type":{"type":"long","logicalType":"timestamp-micros"}},
  {"name":"f_local_timestamp","type":{"type":"long","logicalType":"local-timestamp-micros"}},
  {"name":"f_uuid","type":{"type":"string","logicalType":"uuid"}},
  {"name":"f_parent","type":["null","Sample"],"default":null}]})";

/// As i is to be in two's complement, high byte first.
inline void put_big_endian(Bytes& out, std::int64_t i, std::size_t size_bytes) {
  for (std::size_t left = size_bytes; left > 0; left--) out.push_back(static_cast<std::uint8_t>(i >> (8 * (left - 1))));
}

/// null; i is odd; -i; i^3; i / 2; i / 4; i % 5 bytes of value i % 256; "row i"; symbol i % 4; the bytes i % 256, 1, 2, 3;
/// the longs 0 to i % 3 - 1; {"k": i}; null for even i, else "odd"; {x: i * 2, suit: symbol (i + 1) % 4}; by i % 4 null, i,
/// "text" or {x: i, suit: symbol 0}; null and i in turn, i % 4 of them; [[i], [], [i, i + 1]]; {"a": null, "b": "row i"};
/// (i * i - 500) / 100; -i * 1000000007 / 10000; the day i - 600 after 1970; i * 60000001 microseconds; (i - 600) * 86400000001
/// microseconds after 1970; the same; the UUID 00000000-0000-4000-8000- with i in 12 decimal digits; for i > 0 divisible by 100
/// the record i % 3, else null.
inline void put_sample_record(Bytes& out, std::int64_t i);

inline void put_sample_collections(Bytes& out, std::int64_t i) {
  avro::put_long(out, i % 4);
  if (i % 4 == 1) avro::put_int(out, static_cast<std::int32_t>(i));
  if (i % 4 == 2) avro::put_string(out, "text");
  if (i % 4 == 3) {
    avro::put_int(out, static_cast<std::int32_t>(i));
    avro::put_int(out, 0);
  }
  if (i % 4 != 0) avro::put_long(out, i % 4);
  for (std::int64_t item = 0; item < i % 4; item++) {
    avro::put_long(out, item % 2);
    if (item % 2 == 1) avro::put_int(out, static_cast<std::int32_t>(i));
  }
  // the end of the items; three arrays, of one, no and two longs
  for (const std::int64_t number : {std::int64_t{0}, std::int64_t{3}, std::int64_t{1}, i, std::int64_t{0}, std::int64_t{0},
                                    std::int64_t{2}, i, i + 1, std::int64_t{0}, std::int64_t{0}, std::int64_t{2}})
    avro::put_long(out, number);
  avro::put_string(out, "a");
  avro::put_long(out, 0);
  avro::put_string(out, "b");
  avro::put_long(out, 1);
  avro::put_string(out, concat("row ", i));
  avro::put_long(out, 0);
}

inline void put_sample_logical_types(Bytes& out, std::int64_t i) {
  avro::put_long(out, 4);
  put_big_endian(out, i * i - 500, 4);
  put_big_endian(out, -i * 1'000'000'007, 8);
  avro::put_int(out, static_cast<std::int32_t>(i - 600));
  avro::put_long(out, i * 60'000'001);
  avro::put_long(out, (i - 600) * 86'400'000'001);
  avro::put_long(out, (i - 600) * 86'400'000'001);
  const std::string digits = concat(i);
  avro::put_string(out, concat("00000000-0000-4000-8000-", std::string(12 - digits.size(), '0'), digits));
  const bool has_parent = i > 0 && i % 100 == 0;
  avro::put_long(out, has_parent ? 1 : 0);
  if (has_parent) put_sample_record(out, i % 3);
}

inline void put_sample_record(Bytes& out, std::int64_t i) {
  const auto low = static_cast<std::uint8_t>(i % 256);
  avro::put_boolean(out, i % 2 == 1);
  avro::put_int(out, static_cast<std::int32_t>(-i));
  avro::put_long(out, i * i * i);
  avro::put_float(out, static_cast<float>(i) / 2);
  avro::put_double(out, static_cast<double>(i) / 4);
  avro::put_bytes(out, Bytes(static_cast<std::size_t>(i % 5), low));
  avro::put_string(out, concat("row ", i));
  avro::put_int(out, static_cast<std::int32_t>(i % 4));
  avro::put_fixed(out, Bytes{low, 1, 2, 3});
  if (i % 3 != 0) avro::put_long(out, i % 3);
  for (std::int64_t item = 0; item < i % 3; item++) avro::put_long(out, item);
  avro::put_long(out, 0);
  avro::put_long(out, 1);
  avro::put_string(out, "k");
  avro::put_int(out, static_cast<std::int32_t>(i));
  avro::put_long(out, 0);
  avro::put_long(out, i % 2);
  if (i % 2 == 1) avro::put_string(out, "odd");
  avro::put_int(out, static_cast<std::int32_t>(i * 2));
  avro::put_int(out, static_cast<std::int32_t>((i + 1) % 4));
  put_sample_collections(out, i);
  put_sample_logical_types(out, i);
}

/// Writes records 0 to count - 1 in blocks of 100.
inline void write_sample(ByteSink& sink, codec::CodecKind codec, std::int64_t count) {
  constexpr std::int64_t kBlockRecords = 100;
  const avro::SyncMarker sync{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
  avro::ContainerWriter writer(sink, {.schema_json = kSampleSchema, .sync_marker = sync, .codec = codec});
  for (std::int64_t first = 0; first < count; first += kBlockRecords) {
    const std::int64_t end = std::min(first + kBlockRecords, count);
    Bytes payload;
    for (std::int64_t i = first; i < end; i++) put_sample_record(payload, i);
    writer.write_block(end - first, payload);
  }
}

}  // namespace ferry::test
