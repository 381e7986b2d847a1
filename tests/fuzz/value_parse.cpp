// What a parser of values takes has one shape and one value: printed again, or read by the C library, it is the same.
#include <array>
#include <bit>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "../support/parsed_values.hpp"
#include "../support/value_oracle.hpp"
#include "base/bytes.hpp"
#include "text/value_parse.hpp"

using namespace ferry;

namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

template <class... Arguments>
std::string print(const char* format, Arguments... arguments) {
  char text[64];
  std::snprintf(text, sizeof text, format, arguments...);
  return text;
}

bool only_of(const std::string& text, const char* characters) { return text.find_first_not_of(characters) == std::string::npos; }

void check_integers(const std::string& text) {
  const auto value = test::parse_int64(text);
  check(test::parse_int32(text) == (value && *value == static_cast<std::int32_t>(*value) ? value : std::nullopt));
  check(test::parse_int16(text) == (value && *value == static_cast<std::int16_t>(*value) ? value : std::nullopt));
  const bool has_form = !text.empty() && only_of(text, "-0123456789") && text.find('-', 1) == std::string::npos && text != "-";
  errno = 0;
  const long long expected = std::strtoll(text.c_str(), nullptr, 10);
  check(value.has_value() == (has_form && errno == 0));
  check(!value || *value == expected);
}

template <class T, class Bits>
void check_float(const std::string& text, std::optional<T> value, T (*read)(const char*, char**)) {
  if (!value) return;
  check(only_of(text, "-+.eE0123456789"));
  char* end;
  errno = 0;
  const T expected = read(text.c_str(), &end);
  check(*end == '\0' && std::bit_cast<Bits>(*value) == std::bit_cast<Bits>(expected));
  // the C library may say ERANGE of a number that is rounded up to the smallest normal one, which the server takes
  check(errno == 0 || std::isnormal(*value));
}

std::string print_date(std::chrono::sys_days day) {
  const std::chrono::year_month_day date(day);
  return print("%04d-%02u-%02u", int(date.year()), unsigned(date.month()), unsigned(date.day()));
}

constexpr auto kEpoch = std::chrono::sys_days(std::chrono::year(2000) / 1 / 1);

/// The timestamp as a text with six digits of fraction, and with the separator of the original.
std::string print_timestamp(std::int64_t micros, char separator) {
  const auto time = kEpoch + std::chrono::microseconds(micros);
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::hh_mm_ss clock(time - day);
  return print_date(day) + separator +
         print("%02d:%02d:%02d.%06d", int(clock.hours().count()), int(clock.minutes().count()), int(clock.seconds().count()),
               int(clock.subseconds().count()));
}

void check_timestamps(const std::string& text) {
  if (const auto days = test::parse_date(text)) check(print_date(kEpoch + std::chrono::days(*days)) == text);
  const auto local = test::parse_timestamp(text);
  const auto instant = test::parse_timestamptz(text);
  check(!local || !instant);
  if (local) {
    std::string full = text.size() == 19 ? text + '.' : text;
    full.resize(26, '0');
    check(print_timestamp(*local, text[10]) == full);
    check(test::parse_timestamptz(text + "Z") == local);
    check(test::parse_timestamptz(text + "-00:00") == local);
  }
  if (instant) {
    const std::size_t zone = text.find_first_of("Z+-", 19);
    const auto without_zone = test::parse_timestamp(text.substr(0, zone));
    check(without_zone.has_value());
    int hours = 0, minutes = 0;
    std::sscanf(text.c_str() + zone + 1, "%2d:%2d", &hours, &minutes);
    const std::int64_t offset = std::int64_t{hours * 60 + minutes} * 60'000'000;
    check(*instant == *without_zone - (text[zone] == '-' ? -offset : offset));
  }
}

void check_uuid(const std::string& text) {
  const auto uuid = test::parse_uuid(text);
  if (!uuid) return;
  std::string printed, lower;
  for (std::size_t i = 0; i < uuid->size(); i++)
    printed += print(i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x", unsigned{(*uuid)[i]});
  for (const char c : text) lower += c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
  check(printed == lower);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // the parsers get the bytes themselves, so that the sanitizer sees a read beyond them
  const std::string_view bytes = as_text({data, size});
  check(text::is_valid_utf8_without_nul(bytes) == test::is_utf8_without_nul(bytes));
  const std::string text(bytes);
  check(test::parse_int64(bytes) == test::parse_int64(text) && test::parse_bool(bytes) == test::parse_bool(text));
  check(test::parse_date(bytes) == test::parse_date(text) && test::parse_timestamp(bytes) == test::parse_timestamp(text));
  check(test::parse_timestamptz(bytes) == test::parse_timestamptz(text) && test::parse_uuid(bytes) == test::parse_uuid(text));
  check_integers(text);
  check_float<float, std::uint32_t>(text, test::parse_float32(bytes), std::strtof);
  check_float<double, std::uint64_t>(text, test::parse_float64(bytes), std::strtod);
  check_timestamps(text);
  check_uuid(text);
  return 0;
}
