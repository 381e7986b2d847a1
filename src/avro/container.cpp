#include "avro/container.hpp"

#include <algorithm>

#include "avro/codec_name.hpp"
#include "avro/encode.hpp"
#include "avro/schema_json.hpp"
#include "base/checked.hpp"
#include "base/concat.hpp"
#include "base/error.hpp"

namespace ferry::avro {
namespace {

constexpr std::uint8_t kMagic[] = {'O', 'b', 'j', 1};
constexpr std::size_t kBufferBytes = std::size_t{64} << 10;
/// The most that a buffer grows by before that many more bytes have come, and the most that is read at once.
constexpr std::size_t kGrowthBytes = std::size_t{1} << 20;

}  // namespace

// ---- ContainerWriter

ContainerWriter::ContainerWriter(Sink& sink, const WriterOptions& options)
    : sink_(sink), encoder_(options.codec, options.level, options.sync_marker, options.check_interrupts) {
  Bytes header(std::begin(kMagic), std::end(kMagic));
  put_long(header, static_cast<std::int64_t>(options.metadata.size()) + 2);
  put_string(header, "avro.schema");
  put_string(header, options.schema_json);
  put_string(header, "avro.codec");
  put_string(header, codec::codec_name(options.codec));
  for (const auto& [key, value] : options.metadata) {
    if (key.starts_with("avro.")) throw Error("22023", concat("metadata key \"", key, "\" is reserved"));
    put_string(header, key);
    put_bytes(header, value);
  }
  put_long(header, 0);
  put_fixed(header, options.sync_marker);
  write(header);
}

void ContainerWriter::append_block(ByteView block) {
  if (block.empty()) return;
  write(block);
  blocks_written_++;
}

void ContainerWriter::write(ByteView bytes) {
  sink_.write(bytes);
  bytes_written_ += bytes.size();
}

// ---- ContainerReader: bytes

bool ContainerReader::fill() {
  if (buffer_next_ != buffer_end_) return true;
  buffer_.resize(kBufferBytes);
  buffer_next_ = 0;
  buffer_end_ = source_.read(buffer_);
  return buffer_end_ != 0;
}

std::uint8_t ContainerReader::read_byte() {
  if (!fill()) fail("22P04", "unexpected end of file");
  position_++;
  return buffer_[buffer_next_++];
}

std::int64_t ContainerReader::read_long() {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 7 * kMaxLongBytes; shift += 7) {
    const std::uint8_t byte = read_byte();
    const std::uint64_t bits = byte & 0x7f;
    if (bits > UINT64_MAX >> shift) break;
    value |= bits << shift;
    if (byte < 0x80) return unzigzag(value);
  }
  fail("22P04", "integer does not fit into a long");
}

std::size_t ContainerReader::read_size(std::size_t limit, const char* what) {
  const std::int64_t size = read_long();
  if (size < 0) fail("22P04", concat(what, " has negative size ", size));
  const std::optional<std::size_t> checked = checked_length(size, limit);
  if (!checked) fail("54000", concat(what, " of ", size, " bytes is larger than the limit of ", limit, " bytes"));
  return *checked;
}

void ContainerReader::read_into(std::span<std::uint8_t> out) {
  while (!out.empty()) {
    check(limits_.check_interrupts);
    std::size_t count = 0;
    if (buffer_next_ == buffer_end_ && out.size() >= kBufferBytes) {
      count = source_.read(out.first(std::min(out.size(), kGrowthBytes)));
      if (count == 0) fail("22P04", "unexpected end of file");
    } else {
      if (!fill()) fail("22P04", "unexpected end of file");
      count = std::min(out.size(), buffer_end_ - buffer_next_);
      std::copy_n(buffer_.data() + buffer_next_, count, out.data());
      buffer_next_ += count;
    }
    position_ += count;
    out = out.subspan(count);
  }
}

template <class Buffer>
void ContainerReader::read_growing(Buffer& out, std::size_t size_bytes) {
  for (std::size_t done = 0; done < size_bytes;) {
    const std::size_t step = std::min(size_bytes - done, std::max(kGrowthBytes, done));
    if (out.size() < done + step) out.resize(done + step);
    read_into({out.data() + done, step});
    done += step;
  }
}

void ContainerReader::fail(const char* sqlstate, std::string message) const {
  const std::string part = block_number_ == 0 ? std::string("header") : concat("block ", block_number_);
  throw Error(sqlstate, std::move(message)).detail(concat("The place is byte ", position_, " of the file, in the ", part, "."));
}

// ---- ContainerReader: header

ContainerReader::ContainerReader(Source& source, const ReaderLimits& limits) : source_(source), limits_(limits) { read_header(); }

void ContainerReader::read_header() {
  std::uint8_t magic[sizeof kMagic];
  read_into(magic);
  if (!std::equal(std::begin(magic), std::end(magic), kMagic)) fail("22P04", "file is not an Avro object container file");
  read_metadata();
  read_into(sync_marker_);
  header_bytes_ = position_;

  const std::optional<ByteView> codec = find_metadata("avro.codec");
  codec_name_ = codec ? as_text(*codec) : "null";
  const std::optional<ByteView> schema = find_metadata("avro.schema");
  if (!schema) fail("22P04", "file has no metadata \"avro.schema\"");
  schema_json_ = as_text(*schema);
  schema_ = parse_schema(schema_json_);
}

