#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.hpp"
#include "map/types.hpp"

#include "pg/server.hpp"

namespace ferry::map {

/// Encodes rows as Avro records of record_schema(), one after the other into the payload of a block. Rows go from the tuple
/// into the payload with no copy between, but for values that are compressed or out of line.
class RowWriter {
 public:
  /// The writer belongs to the current memory context.
  explicit RowWriter(const Table& table);

  /// Appends the row in slot, which has the row type of the table. Calls the server without a guard of its own: to be used
  /// inside pg::call(), many rows in one. Errors: 22P05 text that has no form in UTF-8; 22021 text that is not of the database's
  /// encoding. The payload is then unspecified.
  void append(TupleTableSlot* slot);

  [[nodiscard]] std::int64_t row_count() const { return row_count_; }
  [[nodiscard]] std::size_t size_bytes() const { return used_; }
  /// Valid until the next append() or clear().
  [[nodiscard]] ByteView payload() const { return {buffer_.data(), used_}; }
  /// Begins the next block.
  void clear() { used_ = 0, row_count_ = 0; }

 private:
  struct Step {
    AttrNumber attribute;
    Kind kind;
    bool is_nullable, has_other;
    std::uint8_t value_branch, other_branch;
    std::uint8_t decimal_bytes;
    int precision, scale;
  };

  /// Where size_bytes bytes may be written; commit() says how far they were.
  std::uint8_t* room(std::size_t size_bytes) {
    if (buffer_.size() - used_ < size_bytes) grow(size_bytes);
    return buffer_.data() + used_;
  }
  void commit(const std::uint8_t* end) { used_ = static_cast<std::size_t>(end - buffer_.data()); }
  void grow(std::size_t size_bytes);

  void put_branch(std::uint8_t branch);
  void put_value(const Step& step, Datum value);
  void put_number(const Step& step, Datum value);
  void put_bytes(const char* data, std::size_t size_bytes);
  void put_text(const Step& step, const char* data, int size_bytes);
  void put_decimal(const Step& step, Datum value);
  void put_timestamp(const Step& step, std::int64_t value);

  std::vector<Step> steps_;
  Bytes buffer_;  ///< its size is its capacity; used_ bytes of it hold rows
  std::size_t used_ = 0;
  std::int64_t row_count_ = 0;
  MemoryContext row_context_;
  bool is_utf8_, is_sql_ascii_;
};

}  // namespace ferry::map
