#include "avro/calendar_text.hpp"

#include "base/concat.hpp"

namespace ferry::avro {
namespace {

constexpr std::int64_t kSecondsPerDay = 86'400;

struct Date {
  std::int64_t year;
  int month, day;
};

std::int64_t floor_divide(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

/// The proleptic Gregorian date, with a year 0. Years are counted from March, so that the leap day is the last of them.
Date date_of(std::int64_t days_since_1970) {
  constexpr std::int64_t kDaysTo1970 = 719'468, kDaysPerEra = 146'097, kYearsPerEra = 400;
  const std::int64_t days = days_since_1970 + kDaysTo1970;
  const std::int64_t era = floor_divide(days, kDaysPerEra);
  const auto day_of_era = static_cast<int>(days - era * kDaysPerEra);
  const int year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int march_month = (5 * day_of_year + 2) / 153;
  const int month = march_month < 10 ? march_month + 3 : march_month - 9;
  const std::int64_t year = era * kYearsPerEra + year_of_era + (month <= 2 ? 1 : 0);
  return {year, month, day_of_year - (153 * march_month + 2) / 5 + 1};
}

void append_padded(std::string& out, std::int64_t number, std::size_t digits) {
  const std::string text = concat(number);
  if (text.size() < digits) out.append(digits - text.size(), '0');
  out += text;
}

/// Appends the date without its era; returns whether it is before Christ.
bool append_year_month_day(std::string& out, std::int64_t days) {
  const Date date = date_of(days);
  const bool is_bc = date.year <= 0;
  append_padded(out, is_bc ? 1 - date.year : date.year, 4);
  out += '-';
  append_padded(out, date.month, 2);
  out += '-';
  append_padded(out, date.day, 2);
  return is_bc;
}

/// Appends ".5" of a second for 500 of 1000, and nothing for 0.
void append_fraction(std::string& out, std::int64_t value, std::int64_t unit) {
  if (value == 0) return;
  std::size_t digits = 0;
  for (std::int64_t power = 1; power < unit; power *= 10) digits++;
  out += '.';
  append_padded(out, value, digits);
  out.erase(out.find_last_not_of('0') + 1);
}

void append_time_of_day(std::string& out, std::int64_t seconds, std::int64_t fraction, std::int64_t unit) {
  append_padded(out, seconds / 3600, 2);
  out += ':';
  append_padded(out, seconds / 60 % 60, 2);
  out += ':';
  append_padded(out, seconds % 60, 2);
  append_fraction(out, fraction, unit);
}

}  // namespace

void append_date(std::string& out, std::int64_t days_since_1970) {
  if (append_year_month_day(out, days_since_1970)) out += " BC";
}

void append_time(std::string& out, std::int64_t value, std::int64_t unit) {
  append_time_of_day(out, value / unit, value % unit, unit);
}

void append_timestamp(std::string& out, std::int64_t value, std::int64_t unit, bool is_utc) {
  const std::int64_t seconds = floor_divide(value, unit);
  const std::int64_t days = floor_divide(seconds, kSecondsPerDay);
  const bool is_bc = append_year_month_day(out, days);
  out += 'T';
  append_time_of_day(out, seconds - days * kSecondsPerDay, value - seconds * unit, unit);
  if (is_utc) out += 'Z';
  if (is_bc) out += " BC";
}

void append_duration(std::string& out, std::uint32_t months, std::uint32_t days, std::uint32_t millis) {
  out += concat('P', months, 'M', days, "DT", millis / 1000);
  append_fraction(out, millis % 1000, 1000);
  out += 'S';
}

}  // namespace ferry::avro
