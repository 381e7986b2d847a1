#include "text/moment.hpp"

#include <algorithm>
#include <array>

namespace ferry::text {
namespace {

struct Digits {
  int value = 0;
  std::size_t count = 0;
};

/// Reads a text from its front.
class Cursor {
 public:
  explicit Cursor(std::string_view rest) : rest_(rest) {}

  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  [[nodiscard]] char peek() const { return rest_.empty() ? '\0' : rest_.front(); }
  bool take(char c) {
    if (peek() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool take(std::string_view word) {
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }
  /// All digits that follow, of which more than nine are too many for any part of a moment.
  Digits digits() {
    Digits found;
    for (; peek() >= '0' && peek() <= '9'; rest_.remove_prefix(1))
      if (++found.count <= 9) found.value = found.value * 10 + (rest_.front() - '0');
    return found;
  }
  /// The letters that follow, as small ones.
  std::string_view letters(std::array<char, 12>& storage) {
    std::size_t count = 0;
    for (; count < storage.size() && count < rest_.size(); count++) {
      const char c = static_cast<char>(rest_[count] | 0x20);
      if (c < 'a' || c > 'z') break;
      storage[count] = c;
    }
    rest_.remove_prefix(count);
    return {storage.data(), count};
  }

 private:
  std::string_view rest_;
};

int days_of(int month, int year) {
  constexpr std::array<int, 12> kDays{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return kDays[static_cast<std::size_t>(month - 1)] + (month == 2 && is_leap ? 1 : 0);
}

bool exists(int year, int month, int day) {
  return year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= days_of(month, year);
}

/// From 1; 0: no month.
int month_by_name(std::string_view name) {
  constexpr std::array<std::string_view, 12> kMonths{"january", "february", "march",     "april",   "may",      "june",
                                                     "july",    "august",   "september", "october", "november", "december"};
  for (std::size_t i = 0; i < kMonths.size(); i++)
    if (name == kMonths[i] || name == kMonths[i].substr(0, 3)) return static_cast<int>(i) + 1;
  return 0;
}

bool is_one_or_two(const Digits& digits) { return digits.count == 1 || digits.count == 2; }

/// As the server takes a year of two digits.
int full_year(const Digits& year) { return year.count != 2 ? year.value : year.value + (year.value < 70 ? 2000 : 1900); }

bool read_year_first(Cursor& in, const Digits& year) {
  const char separator = in.peek();
  if (!in.take('-') && !in.take('/') && !in.take('.')) return false;
  const Digits month = in.digits();
  if (!is_one_or_two(month) || !in.take(separator)) return false;
  const Digits day = in.digits();
  return is_one_or_two(day) && exists(year.value, month.value, day.value);
}

/// 31 Dec 2021, 31-Dec-2021. With a year of two digits the server has to know that it comes last.
bool read_named_month(Cursor& in, const Digits& day, char separator, DayMonth& order) {
  std::array<char, 12> storage;
  const int month = month_by_name(in.letters(storage));
  if (month == 0 || !in.take(separator)) return false;
  const Digits year = in.digits();
  if (year.count == 2) order = DayMonth::day_first;
  return (year.count == 2 || year.count == 4) && exists(full_year(year), month, day.value);
}

bool read_numbers(Cursor& in, const Digits& first, char separator, DayMonth& order) {
  const Digits second = in.digits();
  if (!is_one_or_two(second) || !in.take(separator)) return false;
  const Digits year = in.digits();
  if (year.count != 2 && year.count != 4) return false;
  const bool day_first = exists(full_year(year), second.value, first.value);
  const bool month_first = exists(full_year(year), first.value, second.value);
  order = day_first && month_first ? DayMonth::either : day_first ? DayMonth::day_first : DayMonth::month_first;
  return day_first || month_first;
}

/// Dec 31, 2021
bool read_month_first_by_name(Cursor& in) {
  std::array<char, 12> storage;
  const int month = month_by_name(in.letters(storage));
  if (month == 0 || !in.take(' ')) return false;
  const Digits day = in.digits();
  (void)in.take(',');
  if (!is_one_or_two(day) || !in.take(' ')) return false;
  const Digits year = in.digits();
  return year.count == 4 && exists(year.value, month, day.value);
}

bool read_date(Cursor& in, const Digits& first, DayMonth& order) {
  if (first.count == 0) return read_month_first_by_name(in);
  if (first.count == 4) return read_year_first(in, first);
  const char separator = in.peek();
  if (!is_one_or_two(first) || (!in.take('/') && !in.take('-') && !in.take('.') && !in.take(' '))) return false;
  const bool has_name = in.peek() > '9';
  if (has_name) return (separator == '-' || separator == ' ') && read_named_month(in, first, separator, order);
  return separator != ' ' && read_numbers(in, first, separator, order);
}

/// Behind the hours.
bool read_time(Cursor& in, const Digits& hours) {
  if (!is_one_or_two(hours) || !in.take(':')) return false;
  const Digits minutes = in.digits();
  if (minutes.count != 2 || minutes.value > 59) return false;
  if (in.take(':')) {
    const Digits seconds = in.digits();
    if (seconds.count != 2 || seconds.value > 59) return false;
    if (in.take('.') && (in.digits().count - 1) > 5) return false;
  }
  Cursor behind_blank = in;
  (void)behind_blank.take(' ');
  std::array<char, 12> storage;
  const std::string_view half = behind_blank.letters(storage);
  if (half != "am" && half != "pm") return hours.value <= 23;
  in = behind_blank;
  return hours.value >= 1 && hours.value <= 12;
}

bool read_zone(Cursor& in) {
  (void)in.take(' ');
  if (in.take('Z') || in.take("UTC") || in.take("GMT")) return true;
  if (!in.take('+') && !in.take('-')) return false;
  const Digits hours = in.digits();
  if (hours.count == 4) return hours.value / 100 <= 14 && hours.value % 100 <= 59;
  if (hours.count != 2 || hours.value > 14) return false;
  if (!in.take(':')) return true;
  const Digits minutes = in.digits();
  return minutes.count == 2 && minutes.value <= 59;
}

}  // namespace

Moment read_moment(std::string_view text) {
  Cursor in(text);
  const Digits first = in.digits();
  Moment moment;
  if (first.count > 0 && in.peek() == ':') {
    if (read_time(in, first) && in.at_end()) moment.kind = Moment::Kind::time;
    return moment;
  }
  if (!read_date(in, first, moment.order)) return {};
  moment.kind = Moment::Kind::date;
  if (in.at_end()) return moment;
  const bool may_have_letter = first.count == 4;
  if (!in.take(' ') && !(may_have_letter && in.take('T'))) return {};
  if (!read_time(in, in.digits())) return {};
  moment.kind = in.at_end() ? Moment::Kind::timestamp : Moment::Kind::timestamptz;
  return in.at_end() || (read_zone(in) && in.at_end()) ? moment : Moment{};
}

}  // namespace ferry::text
