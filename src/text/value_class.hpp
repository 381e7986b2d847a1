#pragma once

#include <cstdint>
#include <string_view>

#include "text/moment.hpp"

// What a value of a text file looks like, for a choice of types of columns that hold for all their values.
namespace ferry::text {

enum class ValueClass : std::uint8_t {
  null_word,  ///< one of kNullWords
  boolean_word,
  boolean_letter,  ///< t, f, y or n
  integer,
  bigint,
  wide_integer,
  decimal,
  floating,       ///< with an exponent, or infinite
  leading_zeros,  ///< a number only to who does not look: 007
  plus_sign,      ///< likewise: a telephone number
  decimal_comma,
  thousands,
  percent,
  currency,
  date,
  time,
  timestamp,
  timestamptz,
  uuid,
  json,  ///< an object or an array
  text,
};
inline constexpr std::size_t kValueClasses = static_cast<std::size_t>(ValueClass::text) + 1;

struct Value {
  ValueClass kind = ValueClass::text;
  DayMonth order = DayMonth::none;    ///< of dates and timestamps
  std::uint8_t null_word = 0;         ///< its number
  bool is_true = false;               ///< of boolean letters
  bool fits_double = true;            ///< of numbers: a double precision shows all of its digits
  std::uint16_t fraction_digits = 0;  ///< of numbers
};

/// text: without blanks around it, not empty. Each class but those of words and of what only looks like a number has a type
/// whose input function takes the value, if DateStyle is as order says.
[[nodiscard]] Value classify(std::string_view text);

/// The spellings of NULL that people use beside the empty field, by number.
[[nodiscard]] std::string_view null_word(std::size_t number);
inline constexpr std::size_t kNullWords = 38;
/// A bit for each of the words that stand for NULL among texts, too.
[[nodiscard]] std::uint64_t certain_null_words();
/// The number of a word, or kNullWords.
[[nodiscard]] std::size_t find_null_word(std::string_view text);

}  // namespace ferry::text
