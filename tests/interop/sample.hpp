#pragma once

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
  {"name":"f_record","type":{"type":"record","name":"Inner","fields":[{"name":"x","type":"int"},{"name":"suit","type":"Suit"}]}}]})";

/// null; i is odd; -i; i^3; i / 2; i / 4; i % 5 bytes of value i % 256; "row i"; symbol i % 4; the bytes i % 256, 1, 2, 3;
/// the longs 0 to i % 3 - 1; {"k": i}; null for even i, else "odd"; {x: i * 2, suit: symbol (i + 1) % 4}.
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
}

/// Writes records 0 to count - 1 in blocks of 100.
inline void write_sample(ByteSink& sink, avro::CodecKind codec, std::int64_t count) {
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
