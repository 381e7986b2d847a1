#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string_view>

#include "load/record/record.hpp"

namespace ferry::load {

/// Rows on their way in: a file, a JSON array. A source knows nothing of tables: it names its fields, and is told which columns
/// they are for.
class Source {
 public:
  virtual ~Source() = default;
  /// The next record; false at the end. Errors: I/O.
  [[nodiscard]] virtual bool read(Record& record) = 0;
  /// The fields of a record that read() has given, now or long ago: nothing but its raw bytes and its problem may be needed to
  /// tell them. They are valid until the next call. What is wrong with the record is a
  /// value in out, not an error; the server's conversion functions may raise.
  virtual void split(const Record& record, Fields& out) = 0;
  /// The index among the fields of the one that split() was at when it raised, if it was at one.
  [[nodiscard]] virtual std::optional<std::size_t> failed_field() const { return std::nullopt; }
  /// Whether a text may become longer than the record's raw bytes and a change of encoding make it.
  [[nodiscard]] virtual bool texts_may_grow() const { return false; }
  /// Where the records with those numbers are, as the context of errors has it, zero-terminated in out; false where the number of
  /// the line or row will do. Called while the server makes an error: raises none.
  [[nodiscard]] virtual bool tell_location(std::int64_t /*first_row*/, std::int64_t /*last_row*/, std::span<char> /*out*/) const {
    return false;
  }
  /// So many records are to be read at most before they are split, or the values that split() makes of them might take too much
  /// memory.
  [[nodiscard]] virtual std::size_t most_records() const { return std::numeric_limits<std::size_t>::max(); }
  /// Whether split() may look at tables, or write, so that the rows of the records before are to be there.
  [[nodiscard]] virtual bool looks_at_tables() const { return false; }
  /// Whether split() never raises an error of the server, only its own.
  [[nodiscard]] virtual bool splits_without_errors() const { return false; }
  /// The record as text; of one with more than most_bytes so many of the first ones, up to the end of a character.
  [[nodiscard]] virtual RecordText text_of(const Record& record, std::size_t most_bytes) = 0;
  /// Whether a record may leave a column of the load without a field, to take its default.
  [[nodiscard]] virtual bool may_leave_fields_out() const = 0;
  /// Whether 1.0 and 1e3 are whole numbers, which columns of integers take.
  [[nodiscard]] virtual bool takes_whole_decimals() const { return false; }
  /// Bytes of the source in all; 0 where that is not known.
  [[nodiscard]] virtual std::int64_t bytes_total() const = 0;
  /// Bytes of the source read so far.
  [[nodiscard]] virtual std::int64_t bytes_read() const = 0;
};

}  // namespace ferry::load
