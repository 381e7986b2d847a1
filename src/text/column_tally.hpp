#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "text/value_class.hpp"

namespace ferry::text {

/// The types that a column of a text file may be given.
enum class ColumnType : std::uint8_t {
  boolean,
  integer,
  bigint,
  numeric,
  double_precision,
  date,
  timestamp,
  timestamptz,
  time,
  uuid,
  jsonb,
  text,
};

/// The reason why dates are left as text that may have the day or the month first.
inline constexpr const char* kUnknownDayMonth = "whether the day or the month comes first cannot be told from the data";

struct ColumnVerdict {
  ColumnType type = ColumnType::text;
  DayMonth order = DayMonth::none;  ///< day_first or month_first where DateStyle has to say so
  std::uint64_t null_words = 0;     ///< a bit for each that is NULL in this column
  std::string reason{};             ///< of a text that looks like something else, in ASCII on one line; else empty
};

/// What the values of a column have in common. Memory: constant.
class ColumnTally {
 public:
  /// A value that is not NULL by its field; was_quoted: it stood in quotes, so that no word in it is a spelling of NULL.
  void add(std::string_view value, bool was_quoted, std::int64_t line_number);
  /// A value in quotes that has blanks outside of them.
  void note_padding() { padded_++; }

  /// The narrowest type that takes all values.
  [[nodiscard]] ColumnVerdict verdict() const;
  /// Whether each value is one to three capital letters, among which NA is a code like the others.
  [[nodiscard]] bool is_code() const { return is_code_; }
  [[nodiscard]] bool has_null_word(std::size_t number) const { return (words_ >> number & 1) != 0; }
  /// Empty values in quotes, which are no NULL unless one asks for it.
  [[nodiscard]] std::int64_t quoted_blanks() const { return quoted_blanks_; }
  /// Values of blanks only, not in quotes.
  [[nodiscard]] std::int64_t blanks() const { return blanks_; }
  /// Values with blanks around them, not in quotes.
  [[nodiscard]] std::int64_t padded() const { return padded_; }
  /// Words for NULL among those.
  [[nodiscard]] std::int64_t padded_null_words() const { return padded_null_words_; }
  /// Values that are not empty and no words for NULL.
  [[nodiscard]] std::int64_t values() const { return values_; }

 private:
  struct Seen {
    std::int64_t count = 0, line_number = 0;
    std::array<char, 24> example{};  ///< the first, if it is short and plain; ends with a zero byte
  };
  void note(ValueClass kind, std::string_view value, std::int64_t line_number);
  void note_text(std::string_view value, bool was_quoted);
  [[nodiscard]] const Seen& seen(ValueClass kind) const { return seen_[static_cast<std::size_t>(kind)]; }
  [[nodiscard]] std::int64_t count(ValueClass kind) const { return seen(kind).count; }
  template <class... Kinds>
  [[nodiscard]] bool only(Kinds... kinds) const {
    return (count(kinds) + ...) == values_;
  }
  [[nodiscard]] std::string where(ValueClass kind) const;
  [[nodiscard]] ColumnType number_type() const;
  void decide_moment(ColumnVerdict& verdict) const;
  [[nodiscard]] std::string mixed_reason() const;

  std::array<Seen, kValueClasses> seen_{};
  std::int64_t values_ = 0, quoted_blanks_ = 0, blanks_ = 0, padded_ = 0, padded_null_words_ = 0;
  std::int64_t day_first_ = 0, month_first_ = 0, either_ = 0;
  std::int64_t true_letters_ = 0;
  std::uint64_t words_ = 0;
  std::uint16_t most_fraction_digits_ = 0;
  bool fits_double_ = true;  ///< of all numbers
  bool is_code_ = true;
  bool is_text_ = false;  ///< beyond doubt
};

}  // namespace ferry::text