/// The metadata is a map of bytes, in the encoding that maps have: blocks, of which a negative count is followed by a size.
void ContainerReader::read_metadata() {
  std::size_t total_bytes = 0;
  for (std::int64_t count = read_long(); count != 0; count = read_long()) {
    if (count < 0) {
      if (count == INT64_MIN) fail("22P04", concat("metadata has ", count, " entries"));
      count = -count;
      static_cast<void>(read_size(limits_.max_metadata_bytes, "metadata"));
    }
    for (std::int64_t i = 0; i < count; i++) read_metadata_entry(total_bytes);
  }
}

void ContainerReader::read_metadata_entry(std::size_t& total_bytes) {
  // An entry counts for more than its bytes, so that empty ones have an end as well.
  const std::size_t limit = limits_.max_metadata_bytes;
  total_bytes += sizeof(Metadata::value_type);
  Bytes key, value;
  for (Bytes* part : {&key, &value}) {
    const std::size_t size_bytes = read_size(limit, part == &key ? "metadata key" : "metadata value");
    total_bytes += size_bytes;
    if (total_bytes > limit) fail("54000", concat("metadata is larger than ", limit, " bytes"));
    read_growing(*part, size_bytes);
  }
  metadata_.emplace_back(as_text(key), std::move(value));
}

std::optional<ByteView> ContainerReader::find_metadata(std::string_view key) const {
  for (auto entry = metadata_.rbegin(); entry != metadata_.rend(); ++entry)
    if (entry->first == key) return ByteView(entry->second);
  return std::nullopt;
}

// ---- ContainerReader: blocks

bool ContainerReader::next_stored_block(Block& out) {
  if (!fill()) return false;
  block_number_++;
  const std::uint64_t offset_bytes = block_offset_bytes_ = position_;
  const std::int64_t record_count = read_long();
  if (record_count < 0) fail_negative_count(record_count);
  const std::size_t stored_bytes = read_block_size();
  read_growing(stored_, stored_bytes);
  SyncMarker marker;
  read_into(marker);
  if (marker != sync_marker_) fail("22P04", "sync marker after the block is not that of the file");
  out = {.record_count = record_count,
         .payload = stored_.first(stored_bytes),
         .offset_bytes = offset_bytes,
         .block_number = block_number_,
         .stored_bytes = stored_bytes};
  return true;
}

/// The first byte of a header is a negative count.
void ContainerReader::fail_negative_count(std::int64_t count) {
  std::uint8_t rest[sizeof kMagic - 1] = {};
  if (position_ - block_offset_bytes_ == 1 && unzigzag(kMagic[0]) == count) read_into(rest);
  if (!std::equal(std::begin(rest), std::end(rest), std::begin(kMagic) + 1))
    fail("22P04", concat("block has negative record count ", count));
  throw Error("22P04", concat("another Avro file begins behind block ", block_number_ - 1))
      .detail(concat("Its header is at byte ", block_offset_bytes_, "."))
      .hint("Files of Avro cannot be put together as they are. Load each of them by itself.");
}

std::size_t ContainerReader::read_block_size() {
  try {
    return read_size(limits_.max_stored_block_bytes, "block");
  } catch (Error& error) {
    hint_at_limit(error);
    throw;
  }
}

/// Of the errors here, those alone are about a limit that the caller chose.
void ContainerReader::hint_at_limit(Error& error) const {
  if (error.sqlstate() == "54000" && error.hint().empty()) error.hint(limits_.block_hint);
}

bool ContainerReader::next_block(Block& out) {
  if (!next_stored_block(out)) return false;
  if (!codec_) codec_ = codec::make_codec(codec_by_name(codec_name_), std::nullopt, limits_.check_interrupts);
  // Some writers do not compress nothing.
  if (!out.payload.empty()) decompress(out);
  check_record_count(out);
  return true;
}

void ContainerReader::decompress(Block& block) {
  try {
    block.payload = codec_->decompress(block.payload, limits_.max_block_bytes, payload_);
  } catch (Error& error) {
    const std::string before = error.detail().empty() ? std::string() : concat(error.detail(), ' ');
    error.detail(
        concat(before, "The place is block ", block_number_, ", which starts at byte ", block.offset_bytes, " of the file."));
    hint_at_limit(error);
    throw;
  }
}

void ContainerReader::check_record_count(const Block& block) const {
  const auto count = static_cast<std::uint64_t>(block.record_count);
  const Schema& record = schema_.root();
  if (record.min_bytes != 0) {
    if (count > block.payload.size() / record.min_bytes)
      fail("22P04", concat("block of ", block.payload.size(), " bytes is said to hold ", count, " records"));
  } else if (count > static_cast<std::uint64_t>(limits_.max_empty_records) / record.min_values) {
    fail("54000", concat("block is said to hold ", count, " records that take no bytes"));
  }
}

}  // namespace ferry::avro
