#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "avro/block_encoder.hpp"
#include "avro/schema.hpp"
#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/io.hpp"
#include "base/room.hpp"
#include "codec/codec.hpp"

// Source: Avro 1.12, Object Container Files.
namespace ferry::avro {

/// Keys and values in file order. Values are bytes, often but not always UTF-8.
using Metadata = std::vector<std::pair<std::string, Bytes>>;

using Sink = ByteSink;
using Source = ByteSource;

struct WriterOptions {
  std::string schema_json;
  SyncMarker sync_marker;  ///< 16 random bytes
  codec::CodecKind codec = codec::CodecKind::null_;
  std::optional<int> level = std::nullopt;
  Metadata metadata = {};  ///< beside avro.schema and avro.codec; keys that begin with "avro." are reserved
  CheckInterrupts check_interrupts = nullptr;
};

/// Writes a container file: the header on construction, then blocks. There is no trailer, so a file is complete after every
/// block.
class ContainerWriter {
 public:
  /// sink outlives the writer. Errors: 22023 as check_codec_level(); 22023 a reserved metadata key; what the sink throws.
  ContainerWriter(Sink& sink, const WriterOptions& options);

  /// Writes one block of record_count records, whose encoding is payload. An empty block (0 records) is not written.
  /// Errors: as BlockEncoder::encode(); what the sink throws, after which the writer is of no more use.
  void write_block(std::int64_t record_count, ByteView payload) { append_block(encoder_.encode(record_count, payload)); }

  /// Writes a block that a BlockEncoder of the same codec and sync marker made; nothing where block is empty.
  void append_block(ByteView block);

  [[nodiscard]] std::uint64_t bytes_written() const { return bytes_written_; }
  [[nodiscard]] std::uint64_t blocks_written() const { return blocks_written_; }

 private:
  void write(ByteView bytes);

  Sink& sink_;
  BlockEncoder encoder_;
  std::uint64_t bytes_written_ = 0, blocks_written_ = 0;
};

/// What a reader takes from a file before it gives up.
struct ReaderLimits {
  std::size_t max_block_bytes = std::size_t{256} << 20;         ///< payload of a block, decompressed
  std::size_t max_stored_block_bytes = std::size_t{256} << 20;  ///< payload of a block as it is in the file
  std::size_t max_metadata_bytes = std::size_t{16} << 20;       ///< keys and values of the header together
  std::int64_t max_empty_records = 100'000'000;                 ///< records in a block that take no byte each
  CheckInterrupts check_interrupts = nullptr;
  const char* block_hint = "";  ///< of the error about a block that is larger than one of the first two
};

/// One block of a container.
struct Block {
  std::int64_t record_count = 0;
  ByteView payload;                ///< valid until the next call of the reader that made it
  std::uint64_t offset_bytes = 0;  ///< of the block's first byte in the file
  std::uint64_t block_number = 0;  ///< counted from 1
  std::size_t stored_bytes = 0;    ///< size of the payload in the file
};

/// Reads a container file front to back. Memory grows with the bytes that arrive, never with what the file claims, up to the
/// limits and a little. Errors, of every member that reads: 22P04 with the block and the byte offset in the detail; 54000 beyond
/// a limit; what the source throws.
class ContainerReader {
 public:
  /// Reads the header. source outlives the reader. Errors: 22P04 magic, metadata or schema missing or malformed.
  explicit ContainerReader(Source& source, const ReaderLimits& limits = {});

  [[nodiscard]] const Metadata& metadata() const { return metadata_; }
  /// The value of a metadata key, or nothing; of a key that occurs twice the last.
  [[nodiscard]] std::optional<ByteView> find_metadata(std::string_view key) const;
  /// What avro.codec says, "null" where it is missing. That the codec is one of ours is known after the first next_block() only.
  [[nodiscard]] const std::string& codec_name() const { return codec_name_; }
  /// The writer schema; it lives as long as the reader.
  [[nodiscard]] const Schema& schema() const { return schema_.root(); }
  [[nodiscard]] std::string_view schema_json() const { return schema_json_; }
  [[nodiscard]] const SyncMarker& sync_marker() const { return sync_marker_; }
  [[nodiscard]] std::uint64_t header_bytes() const { return header_bytes_; }
  /// Bytes of the file consumed so far.
  [[nodiscard]] std::uint64_t position() const { return position_; }

  /// Reads the next block into out, decompressed; false at the end of the file. A block of no records is a block.
  /// Errors: 22P04 truncated, negative or impossible count or size, wrong sync marker, damaged data; 0A000 a codec not supported.
  [[nodiscard]] bool next_block(Block& out);

  /// The same with the payload as it is stored, for readers that want counts and sizes only: any codec will do.
  [[nodiscard]] bool next_stored_block(Block& out);

 private:
  /// Reads ahead if all of buffer_ is used; false at the end of the file.
  bool fill();
  std::uint8_t read_byte();
  std::int64_t read_long();
  std::size_t read_size(std::size_t limit, const char* what);
  std::size_t read_block_size();
  [[noreturn]] void fail_negative_count(std::int64_t count);
  void hint_at_limit(Error& error) const;
  void read_into(std::span<std::uint8_t> out);
  /// Makes the first size_bytes of out the next bytes of the file. out only grows, and in steps, as they arrive.
  template <class Buffer>
  void read_growing(Buffer& out, std::size_t size_bytes);
  void read_header();
  void read_metadata();
  void read_metadata_entry(std::size_t& total_bytes);
  void decompress(Block& block);
  void check_record_count(const Block& block) const;
  [[noreturn]] void fail(const char* sqlstate, std::string message) const;

  Source& source_;
  ReaderLimits limits_;
  Metadata metadata_;
  std::string codec_name_, schema_json_;
  SchemaDocument schema_;
  SyncMarker sync_marker_{};
  std::unique_ptr<codec::Codec> codec_;  ///< made with the first block
  Bytes buffer_;
  Room stored_, payload_;
  std::size_t buffer_next_ = 0, buffer_end_ = 0;
  std::uint64_t position_ = 0, header_bytes_ = 0, block_number_ = 0, block_offset_bytes_ = 0;
};

}  // namespace ferry::avro
