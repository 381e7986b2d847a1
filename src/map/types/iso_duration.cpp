#include "map/types/iso_duration.hpp"

#include <charconv>

namespace ferry::map {
namespace {

constexpr std::int64_t kSecond = 1'000'000, kMinute = 60 * kSecond, kHour = 60 * kMinute;
constexpr int kMonthsOfYear = 12;

char* write_part(char* out, std::int64_t value, char unit) {
  if (value == 0) return out;
  out = std::to_chars(out, out + 20, value).ptr;
  *out++ = unit;
  return out;
}

/// Of less than a minute; the sign is that of the whole, which the integer part alone may not show.
char* write_seconds(char* out, std::int64_t micros) {
  if (micros == 0) return out;
  if (micros < 0) *out++ = '-', micros = -micros;
  out = std::to_chars(out, out + 20, micros / kSecond).ptr;
  if (std::int64_t fraction = micros % kSecond; fraction != 0) {
    *out++ = '.';
    for (std::int64_t unit = kSecond / 10; fraction != 0; fraction %= unit, unit /= 10)
      *out++ = static_cast<char>('0' + fraction / unit);
  }
  *out++ = 'S';
  return out;
}

}  // namespace

char* write_duration(char* out, std::int32_t months, std::int32_t days, std::int64_t micros) {
  *out++ = 'P';
  out = write_part(out, months / kMonthsOfYear, 'Y');
  out = write_part(out, months % kMonthsOfYear, 'M');
  out = write_part(out, days, 'D');
  const bool is_zero = months == 0 && days == 0 && micros == 0;
  if (micros != 0 || is_zero) *out++ = 'T';
  if (is_zero) *out++ = '0', *out++ = 'S';
  out = write_part(out, micros / kHour, 'H');
  out = write_part(out, micros % kHour / kMinute, 'M');
  return write_seconds(out, micros % kMinute);
}

}  // namespace ferry::map
