#include "text/value_parse.hpp"

#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

#include <simdjson.h>

namespace ferry::text {
namespace {

constexpr unsigned digit_of(char c) { return static_cast<unsigned>(static_cast<unsigned char>(c)) - '0'; }

/// The value of one to three digits, or something over 999. It has no branch for their number, which nobody could foretell.
constexpr std::uint32_t few_digits(const char* at, std::size_t size) {
  const unsigned first = digit_of(at[0]), middle = digit_of(at[size / 2]), last = digit_of(at[size - 1]);
  const unsigned hundreds = size == 3 ? first : 0, tens = size == 1 ? 0 : size == 2 ? first : middle;
  return first > 9 || middle > 9 || last > 9 ? UINT32_MAX : hundreds * 100 + tens * 10 + last;
}

/// The value of four to eight digits, or nothing over 99,999,999 where there is another character among them. All are worked on
/// at once: as bytes, then as pairs, then as fours. Source: Johnny Lee, "Fast numeric string to int"; Daniel Lemire.
std::uint32_t more_digits(const char* at, std::size_t size) {
  std::uint32_t low, high;
  std::memcpy(&low, at, sizeof low);
  std::memcpy(&high, at + size - sizeof high, sizeof high);
  constexpr std::uint64_t kZeros = 0x3030'3030'3030'3030, kTooLarge = 0x0606'0606'0606'0606, kHighHalves = 0xf0f0'f0f0'f0f0'f0f0;
  const auto missing_bits = static_cast<unsigned>(8 * (8 - size));
  // the last four are where they belong; the first ones go before them, over what they share, and zeros before those
  std::uint64_t word = std::uint64_t{low} << missing_bits | std::uint64_t{high} << 32;
  if (missing_bits != 0) word |= kZeros >> (64 - missing_bits);
  if ((word & (word + kTooLarge) & kHighHalves) != kZeros || ((word | (word + kTooLarge)) & kHighHalves) != kZeros)
    return UINT32_MAX;
  word = (word & ~kHighHalves) * 2561 >> 8;
  word = (word & 0x00ff'00ff'00ff'00ff) * 6553601 >> 16;
  return static_cast<std::uint32_t>((word & 0x0000'ffff'0000'ffff) * 42949672960001 >> 32);
}

/// [-]digits. Where there are so few of them that they cannot overflow, in half the time of std::from_chars() or less.
template <class T>
bool parse_integer(std::string_view text, T& result) {
  constexpr std::size_t kSafeBytes = 18;
  const char* at = text.data();
  const char* const end = at + text.size();
  std::int64_t value = 0;
  if (std::endian::native == std::endian::little && !text.empty() && text.size() <= 8) {
    const bool negative = *at == '-';
    const std::size_t digits = text.size() - (negative ? 1 : 0);
    at += negative ? 1 : 0;
    if (digits == 0) return false;
    const std::uint32_t magnitude = digits < 4 ? few_digits(at, digits) : more_digits(at, digits);
    if (magnitude == UINT32_MAX) return false;
    value = negative ? -std::int64_t{magnitude} : std::int64_t{magnitude};
  } else if (text.size() > kSafeBytes) {
    const auto [stop, error] = std::from_chars(at, end, value);
    if (error != std::errc() || stop != end) return false;
  } else {
    const bool negative = at != end && *at == '-';
    if (negative) at++;
    if (at == end) return false;
    for (; at != end; at++) {
      const unsigned digit = digit_of(*at);
      if (digit > 9) return false;
      value = value * 10 + digit;
    }
    if (negative) value = -value;
  }
  if (value < std::numeric_limits<T>::min() || value > std::numeric_limits<T>::max()) return false;
  result = static_cast<T>(value);
  return true;
}

const char* skip_digits(const char* at, const char* end) {
  while (at != end && digit_of(*at) <= 9) at++;
  return at;
}

/// The digits before the exponent of [-]digits[.digits][e[+-]digits], with their point; empty where text is not such.
std::string_view mantissa_of(std::string_view text) {
  const char* at = text.data();
  const char* const end = at + text.size();
  if (at != end && *at == '-') at++;
  const char* const start = at;
  at = skip_digits(at, end);
  if (at == start) return {};
  if (at != end && *at == '.') {
    const char* const fraction = ++at;
    at = skip_digits(at, end);
    if (at == fraction) return {};
  }
  const std::string_view mantissa(start, static_cast<std::size_t>(at - start));
  if (at == end) return mantissa;
  if (*at != 'e' && *at != 'E') return {};
  at++;
  if (at != end && (*at == '+' || *at == '-')) at++;
  return at != end && skip_digits(at, end) == end ? mantissa : std::string_view();
}

template <class T>
bool parse_float(std::string_view text, T& value) {
  const std::string_view mantissa = mantissa_of(text);
  if (mantissa.empty()) return false;
  if (std::from_chars(text.data(), text.data() + text.size(), value).ec != std::errc()) return false;
  if (std::isnormal(value)) return true;
  return value == 0 && mantissa.find_first_not_of("0.") == std::string_view::npos;
}

constexpr std::size_t kDateBytes = 10;     // YYYY-MM-DD
constexpr std::size_t kSecondsBytes = 19;  // YYYY-MM-DD HH:MM:SS
constexpr std::size_t kFractionDigits = 6;
constexpr std::int64_t kMicrosPerSecond = 1'000'000;
constexpr unsigned kNoDigits = 100;

/// The number of two digits, or kNoDigits, which is over the limit of every part of a date or time.
constexpr unsigned two_digits(const char* at) {
  const unsigned tens = digit_of(at[0]), ones = digit_of(at[1]);
  return tens > 9 || ones > 9 ? kNoDigits : tens * 10 + ones;
}

/// Eight characters, digits at the zeros of a pattern and its other characters elsewhere.
struct EightPattern {
  std::uint64_t characters = 0;
  std::uint64_t to_sixteen = 0;  ///< what takes a byte to 16 or more: one over 9 where a digit may be, over 0 elsewhere

  explicit consteval EightPattern(const char* pattern) {
    for (unsigned i = 0; i < 8; i++) {
      characters |= std::uint64_t{static_cast<unsigned char>(pattern[i])} << 8 * i;
      to_sixteen |= std::uint64_t{pattern[i] == '0' ? 6U : 15U} << 8 * i;
    }
  }

  /// The numbers of two digits, each as the byte in whose place it begins, the first one lowest; false where at does not fit.
  /// All are worked on at once, as in more_digits().
  bool read(const char* at, std::uint64_t& pairs) const {
    std::uint64_t word;
    std::memcpy(&word, at, sizeof word);
    if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
    word ^= characters;
    if (((word | (word + to_sixteen)) & 0xf0f0'f0f0'f0f0'f0f0) != 0) return false;
    pairs = word * 10 + (word >> 8);
    return true;
  }
};

constexpr unsigned pair_at(std::uint64_t pairs, unsigned index) { return pairs >> 8 * index & 0xff; }

constexpr unsigned days_in_month(unsigned year, unsigned month) {
  if (month == 2) return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 29 : 28;
  return 30 + ((month + month / 8) & 1);
}

/// Days since 2000-01-01. They are counted in years that begin in March, so that a leap day is the last day of its year.
constexpr std::int32_t days_of(unsigned year, unsigned month, unsigned day) {
  constexpr unsigned kDaysTo2000 = 730425;  // from 0000-03-01
  const unsigned before_march = month < 3 ? 1 : 0;
  const unsigned march_year = year - before_march, march_month = month + 12 * before_march - 3;
  const unsigned leap_days = march_year / 4 - march_year / 100 + march_year / 400;
  const unsigned days = march_year * 365 + leap_days + (march_month * 153 + 2) / 5 + day - 1;
  return static_cast<std::int32_t>(days - kDaysTo2000);
}
static_assert(days_of(2000, 1, 1) == 0 && days_of(1970, 1, 1) == -10957);

/// at: kDateBytes bytes.
bool read_date(const char* at, std::int32_t& days) {
  constexpr EightPattern kYearAndMonth("0000-00-");
  std::uint64_t pairs;
  if (!kYearAndMonth.read(at, pairs)) return false;
  const unsigned year = pair_at(pairs, 0) * 100 + pair_at(pairs, 2), month = pair_at(pairs, 5), day = two_digits(at + 8);
  if (year == 0 || month == 0 || month > 12 || day == 0) return false;
  if (day > 28 && day > days_in_month(year, month)) return false;
  days = days_of(year, month, day);
  return true;
}

/// Takes the fraction of a second, if there is one, off the front of text.
bool take_fraction(std::string_view& text, std::int64_t& micros) {
  micros = 0;
  if (!text.starts_with('.')) return true;
  text.remove_prefix(1);
  std::size_t count = 0;
  for (; count < text.size() && digit_of(text[count]) <= 9; count++) {
    if (count == kFractionDigits) return false;
    micros = micros * 10 + digit_of(text[count]);
  }
  if (count == 0) return false;
  text.remove_prefix(count);
  for (; count < kFractionDigits; count++) micros *= 10;
  return true;
}

/// Takes a timestamp off the front of text.
bool take_timestamp(std::string_view& text, std::int64_t& micros) {
  if (text.size() < kSecondsBytes) return false;
  constexpr EightPattern kTime("00:00:00");
  const char* const at = text.data();
  std::uint64_t pairs;
  if ((at[10] != ' ' && at[10] != 'T') || !kTime.read(at + 11, pairs)) return false;
  const unsigned hours = pair_at(pairs, 0), minutes = pair_at(pairs, 3), seconds = pair_at(pairs, 6);
  std::int32_t days;
  if (hours > 23 || minutes > 59 || seconds > 59 || !read_date(at, days)) return false;
  text.remove_prefix(kSecondsBytes);
  if (!take_fraction(text, micros)) return false;
  micros += ((std::int64_t{days} * 24 + hours) * 3600 + minutes * 60 + seconds) * kMicrosPerSecond;
  return true;
}

/// seconds: east of UTC.
bool read_zone(std::string_view zone, std::int64_t& seconds) {
  constexpr unsigned kMaxHours = 14;
  seconds = 0;
  if (zone == "Z") return true;
  if ((zone.size() != 3 && zone.size() != 6) || (zone[0] != '+' && zone[0] != '-')) return false;
  const unsigned hours = two_digits(zone.data() + 1);
  unsigned minutes = 0;
  if (zone.size() == 6) minutes = zone[3] == ':' ? two_digits(zone.data() + 4) : kNoDigits;
  if (hours > kMaxHours || minutes > 59) return false;
  seconds = hours * 3600 + minutes * 60;
  if (zone[0] == '-') seconds = -seconds;
  return true;
}

constexpr std::uint8_t kNoHex = 0xff;

constexpr std::array<std::uint8_t, 256> kHexDigits = [] {
  std::array<std::uint8_t, 256> digits{};
  digits.fill(kNoHex);
  for (std::uint8_t i = 0; i < 10; i++) digits['0' + i] = i;
  for (std::uint8_t i = 0; i < 6; i++) digits['a' + i] = digits['A' + i] = static_cast<std::uint8_t>(10 + i);
  return digits;
}();

/// The value of a hexadecimal digit, over 15 of another character.
unsigned hex_of(char c) { return kHexDigits[static_cast<unsigned char>(c)]; }

constexpr std::uint64_t kHighBits = 0x8080'8080'8080'8080, kLowBits = ~kHighBits;

/// Bits are set in the result where a byte of word is zero or over 127.
constexpr std::uint64_t not_plain_ascii(std::uint64_t word) { return (word | ~((word & kLowBits) + kLowBits)) & kHighBits; }

/// Whether each byte is in 1 to 127.
bool is_plain_ascii(const char* at, std::size_t size) {
  std::uint64_t word, found = 0;
  if (size >= sizeof word) {
    for (std::size_t i = 0; i + sizeof word <= size; i += sizeof word) {
      std::memcpy(&word, at + i, sizeof word);
      found |= not_plain_ascii(word);
    }
    std::memcpy(&word, at + size - sizeof word, sizeof word);
    return (found | not_plain_ascii(word)) == 0;
  }
  for (std::size_t i = 0; i < size; i++)
    if (static_cast<signed char>(at[i]) <= 0) return false;
  return true;
}

}  // namespace

bool parse_int16(std::string_view text, std::int16_t& value) { return parse_integer(text, value); }
bool parse_int32(std::string_view text, std::int32_t& value) { return parse_integer(text, value); }
bool parse_int64(std::string_view text, std::int64_t& value) { return parse_integer(text, value); }

bool parse_bool(std::string_view text, bool& value) {
  value = text == "t" || text == "true" || text == "1";
  return value || text == "f" || text == "false" || text == "0";
}

bool parse_float32(std::string_view text, float& value) { return parse_float(text, value); }
bool parse_float64(std::string_view text, double& value) { return parse_float(text, value); }

bool parse_date(std::string_view text, std::int32_t& value) { return text.size() == kDateBytes && read_date(text.data(), value); }

bool parse_timestamp(std::string_view text, std::int64_t& value) { return take_timestamp(text, value) && text.empty(); }

bool parse_timestamptz(std::string_view text, std::int64_t& value) {
  std::int64_t offset_seconds;
  if (!take_timestamp(text, value) || !read_zone(text, offset_seconds)) return false;
  value -= offset_seconds * kMicrosPerSecond;
  return true;
}

bool parse_uuid(std::string_view text, Uuid& value) {
  if (text.size() != 36 || text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-') return false;
  constexpr std::array<std::uint8_t, 16> kPairOffsets{0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34};
  unsigned seen = 0;
  for (std::size_t i = 0; i < value.size(); i++) {
    const unsigned high = hex_of(text[kPairOffsets[i]]), low = hex_of(text[kPairOffsets[i] + 1]);
    seen |= high | low;
    value[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return seen <= 15;
}

bool is_valid_utf8_without_nul(std::string_view text) {
  constexpr std::size_t kShortBytes = 128;  // up to here, in ASCII, the plain loop is the faster one
  if (text.size() <= kShortBytes && is_plain_ascii(text.data(), text.size())) return true;
  return text.find('\0') == std::string_view::npos && simdjson::validate_utf8(text.data(), text.size());
}

}  // namespace ferry::text
