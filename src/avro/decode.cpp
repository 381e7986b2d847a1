#include "avro/decode.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/checked.hpp"
#include "base/concat.hpp"
#include "base/error.hpp"

namespace ferry::avro {

namespace {

/// The seven low bits of each of eight bytes, beside each other.
constexpr std::uint64_t join_sevens(std::uint64_t bytes) {
  bytes = (bytes & 0x007f'007f'007f'007f) | (bytes & 0x7f00'7f00'7f00'7f00) >> 1;
  bytes = (bytes & 0x0000'3fff'0000'3fff) | (bytes & 0x3fff'0000'3fff'0000) >> 2;
  return (bytes & 0x0fff'ffff) | (bytes & 0x0fff'ffff'0000'0000) >> 4;
}

}  // namespace

std::uint64_t Decoder::varint(std::size_t max_bytes, std::uint8_t max_last_byte) {
  const std::uint8_t* const start = next_;
  if (std::uint64_t bytes; remaining() >= sizeof bytes) {
    std::memcpy(&bytes, start, sizeof bytes);
    const std::uint64_t ends = ~bytes & 0x8080'8080'8080'8080;
    const auto size_bytes = static_cast<std::size_t>(std::countr_zero(ends) / 8 + 1);
    if (ends != 0 && size_bytes < max_bytes) {
      next_ = start + size_bytes;
      const std::uint64_t rest = ends ^ (ends - 1);  // of the bits up to the end's own
      return join_sevens(bytes & rest & 0x7f7f'7f7f'7f7f'7f7f);
    }
  }
  const std::size_t available_bytes = std::min(max_bytes, remaining());
  std::uint64_t value = 0;
  unsigned shift = 0;
  for (std::size_t i = 0; i < available_bytes; i++, shift += 7) {
    const std::uint8_t byte = start[i];
    value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) {
      if (i + 1 == max_bytes && byte > max_last_byte) break;
      next_ = start + i + 1;
      return value;
    }
  }
  if (available_bytes < max_bytes) fail_truncated(available_bytes + 1);
  fail_varint(max_bytes);
}

ItemBlock Decoder::item_block(std::size_t min_item_bytes, std::size_t min_item_values) {
  const std::uint8_t* const start = next_;
  const std::int64_t stored_count = long_();
  if (stored_count == 0) return {};
  ItemBlock block;
  // A negative count is followed by the size of the items. -count is taken unsigned: it exists for the smallest long, too.
  auto count = static_cast<std::uint64_t>(stored_count);
  if (stored_count < 0) {
    count = -count;
    block.size_bytes = length();
    if (block.size_bytes > remaining())
      fail("22P04", concat("block of items is said to take ", block.size_bytes, " bytes"), start);
  }
  const std::size_t available_bytes = stored_count < 0 ? block.size_bytes : remaining();
  if (min_item_bytes == 0) {
    const std::size_t allowed = kMaxEmptyItems + static_cast<std::size_t>(end_ - begin_) - empty_items_;
    if (count > allowed / min_item_values)
      fail("54000", concat("more than ", kMaxEmptyItems, " items that take no bytes"), start);
    empty_items_ += count * min_item_values;
  } else if (count > available_bytes / min_item_bytes) {
    fail("22P04", concat("block of items is said to hold ", count, " items"), start);
  }
  block.count = count;
  return block;
}

// Unions do not nest in themselves, so depth is counted in records, arrays and maps.
void Decoder::skip(const Schema& schema, int depth) {
  switch (schema.type) {
    case Type::null_:
      return;
    case Type::boolean:
      static_cast<void>(boolean());
      return;
    case Type::int_:
      static_cast<void>(int_());
      return;
    case Type::long_:
      static_cast<void>(long_());
      return;
    case Type::float_:
      take(sizeof(float));
      return;
    case Type::double_:
      take(sizeof(double));
      return;
    case Type::bytes:
    case Type::string:
      take(length());
      return;
    case Type::fixed:
      take(schema.size_bytes);
      return;
    case Type::enum_:
      static_cast<void>(index(schema.symbols.size()));
      return;
    case Type::union_:
      skip(*schema.branches[index(schema.branches.size())], depth);
      return;
    case Type::record:
      skip_record(schema, depth + 1);
      return;
    case Type::array:
    case Type::map:
      skip_items(schema, depth + 1);
      return;
  }
}

void Decoder::check_depth(int depth) const {
  if (depth > kMaxValueDepth) fail("54000", concat("value is nested more than ", kMaxValueDepth, " levels deep"), next_);
}

void Decoder::skip_record(const Schema& schema, int depth) {
  check_depth(depth);
  for (const Field& field : schema.fields) skip(*field.schema, depth);
}

void Decoder::skip_items(const Schema& schema, int depth) {
  check_depth(depth);
  for (ItemBlock block = item_block(schema); block.count != 0; block = item_block(schema)) {
    const std::uint8_t* const start = next_;
    for (std::size_t i = 0; i < block.count; i++) {
      check_interrupts();
      if (schema.type == Type::map) take(length());
      skip(*schema.items, depth);
    }
    const auto taken_bytes = static_cast<std::size_t>(next_ - start);
    if (block.size_bytes != 0 && taken_bytes != block.size_bytes)
      fail("22P04", concat("items take ", taken_bytes, " bytes, but their block is said to have ", block.size_bytes), start);
  }
}

void Decoder::fail(const char* sqlstate, std::string message, const std::uint8_t* at) const {
  const std::size_t offset_bytes = base_offset_bytes_ + static_cast<std::size_t>(at - begin_);
  throw Error(sqlstate, std::move(message)).detail(concat("The value starts at byte ", offset_bytes, " of the block."));
}

void Decoder::fail_truncated(std::size_t wanted_bytes) const {
  fail("22P04", concat("unexpected end of data: ", wanted_bytes, " bytes expected, ", remaining(), " left"), next_);
}

void Decoder::fail_varint(std::size_t max_bytes) const {
  fail("22P04", concat("integer does not fit into ", max_bytes == kMaxIntBytes ? "an int" : "a long"), next_);
}

void Decoder::fail_boolean(std::uint8_t byte) const {
  fail("22P04", concat("invalid boolean: ", static_cast<int>(byte)), next_ - 1);
}

void Decoder::fail_length(std::int64_t value) const { fail("22P04", concat("negative length: ", value), next_); }

void Decoder::fail_index(std::int64_t value, std::size_t count) const {
  fail("22P04", concat("index ", value, " is not one of 0 to ", static_cast<std::int64_t>(count) - 1), next_);
}

}  // namespace ferry::avro
