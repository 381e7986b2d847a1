#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/interrupts.hpp"

#include "pg/server.hpp"

namespace ferry::load {

/// Why a row cannot be loaded. Texts are in the server's encoding; names are empty where they do not apply.
struct Problem {
  std::string sqlstate, column, constraint, reason, detail;
  std::string hint{};  ///< the log has no place for it

  /// The memory it takes, more or less.
  [[nodiscard]] std::size_t bytes() const { return sizeof *this + constraint.capacity() + reason.capacity() + detail.capacity(); }
};

/// So many records are at most behind one that is not decided yet, itself included.
inline constexpr std::int64_t kMostUndecided = 16'000;

/// The bytes of a record: its own, or some of its source's.
class RawBytes {
 public:
  /// check_interrupts: for bytes that may be many.
  void assign(std::string_view bytes, CheckInterrupts check_interrupts = nullptr) {
    constexpr std::size_t kStepBytes = std::size_t{4} << 20;
    is_own_ = true;
    own_.assign(bytes.substr(0, kStepBytes));
    if (bytes.size() <= kStepBytes) return;
    own_.reserve(bytes.size());
    for (std::size_t done = kStepBytes; done < bytes.size(); done = own_.size()) {
      check(check_interrupts);
      own_.append(bytes.substr(done, kStepBytes));
    }
  }
  /// Takes no copy. bytes: there as long as the source is.
  void refer_to(std::string_view bytes) {
    elsewhere_ = bytes;
    is_own_ = false;
  }
  operator std::string_view() const { return is_own_ ? std::string_view(own_) : elsewhere_; }
  [[nodiscard]] const char* data() const { return std::string_view(*this).data(); }
  [[nodiscard]] std::size_t size() const { return std::string_view(*this).size(); }
  /// Of the memory for bytes of its own.
  [[nodiscard]] std::size_t capacity() const { return own_.capacity(); }

 private:
  std::string own_;
  std::string_view elsewhere_;
  bool is_own_ = true;
};

/// A row as its source has it.
struct Record {
  std::int64_t row_number = 0;         ///< from 1
  std::int64_t line_number = 0;        ///< from 1; 0 where the source has no lines
  RawBytes raw{};                      ///< exactly as it came, in the encoding of the source
  bool is_cut = false;                 ///< raw has its first bytes only
  std::unique_ptr<Problem> problem{};  ///< what the source found wrong while it looked for the record's end; most have nothing
};

/// What a record says of one column.
struct Field {
  enum class State : std::uint8_t {
    absent,
    null,
    text,
    view,   ///< a text that no zero byte follows
    value,  ///< one of the column's type already, in the current memory context
  } state = State::absent;
  const char* text = nullptr;  ///< zero-terminated but for a view, in the server's encoding
  std::size_t size = 0;
  Datum value{};
};

/// The fields of a record, a place for each column of the load in their order.
struct Fields {
  std::vector<Field> values;
  std::size_t valid = 0;             ///< the first so many are to be converted
  std::optional<Problem> problem{};  ///< found behind those

  /// What the source found wrong with the record as a whole, or nothing.
  void take_problem_of(const Record& record) {
    problem = record.problem ? std::optional<Problem>(*record.problem) : std::nullopt;
  }
};

/// A record as people read it.
struct RecordText {
  std::optional<std::string> text{};  ///< in the server's encoding; nothing where the bytes are not valid text
  bool is_cut = false;                ///< it has the first bytes only
};

/// Rows on their way in: a file, a JSON array.
class Source {
 public:
  virtual ~Source() = default;
  /// The next record; false at the end. Errors: I/O.
  [[nodiscard]] virtual bool read(Record& record) = 0;
  /// The fields of a record that read() has given, now or long ago: nothing but its raw bytes and its problem may be needed to
  /// tell them. They are valid until the next call. What is wrong with the record is a
  /// value in out, not an error; the server's conversion functions may raise.
  virtual void split(const Record& record, Fields& out) = 0;
  /// The place among the fields of the one that split() was at when it raised, if it was at one.
  [[nodiscard]] virtual std::optional<std::size_t> failed_field() const { return std::nullopt; }
  /// Whether a text may become longer than the record's raw bytes and a change of encoding make it.
  [[nodiscard]] virtual bool texts_may_grow() const { return false; }
  /// Where the records with those numbers are, as the context of errors has it, zero-terminated in out; false where the words for
  /// any source will do. column: what is at work, or empty. Called while the server makes an error: raises none.
  [[nodiscard]] virtual bool tell_place(std::int64_t /*first_row*/, std::int64_t /*last_row*/, std::string_view /*column*/,
                                        std::span<char> /*out*/) const {
    return false;
  }
  /// Whether split() never raises an error of the server, only its own.
  [[nodiscard]] virtual bool splits_without_errors() const { return false; }
  /// The record as text; of one with more than most_bytes so many of the first ones, up to the end of a character.
  [[nodiscard]] virtual RecordText text_of(const Record& record, std::size_t most_bytes) = 0;
  /// Whether a record may leave a column of the load without a field, to take its default.
  [[nodiscard]] virtual bool may_leave_fields_out() const = 0;
  /// Bytes of the source in all; 0 where that is not known.
  [[nodiscard]] virtual std::int64_t bytes_total() const = 0;
  /// Bytes of the source read so far.
  [[nodiscard]] virtual std::int64_t bytes_read() const = 0;
};

}  // namespace ferry::load
