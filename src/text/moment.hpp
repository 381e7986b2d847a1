#pragma once

#include <cstdint>
#include <string_view>

// Dates and times as people write them, as far as the server's input functions take them.
namespace ferry::text {

/// Which of a day and a month written as numbers comes first.
enum class DayMonth : std::uint8_t {
  none,         ///< the year comes first, or the month has a name: there is nothing to choose
  day_first,    ///< as in 31/12/2021
  month_first,  ///< as in 12/31/2021
  either,       ///< as in 01/02/2021
};

struct Moment {
  enum class Kind : std::uint8_t { none, date, time, timestamp, timestamptz } kind = Kind::none;
  DayMonth order = DayMonth::none;
};

/// What a text without blanks around it is: kind none where it is no moment, one that does not exist, such as February 30th, or
/// one with parts of a microsecond. A zone is Z, UTC, GMT or an offset.
[[nodiscard]] Moment read_moment(std::string_view text);

}  // namespace ferry::text
