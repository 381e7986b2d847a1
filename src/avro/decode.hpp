#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "avro/encode.hpp"
#include "avro/schema.hpp"
#include "base/bytes.hpp"
#include "base/interrupts.hpp"

// Source: Avro 1.12, Binary Encoding.
namespace ferry::avro {

/// How deep the values of recursive types may be nested.
inline constexpr int kMaxValueDepth = 1000;
/// How many items that may take no byte (null, fixed(0), a record of such) one Decoder reads beyond one for each byte of its
/// payload. Their count is the only thing in a file that costs work and no bytes.
inline constexpr std::size_t kMaxEmptyItems = 1'000'000;

/// The head of a block of array items or map entries.
struct ItemBlock {
  std::size_t count = 0;       ///< 0: the end of the array or map
  std::size_t size_bytes = 0;  ///< of the items, 0 where the writer did not say; checked against what the payload holds
};

/// Reads values, one after the other, from the payload of a block. Nothing is copied: bytes() and string() are views into the
/// payload. Every count, length and index is checked before it is used; a varint may be padded with zero bits but not be longer
/// than its type allows.
/// Errors: 22P04 with the byte offset in the detail; 54000 beyond kMaxValueDepth or kMaxEmptyItems; what interrupts throws.
/// The position is then unspecified.
class Decoder {
 public:
  /// base_offset_bytes is added to the offsets that errors name.
  explicit Decoder(ByteView payload, std::size_t base_offset_bytes = 0, CheckInterrupts interrupts = nullptr)
      : begin_(payload.data()),
        next_(begin_),
        end_(begin_ + payload.size()),
        base_offset_bytes_(base_offset_bytes),
        interrupts_(interrupts) {}

  /// Bytes read so far.
  [[nodiscard]] std::size_t position() const { return static_cast<std::size_t>(next_ - begin_); }
  [[nodiscard]] std::size_t remaining() const { return static_cast<std::size_t>(end_ - next_); }
  [[nodiscard]] bool at_end() const { return next_ == end_; }

  /// Exactly one byte, 0 or 1.
  [[nodiscard]] bool boolean() {
    const std::uint8_t byte = *take(1);
    if (byte > 1) fail_boolean(byte);
    return byte != 0;
  }

  [[nodiscard]] std::int32_t int_() {
    if (next_ != end_ && *next_ < 0x80) return static_cast<std::int32_t>(unzigzag(*next_++));
    return static_cast<std::int32_t>(unzigzag(varint(kMaxIntBytes, 0x0f)));
  }

  [[nodiscard]] std::int64_t long_() {
    if (next_ != end_ && *next_ < 0x80) return unzigzag(*next_++);
    return unzigzag(varint(kMaxLongBytes, 0x01));
  }

  [[nodiscard]] float float_() {
    float value;
    std::memcpy(&value, take(sizeof value), sizeof value);
    return value;
  }

  [[nodiscard]] double double_() {
    double value;
    std::memcpy(&value, take(sizeof value), sizeof value);
    return value;
  }

  [[nodiscard]] ByteView bytes() {
    const std::size_t size_bytes = length();
    return {take(size_bytes), size_bytes};
  }

  /// That the text is UTF-8 is for the caller to check.
  [[nodiscard]] std::string_view string() { return as_text(bytes()); }

  [[nodiscard]] ByteView fixed(std::size_t size_bytes) { return {take(size_bytes), size_bytes}; }

  /// The branch of a union or the symbol of an enum: less than count.
  [[nodiscard]] std::size_t index(std::size_t count) {
    const std::int64_t value = long_();
    if (static_cast<std::uint64_t>(value) >= count) fail_index(value, count);
    return static_cast<std::size_t>(value);
  }

  /// The head of the next block of an array or map. Its items take min_item_bytes or more each, so a count is refused that the
  /// payload cannot hold; where that is 0, they count as min_item_values each against kMaxEmptyItems.
  [[nodiscard]] ItemBlock item_block(std::size_t min_item_bytes, std::size_t min_item_values = 1);

  /// The same for a schema of type array or map.
  [[nodiscard]] ItemBlock item_block(const Schema& collection) {
    const std::size_t key_bytes = collection.type == Type::map ? 1 : 0;
    return item_block(collection.items->min_bytes + key_bytes, collection.items->min_values);
  }

  /// To be called for each item of an array or map, of which one value may have as many as the payload has bytes.
  void check_interrupts() const {
    if (interrupts_ != nullptr) interrupts_();
  }
  /// For what else takes long.
  [[nodiscard]] CheckInterrupts interrupt_check() const { return interrupts_; }

  /// Reads a value of that schema and forgets it. Blocks of items that tell their size are not jumped over: it may be wrong,
  /// and this is to end where reading the items ends, which does not look at it.
  void skip(const Schema& schema) { skip(schema, 0); }

 private:
  /// The next size_bytes bytes, which are then read.
  const std::uint8_t* take(std::size_t size_bytes) {
    if (size_bytes > remaining()) fail_truncated(size_bytes);
    const std::uint8_t* start = next_;
    next_ += size_bytes;
    return start;
  }

  std::size_t length() {
    const std::int64_t value = long_();
    if (value < 0) fail_length(value);
    return static_cast<std::size_t>(value);
  }

  /// A varint of up to max_bytes, the last of which may be up to max_last_byte: 32 = 4 * 7 + 4 bits and 64 = 9 * 7 + 1.
  std::uint64_t varint(std::size_t max_bytes, std::uint8_t max_last_byte);
  void skip(const Schema& schema, int depth);
  void check_depth(int depth) const;
  void skip_record(const Schema& schema, int depth);
  void skip_items(const Schema& schema, int depth);

  [[noreturn]] void fail(const char* sqlstate, std::string message, const std::uint8_t* at) const;
  [[noreturn]] void fail_truncated(std::size_t wanted_bytes) const;
  [[noreturn]] void fail_varint(std::size_t max_bytes) const;
  [[noreturn]] void fail_boolean(std::uint8_t byte) const;
  [[noreturn]] void fail_length(std::int64_t value) const;
  [[noreturn]] void fail_index(std::int64_t value, std::size_t count) const;

  const std::uint8_t* begin_;
  const std::uint8_t* next_;
  const std::uint8_t* end_;
  std::size_t base_offset_bytes_;
  std::size_t empty_items_ = 0;
  CheckInterrupts interrupts_;
};

}  // namespace ferry::avro
