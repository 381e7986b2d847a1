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
  std::string hint{};

  /// The memory it takes, more or less.
  [[nodiscard]] std::size_t bytes() const {
    return sizeof *this + constraint.capacity() + reason.capacity() + detail.capacity() + hint.capacity();
  }
};

/// Puts a sentence behind those of a detail, unless it is empty.
inline void add_sentence(std::string& detail, std::string_view sentence) {
  if (!detail.empty() && !sentence.empty()) detail += ' ';
  detail += sentence;
}

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

/// "The record takes in lines 2 to 4.", of more lines than one; else nothing.
[[nodiscard]] std::string sentence_of_lines(std::int64_t first, std::int64_t count);

/// The same of a record that is whole and that its source found nothing wrong with; else nothing.
[[nodiscard]] std::string lines_taken_in(const Record& record);

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
  std::size_t size = 0;        ///< of the text; of a value the bytes in memory, if the source tells them
  Datum value{};
};

/// The fields of a record, one for each column of the load in their order.
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

}  // namespace ferry::load
