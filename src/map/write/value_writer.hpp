#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string_view>

#include "avro/encode.hpp"
#include "base/bytes.hpp"
#include "base/room.hpp"
#include "map/write/stored_column.hpp"
#include "map/write/value_node.hpp"

#include "pg/server.hpp"

extern "C" {
#include "utils/date.h"
#include "utils/rangetypes.h"
#include "utils/timestamp.h"
}

namespace ferry::map {

/// Encodes values one after the other into a buffer that grows. The functions that put values call the server without a guard
/// of their own, and allocate in the current memory context.
class ValueWriter {
 public:
  ValueWriter();
  ValueWriter(const ValueWriter&) = delete;
  ValueWriter& operator=(const ValueWriter&) = delete;

  /// Makes room for size_bytes, and keeps room for as much after everything else that is put, until this is called again. So
  /// values of a fixed size need ask for none.
  void begin_row(std::size_t size_bytes) {
    slack_bytes_ = size_bytes;
    reserve(0);
  }
  /// A value, or null, in the room that begin_row() made if it is of a fixed size.
  void put_in_row(const ValueNode& node, Datum value) {
    if (node.is_fixed)
      put_fixed(node, value);
    else
      put_variable(node, value);
  }
  void put_null_in_row() { *out_++ = 0; }

  /// The columns of a row as a heap stores it, which has at least so many, in the room that begin_row() made. current: of which
  /// the value is that is being written when this raises. Returns the first column that is null and must not be, or null.
  const StoredColumn* put_stored_row(std::span<const StoredColumn> columns, const HeapTupleHeaderData* row,
                                     const StoredColumn** current);

  /// A value anywhere: with its branch where it is of a union.
  void put(const ValueNode& node, Datum value) {
    reserve(kMaxFixedBytes);
    put_in_row(node, value);
  }
  void put_null() {
    reserve(1);
    put_null_in_row();
  }

  [[nodiscard]] std::size_t size_bytes() const { return static_cast<std::size_t>(out_ - buffer_.data()); }
  [[nodiscard]] ByteView bytes() const { return buffer_.first(size_bytes()); }
  void clear() { out_ = buffer_.data(); }

 private:
  static constexpr std::size_t kMaxFixedBytes = 40;

  /// Room for size_bytes more than begin_row() asked for.
  void reserve(std::size_t size_bytes) {
    if (static_cast<std::size_t>(limit_ - out_) < size_bytes + slack_bytes_) grow(size_bytes + slack_bytes_);
  }
  void grow(std::size_t size_bytes);

  /// Writes what is common and cannot fail; null, with nothing written, where put_in_row() has to.
  static std::uint8_t* put_common(std::uint8_t* out, const StoredColumn& column, const char* data);
  void put_fixed(const ValueNode& node, Datum value);
  void put_variable(const ValueNode& node, Datum value);

  // these take their room from the one who calls
  void put_branch(const ValueNode& node) {
    if (node.is_union) *out_++ = static_cast<std::uint8_t>(2 * node.value_branch);
  }
  void put_other_branch(const ValueNode& node) { *out_++ = static_cast<std::uint8_t>(2 * node.other_branch); }
  void put_time(const ValueNode& node, TimeADT time);
  void put_interval(const Interval& interval);
  void put_uuid(const std::uint8_t* uuid);

  // these make room themselves
  void put_long(std::int64_t value) {
    reserve(avro::kMaxLongBytes);
    out_ = avro::encode_long(out_, value);
  }
  void put_bytes(const char* data, std::size_t size_bytes);
  void put_date(const ValueNode& node, Datum value);
  void put_timestamp(const ValueNode& node, std::int64_t value);
  void put_decimal(const ValueNode& node, Datum value);
  void put_iso_interval(const ValueNode& node, Datum value);
  void put_symbol(const ValueNode& node, Oid label);
  /// Text of the database, with its branch.
  void put_text(const ValueNode& node, const char* data, std::size_t size_bytes);
  /// Text of the database, which must have a form in UTF-8.
  void put_utf8(const char* data, std::size_t size_bytes);

  template <class E>
  void put_dimension(const ValueNode& element, const int* dims, int count, E& elements);
  void put_array(const ValueNode& node, Datum value);
  void put_plain_array(const ValueNode& node, Datum value);
  void put_record(const ValueNode& node, Datum value);
  void put_range(const ValueNode& node, const RangeType* range);
  void put_multirange(const ValueNode& node, Datum value);
  void put_map(const ValueNode& node, char* text);
  void put_twofold(const ValueNode& node, Datum value);

  [[nodiscard]] static bool is_valid_utf8(const char* data, std::size_t size_bytes);

  Room buffer_;
  std::uint8_t *out_, *limit_;
  std::size_t slack_bytes_ = 0;
  bool is_utf8_;
};

}  // namespace ferry::map
