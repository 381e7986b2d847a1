#include "avro/container.hpp"

#include <gtest/gtest.h>

#include "../support/error_of.hpp"
#include "../support/memory_io.hpp"
#include "avro/encode.hpp"

namespace ferry::avro {
using namespace codec;
namespace {

using test::error_of;
using test::MemorySink;
using test::MemorySource;

constexpr SyncMarker kSync{'s', 'y', 'n', 'c', 'm', 'a', 'r', 'k', 'e', 'r', '0', '1', '2', '3', '4', '5'};

Bytes text(std::string_view value) { return {value.begin(), value.end()}; }

void append(Bytes& out, const Bytes& more) { out.insert(out.end(), more.begin(), more.end()); }

/// A header by the book: magic, the metadata as a map of one block, sync marker.
Bytes header(std::string_view schema = "\"int\"", std::string_view codec = "null") {
  Bytes out = text("Obj\x01");
  put_long(out, 2);
  put_string(out, "avro.schema");
  put_string(out, schema);
  put_string(out, "avro.codec");
  put_string(out, codec);
  put_long(out, 0);
  put_fixed(out, kSync);
  return out;
}

/// A header and then a block of that count, claimed size and stored bytes, with a sync marker.
Bytes file_with_block(std::int64_t count, std::int64_t size, const Bytes& stored, const Bytes& head = header()) {
  Bytes out = head;
  put_long(out, count);
  put_long(out, size);
  append(out, stored);
  put_fixed(out, kSync);
  return out;
}

/// What reading all blocks fails with.
Error read_error(const Bytes& file, const ReaderLimits& limits = {}) {
  return error_of([&] {
    MemorySource source(file);
    ContainerReader reader(source, limits);
    Block block;
    while (reader.next_block(block)) continue;
  });
}

std::int64_t count_records(const Bytes& file) {
  MemorySource source(file);
  ContainerReader reader(source);
  Block block;
  std::int64_t count = 0;
  while (reader.next_block(block)) count += block.record_count;
  return count;
}

// Avro 1.12, Object Container Files, byte by byte.
TEST(ContainerWriter, WritesTheFileOfTheSpecification) {
  MemorySink sink;
  ContainerWriter writer(sink, {.schema_json = "\"int\"", .sync_marker = kSync, .metadata = {{"k", text("v")}}});
  writer.write_block(2, Bytes{0x02, 0x04});
  Bytes expected = text(
      "Obj\x01\x06\x16"
      "avro.schema\x0a\"int\"\x14"
      "avro.codec\x08null\x02k\x02v");
  append(expected, {0x00});
  append(expected, text("syncmarker012345"));
  append(expected, {0x04, 0x04, 0x02, 0x04});
  append(expected, text("syncmarker012345"));
  EXPECT_EQ(sink.bytes(), expected);
  EXPECT_EQ(writer.bytes_written(), expected.size());
  EXPECT_EQ(writer.blocks_written(), 1U);
}

TEST(ContainerWriter, RefusesReservedMetadataAndNegativeCounts) {
  MemorySink sink;
  EXPECT_EQ(error_of([&] {
              ContainerWriter(sink, {.schema_json = "\"int\"", .sync_marker = kSync, .metadata = {{"avro.x", {}}}});
            }).sqlstate(),
            "22023");
  EXPECT_TRUE(sink.bytes().empty());
  ContainerWriter writer(sink, {.schema_json = "\"int\"", .sync_marker = kSync});
  EXPECT_EQ(error_of([&] { writer.write_block(-1, {}); }).sqlstate(), "22003");
}

TEST(ContainerWriter, LeavesOutEmptyBlocks) {
  MemorySink sink;
  ContainerWriter writer(sink, {.schema_json = "\"int\"", .sync_marker = kSync});
  const std::size_t before = sink.bytes().size();
  writer.write_block(0, {});
  EXPECT_EQ(sink.bytes().size(), before);
}

TEST(BlockEncoder, MakesTheBlockOfTheSpecification) {
  BlockEncoder encoder(CodecKind::null_, std::nullopt, kSync);
  Bytes expected{0x04, 0x04, 0x02, 0x04};
  append(expected, text("syncmarker012345"));
  const ByteView block = encoder.encode(2, Bytes{0x02, 0x04});
  EXPECT_EQ(Bytes(block.begin(), block.end()), expected);
  EXPECT_TRUE(encoder.encode(0, {}).empty());
  EXPECT_EQ(error_of([&] { static_cast<void>(encoder.encode(-1, {})); }).sqlstate(), "22003");
}

TEST(BlockEncoder, MakesBlocksForTheWriterOfAnother) {
  for (const CodecKind codec : kCodecKinds) {
    MemorySink one, other;
    ContainerWriter whole(one, {.schema_json = "\"int\"", .sync_marker = kSync, .codec = codec});
    ContainerWriter leader(other, {.schema_json = "\"int\"", .sync_marker = kSync, .codec = codec});
    BlockEncoder first(codec, std::nullopt, kSync), second(codec, std::nullopt, kSync);
    // Sizes that make the head longer and shorter, and the room larger and smaller.
    for (const std::size_t size : {std::size_t{1}, std::size_t{20'000'000}, std::size_t{100}, std::size_t{300'000}}) {
      const Bytes payload(size, 0x04);
      whole.write_block(static_cast<std::int64_t>(size), payload);
      leader.append_block((size % 3 == 0 ? first : second).encode(static_cast<std::int64_t>(size), payload));
      leader.append_block(first.encode(0, {}));
    }
    EXPECT_EQ(one.bytes(), other.bytes()) << codec_name(codec);
    EXPECT_EQ(leader.blocks_written(), 4U);
    EXPECT_EQ(leader.bytes_written(), other.bytes().size());
    EXPECT_EQ(count_records(one.bytes()), 20'300'101);
  }
}

TEST(ContainerReader, ReadsBlocksOfEveryCodecWhateverTheChunks) {
  for (const CodecKind codec : kCodecKinds) {
    MemorySink sink;
    ContainerWriter writer(sink,
                           {.schema_json = "\"int\"", .sync_marker = kSync, .codec = codec, .metadata = {{"k", {0xff, 0x00}}}});
    const Bytes large(200'000, 0x04);
    writer.write_block(3, Bytes{2, 4, 6});
    writer.write_block(200'000, large);
    for (const std::size_t chunk_bytes : {std::size_t{1}, std::size_t{7}, std::size_t{70'000}, SIZE_MAX}) {
      MemorySource source(sink.bytes(), chunk_bytes);
      ContainerReader reader(source);
      EXPECT_EQ(reader.codec_name(), codec_name(codec));
      EXPECT_EQ(reader.schema().type, Type::int_);
      EXPECT_EQ(reader.schema_json(), "\"int\"");
      EXPECT_EQ(reader.sync_marker(), kSync);
      EXPECT_EQ(reader.metadata().back(), (Metadata::value_type{"k", {0xff, 0x00}}));
      Block block;
      ASSERT_TRUE(reader.next_block(block));
      EXPECT_EQ(block.record_count, 3);
      EXPECT_EQ(Bytes(block.payload.begin(), block.payload.end()), (Bytes{2, 4, 6}));
      EXPECT_EQ(block.offset_bytes, reader.header_bytes());
      EXPECT_EQ(block.block_number, 1U);
      ASSERT_TRUE(reader.next_block(block));
      EXPECT_EQ(Bytes(block.payload.begin(), block.payload.end()), large);
      EXPECT_EQ(block.block_number, 2U);
      EXPECT_FALSE(reader.next_block(block));
      EXPECT_EQ(reader.position(), sink.bytes().size());
    }
  }
}

TEST(ContainerReader, ReadsAFileWithoutBlocks) { EXPECT_EQ(count_records(header()), 0); }

TEST(ContainerReader, ReadsEmptyBlocks) {
  EXPECT_EQ(count_records(file_with_block(0, 0, {})), 0);
  EXPECT_EQ(count_records(file_with_block(0, 0, {}, header("\"int\"", "deflate"))), 0);
  EXPECT_EQ(count_records(file_with_block(1, 1, {2}, file_with_block(0, 0, {}))), 1);
}

TEST(ContainerReader, TakesAMissingCodecForNull) {
  Bytes head = text(
      "Obj\x01\x02\x16"
      "avro.schema\x0a\"int\"");
  append(head, {0x00});
  put_fixed(head, kSync);
  EXPECT_EQ(count_records(file_with_block(2, 2, {2, 4}, head)), 2);
}

TEST(ContainerReader, ReadsMetadataInBlocksThatTellTheirSize) {
  Bytes head = text(
      "Obj\x01\x01\x24\x16"
      "avro.schema\x0a\"int\"\x01\x08\x02k\x02v");
  append(head, {0x00});
  put_fixed(head, kSync);
  MemorySource source(head);
  const ContainerReader reader(source);
  EXPECT_EQ(as_text(reader.find_metadata("k").value()), "v");
  EXPECT_FALSE(reader.find_metadata("none").has_value());
}

TEST(ContainerReader, ReadsStoredBlocksOfAnyCodec) {
  const Bytes file = file_with_block(5, 3, {9, 9, 9}, header("\"int\"", "lzma"));
  MemorySource source(file);
  ContainerReader reader(source);
  Block block;
  ASSERT_TRUE(reader.next_stored_block(block));
  EXPECT_EQ(block.record_count, 5);
  EXPECT_EQ(block.stored_bytes, 3U);
  EXPECT_FALSE(reader.next_stored_block(block));
  EXPECT_EQ(read_error(file).sqlstate(), "0A000");
}

TEST(ContainerReader, TakesTheLastOfMetadataThatOccursTwice) {
  Bytes head = text("Obj\x01");
  put_long(head, 4);
  for (const char* schema : {"\"string\"", "\"int\""}) {
    put_string(head, "avro.schema");
    put_string(head, schema);
    put_string(head, "k");
    put_bytes(head, Bytes{0xff, static_cast<std::uint8_t>(schema[1])});
  }
  put_long(head, 0);
  put_fixed(head, kSync);
  MemorySource source(head);
  const ContainerReader reader(source);
  EXPECT_EQ(reader.schema().type, Type::int_);
  EXPECT_EQ(reader.metadata().size(), 4U);
  const ByteView value = reader.find_metadata("k").value();
  EXPECT_EQ(Bytes(value.begin(), value.end()), (Bytes{0xff, 'i'}));
}

TEST(ContainerReader, ReadsRecordsWithoutFields) {
  const Bytes head = header(R"({"type":"record","name":"R","fields":[]})");
  EXPECT_EQ(count_records(file_with_block(3, 0, {}, head)), 3);
  EXPECT_EQ(count_records(file_with_block(3, 0, {}, header(R"({"type":"record","name":"R","fields":[]})", "deflate"))), 3);
}

TEST(ContainerReader, RefusesACodecThatIsNotUtf8ByANameThatCanBeShown) {
  EXPECT_EQ(read_error(file_with_block(1, 1, {2}, header("\"int\"", "\xff\n"))).message(),
            "codec \"\\xff\\x0a\" is not supported");
}

TEST(ContainerReader, RefusesFilesThatAreNotAvro) {
  for (const Bytes& file : {Bytes(), text("Ob"), text("PAR1 and more"), text("Obj\x02 and more")})
    EXPECT_EQ(read_error(file).sqlstate(), "22P04");
  Bytes without_schema = text("Obj\x01");
  append(without_schema, {0x00});
  put_fixed(without_schema, kSync);
  EXPECT_EQ(read_error(without_schema).message(), "file has no metadata \"avro.schema\"");
  EXPECT_EQ(read_error(header("\"nonsense\"")).sqlstate(), "22P04");
}

TEST(ContainerReader, RefusesAFileTruncatedAnywhereButAfterABlock) {
  const Bytes file = file_with_block(3, 3, {2, 4, 6});
  for (std::size_t size = 0; size < file.size(); size++) {
    const Bytes part(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(size));
    if (size == header().size()) {
      EXPECT_EQ(count_records(part), 0);
    } else {
      EXPECT_EQ(read_error(part).message(), "unexpected end of file") << size;
    }
  }
}

TEST(ContainerReader, NamesBlockAndByteOfADamage) {
  Bytes file = file_with_block(1, 1, {4}, file_with_block(1, 1, {2}));
  file.back() ^= 1;
  const Error error = read_error(file);
  EXPECT_EQ(error.sqlstate(), "22P04");
  EXPECT_EQ(error.message(), "sync marker after the block is not that of the file");
  EXPECT_EQ(error.detail(), "The place is byte " + std::to_string(file.size()) + " of the file, in the block 2.");
}

TEST(ContainerReader, RefusesNegativeCountsAndSizes) {
  EXPECT_EQ(read_error(file_with_block(-1, 1, {2})).message(), "block has negative record count -1");
  EXPECT_EQ(read_error(file_with_block(1, -1, {2})).message(), "block has negative size -1");
  EXPECT_EQ(read_error(file_with_block(INT64_MIN, 1, {2})).sqlstate(), "22P04");
}

TEST(ContainerReader, TellsOfAnotherFileBehindTheLastBlock) {
  const std::size_t end = header().size();
  Bytes joined = header();
  const Bytes second = header();
  joined.insert(joined.end(), second.begin(), second.end());
  const Error error = read_error(joined);
  EXPECT_EQ(error.sqlstate(), "22P04");
  EXPECT_EQ(error.message(), "another Avro file begins behind block 0");
  EXPECT_EQ(error.detail(), "Its header is at byte " + std::to_string(end) + ".");
}

TEST(ContainerReader, RefusesCountsThatTheBlockCannotHold) {
  EXPECT_EQ(read_error(file_with_block(4, 3, {2, 4, 6})).message(), "block of 3 bytes is said to hold 4 records");
  EXPECT_EQ(read_error(file_with_block(INT64_MAX, 0, {}, header("\"null\""))).sqlstate(), "54000");
  EXPECT_EQ(count_records(file_with_block(1000, 0, {}, header("\"null\""))), 1000);
}

TEST(ContainerReader, DoesNotAllocateWhatAFileOnlyClaims) {
  const Bytes file = file_with_block(1, std::int64_t{200} << 20, {2});
  MemorySource source(file);
  ContainerReader reader(source);
  Block block;
  EXPECT_EQ(error_of([&] { static_cast<void>(reader.next_block(block)); }).message(), "unexpected end of file");
  EXPECT_LE(source.largest_request_bytes(), std::size_t{1} << 20);
}

TEST(ContainerReader, KeepsItsLimits) {
  const Bytes payload(1000, 2);
  const Bytes file = file_with_block(1000, 1000, payload);
  EXPECT_EQ(read_error(file, {.max_block_bytes = 999}).sqlstate(), "54000");
  EXPECT_EQ(read_error(file, {.max_stored_block_bytes = 999}).sqlstate(), "54000");
  EXPECT_EQ(read_error(file, {.max_metadata_bytes = 100}).sqlstate(), "54000");
  MemorySink sink;
  ContainerWriter writer(sink, {.schema_json = "\"int\"", .sync_marker = kSync, .codec = CodecKind::deflate});
  writer.write_block(1000, payload);
  const Error error = read_error(sink.bytes(), {.max_block_bytes = 999});
  EXPECT_EQ(error.sqlstate(), "54000");
  EXPECT_NE(error.detail().find("block 1"), std::string::npos);
}

TEST(ContainerReader, LimitsEmptyMetadataEntries) {
  Bytes file = text("Obj\x01");
  put_long(file, std::int64_t{1} << 40);
  file.resize(file.size() + 1'000'000, 0);  // 500,000 entries of an empty key and an empty value
  EXPECT_EQ(read_error(file, {.max_metadata_bytes = 1'000'000}).sqlstate(), "54000");
}

TEST(ContainerReader, RefusesVarintsThatDoNotFit) {
  Bytes file = header();
  append(file, Bytes(11, 0x80));
  EXPECT_EQ(read_error(file).message(), "integer does not fit into a long");
}

}  // namespace
}  // namespace ferry::avro
