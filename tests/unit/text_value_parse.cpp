#include "text/value_parse.hpp"

#include <bit>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include "../support/parsed_values.hpp"
#include "../support/value_oracle.hpp"

namespace {

using namespace ferry::test;
using ferry::text::is_valid_utf8_without_nul;
using ferry::text::Uuid;
using namespace std::chrono;

constexpr sys_days kEpoch = sys_days(2000y / 1 / 1);

template <class... Arguments>
std::string print(const char* format, Arguments... arguments) {
  char text[400];
  std::snprintf(text, sizeof text, format, arguments...);
  return text;
}

template <class T>
std::optional<T> parse_integer(std::string_view text) {
  if constexpr (sizeof(T) == 2) return parse_int16(text);
  if constexpr (sizeof(T) == 4) return parse_int32(text);
  if constexpr (sizeof(T) == 8) return parse_int64(text);
}

template <class T>
class ValueParseInteger : public testing::Test {};
using Integers = testing::Types<std::int16_t, std::int32_t, std::int64_t>;
TYPED_TEST_SUITE(ValueParseInteger, Integers);

TYPED_TEST(ValueParseInteger, ReadsEveryNumberOfItsRange) {
  using Limits = std::numeric_limits<TypeParam>;
  std::mt19937_64 random(1);
  for (int i = 0; i < 100'000; i++) {
    const auto value = static_cast<TypeParam>(static_cast<std::int64_t>(random()) >> random() % 64);
    EXPECT_EQ(parse_integer<TypeParam>(std::to_string(value)), value);
  }
  EXPECT_EQ(parse_integer<TypeParam>(std::to_string(Limits::max())), Limits::max());
  EXPECT_EQ(parse_integer<TypeParam>(std::to_string(Limits::min())), Limits::min());
  EXPECT_EQ(parse_integer<TypeParam>("-0"), 0);
  EXPECT_EQ(parse_integer<TypeParam>("007"), 7);
  EXPECT_EQ(parse_integer<TypeParam>("-" + std::string(100, '0') + "42"), -42);
}

TYPED_TEST(ValueParseInteger, LeavesWhatIsBeyondItsRange) {
  const auto beyond = [](std::string limit) {
    limit.back()++;  // the last digits of the limits are 7 and 8
    return limit;
  };
  const std::string max = std::to_string(std::numeric_limits<TypeParam>::max());
  const std::string min = std::to_string(std::numeric_limits<TypeParam>::min());
  for (const std::string& text : {beyond(max), beyond(min), max + "0", min + "0", std::string(100, '9'), "000" + beyond(max)})
    EXPECT_EQ(parse_integer<TypeParam>(text), std::nullopt) << text;
}

TYPED_TEST(ValueParseInteger, LeavesEveryOtherForm) {
  for (const char* text : {"",    "-",   "+1",  " 1",    "1 ",  "--1", "-+1", "1.",  "1.0", "1e1",
                           "0x1", "0b1", "0o7", "1_000", "0_1", "a",   "1a",  "\n1", "1,0", "\xd9\xa1"})
    EXPECT_EQ(parse_integer<TypeParam>(text), std::nullopt) << text;
  EXPECT_EQ(parse_integer<TypeParam>(std::string_view("1\0", 2)), std::nullopt);
  EXPECT_EQ(parse_integer<TypeParam>(std::string_view("12", 1)), 1) << "reads only its own bytes";
}

TEST(ValueParseBool, ReadsSixTexts) {
  for (const char* text : {"t", "true", "1"}) EXPECT_EQ(parse_bool(text), true) << text;
  for (const char* text : {"f", "false", "0"}) EXPECT_EQ(parse_bool(text), false) << text;
  for (const char* text : {"", "T", "True", "tr", "truee", "yes", "on", "01", " t", "t ", "2"})
    EXPECT_EQ(parse_bool(text), std::nullopt) << text;
}

template <class T>
std::optional<T> parse_float(std::string_view text) {
  if constexpr (sizeof(T) == 4) return parse_float32(text);
  if constexpr (sizeof(T) == 8) return parse_float64(text);
}
float from_text(const std::string& text, float) { return std::strtof(text.c_str(), nullptr); }
double from_text(const std::string& text, double) { return std::strtod(text.c_str(), nullptr); }

template <class T>
class ValueParseFloat : public testing::Test {
 public:
  using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  static void expect(const std::string& text, T value) {
    const auto parsed = parse_float<T>(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(std::bit_cast<Bits>(*parsed), std::bit_cast<Bits>(value)) << text;
  }
};
using Floats = testing::Types<float, double>;
TYPED_TEST_SUITE(ValueParseFloat, Floats);

TYPED_TEST(ValueParseFloat, ReadsEveryNormalNumber) {
  std::mt19937_64 random(2);
  for (int i = 0; i < 100'000; i++) {
    const auto value = std::bit_cast<TypeParam>(static_cast<typename TestFixture::Bits>(random()));
    if (!std::isnormal(value)) continue;
    this->expect(print("%.*g", std::numeric_limits<TypeParam>::max_digits10, static_cast<double>(value)), value);
    this->expect(print("%.17f", static_cast<double>(value)), from_text(print("%.17f", static_cast<double>(value)), value));
    if (this->HasFailure()) return;
  }
}

TYPED_TEST(ValueParseFloat, RoundsAsTheCLibraryDoes) {
  std::mt19937_64 random(3);
  for (int i = 0; i < 100'000; i++) {
    const std::string text = print("%llu.%04lluE%s%llu", static_cast<unsigned long long>(random() >> random() % 64),
                                   static_cast<unsigned long long>(random() % 10'000), random() % 2 != 0 ? "-" : "+",
                                   static_cast<unsigned long long>(random() % 15));
    this->expect(text, from_text(text, TypeParam()));
  }
  // halfway between two neighbours, to the even one, and just beyond
  constexpr long double one_bit = std::numeric_limits<TypeParam>::epsilon();
  static_assert(1 + one_bit / 2 > 1, "long double has more digits");
  this->expect(print("%.60Lf", 1 + one_bit / 2), 1);
  this->expect(print("%.60Lf", 1 + one_bit * 1.5L), static_cast<TypeParam>(1 + 2 * one_bit));
  this->expect(print("%.60Lf", 1 + one_bit / 2) + "1", static_cast<TypeParam>(1 + one_bit));
}

TYPED_TEST(ValueParseFloat, ReadsItsLimitsAndZero) {
  using Limits = std::numeric_limits<TypeParam>;
  this->expect(print("%.20e", static_cast<double>(Limits::max())), Limits::max());
  this->expect(print("%.20e", static_cast<double>(Limits::lowest())), Limits::lowest());
  this->expect(print("%.20e", static_cast<double>(Limits::min())), Limits::min());
  for (const char* text : {"0", "0.00", "000", "0e0", "0e999999", "0.0e-999999"}) this->expect(text, TypeParam(0));
  for (const char* text : {"-0", "-0.0", "-0e5"}) this->expect(text, -TypeParam(0));
  this->expect("0" + std::string(500, '0') + "1.5" + std::string(500, '0'), TypeParam(1.5));
}

TYPED_TEST(ValueParseFloat, LeavesWhatIsBeyondItsRange) {
  const double smallest = std::numeric_limits<TypeParam>::min();
  for (const std::string& text :
       {std::string("1e400"), std::string("-1e400"), std::string("1e-400"), std::string("1e99999999999"),
        std::string("1e-99999999999"), print("%.6e", smallest / 8), print("-%.6e", smallest / 8)})
    EXPECT_EQ(parse_float<TypeParam>(text), std::nullopt) << text;
}

TYPED_TEST(ValueParseFloat, LeavesEveryOtherForm) {
  for (const char* text :
       {"",    "-",   "+1",       ".5",   "5.",    "5.e1", "-.5", "1e",  "1e+", "1e1.5", "1e1 ",  " 1", "1 ",  "nan",
        "NaN", "inf", "Infinity", "-inf", "0x1p3", "1f",   "1,5", "1_0", "--1", "1-1",   "1.2.3", "e5", "1ee5"})
    EXPECT_EQ(parse_float<TypeParam>(text), std::nullopt) << text;
  EXPECT_EQ(parse_float<TypeParam>(std::string_view("1.5\0", 4)), std::nullopt);
}

TEST(ValueParseDate, ReadsEveryDateOfFourDigitYears) {
  std::int32_t expected = (sys_days(1y / 1 / 1) - kEpoch).count();
  for (int y = 0; y <= 9999; y++)
    for (unsigned m = 0; m <= 13; m++)
      for (unsigned d = 0; d <= 32; d++) {
        const auto parsed = parse_date(print("%04d-%02u-%02u", y, m, d));
        const bool exists = y > 0 && year_month_day(year(y), month(m), day(d)).ok();
        ASSERT_EQ(parsed, exists ? std::optional(expected) : std::nullopt) << y << ' ' << m << ' ' << d;
        if (exists) expected++;
      }
  EXPECT_EQ(expected - 1, (sys_days(9999y / 12 / 31) - kEpoch).count());
  EXPECT_EQ(parse_date("2000-01-01"), 0);
}

/// Text is parsed, but no longer once one of its bytes is something else than a digit or one of also_allowed.
template <class Parse>
void expect_only_digits_may_change(const std::string& text, Parse parse, std::string_view also_allowed = "") {
  ASSERT_TRUE(parse(text)) << text;
  for (std::size_t i = 0; i < text.size(); i++)
    for (int c = 0; c < 256; c++) {
      std::string changed = text;
      changed[i] = static_cast<char>(c);
      if ((c >= '0' && c <= '9') || changed == text || also_allowed.find(changed[i]) != std::string_view::npos) continue;
      EXPECT_FALSE(parse(changed)) << changed;
    }
  EXPECT_FALSE(parse(text + " ") || parse(" " + text) || parse(text + std::string(1, '\0'))) << text;
}

TEST(ValueParseDate, LeavesEveryOtherForm) {
  expect_only_digits_may_change("2024-02-11", parse_date);
  for (const char* text : {"", "infinity", "20240211", "2024-2-11", "12024-02-11", "11-02-2024", "2024-02-11 BC", "24-02-11",
                           "2024-Feb-1", "2024-02-11T", "J2451187", "0000-01-01", "-001-01-01"})
    EXPECT_EQ(parse_date(text), std::nullopt) << text;
}

std::int64_t micros_of(sys_time<microseconds> time) { return (time - sys_time<microseconds>(kEpoch)).count(); }

struct Moment {
  std::string text;  ///< without the fraction
  sys_time<microseconds> time;
};

Moment random_moment(std::mt19937_64& random) {
  const auto days = sys_days(1y / 1 / 1) + std::chrono::days(random() % 3'652'059);
  const year_month_day date(days);
  const hours h(random() % 24);
  const minutes m(random() % 60);
  const seconds s(random() % 60);
  std::string text = print("%04d-%02u-%02u%c%02d:%02d:%02d", int(date.year()), unsigned(date.month()), unsigned(date.day()),
                           random() % 2 != 0 ? 'T' : ' ', int(h.count()), int(m.count()), int(s.count()));
  return {text, days + h + m + s};
}

TEST(ValueParseTimestamp, ReadsSecondsAndTheirFractions) {
  std::mt19937_64 random(4);
  for (int i = 0; i < 100'000; i++) {
    const Moment moment = random_moment(random);
    EXPECT_EQ(parse_timestamp(moment.text), micros_of(moment.time)) << moment.text;
    int scale = 1'000'000;
    std::string text = moment.text + '.';
    int fraction = 0;
    for (int digits = 1; digits <= 6; digits++) {
      const int digit = static_cast<int>(random() % 10);
      text += static_cast<char>('0' + digit);
      fraction += digit * (scale /= 10);
      EXPECT_EQ(parse_timestamp(text), micros_of(moment.time + microseconds(fraction))) << text;
    }
    EXPECT_EQ(parse_timestamp(text + '0'), std::nullopt) << text;
  }
  EXPECT_EQ(parse_timestamp("2000-01-01 00:00:00"), 0);
  EXPECT_EQ(parse_timestamp("1999-12-31T23:59:59.999999"), -1);
}

TEST(ValueParseTimestamp, LeavesEveryOtherForm) {
  expect_only_digits_may_change("2024-02-11 12:34:56", parse_timestamp, "T");
  expect_only_digits_may_change("2024-02-11T12:34:56.123456", parse_timestamp, " ");
  for (const char* text : {"", "2024-02-11", "2024-02-11 12:34", "2024-02-11 24:00:00", "2024-02-11 23:60:00",
                           "2024-02-11 23:59:60", "2024-02-30 12:34:56", "2024-02-11 12:34:56.", "2024-02-11 12:34:56.1234567",
                           "2024-02-11t12:34:56", "2024-02-11 12:34:56Z", "2024-02-11 12:34:56+00", "2024-02-11 1:34:56",
                           "2024-02-11  12:34:56", "infinity", "2024-02-11 12:34:56 BC", "2024-02-11 12:34:56 PM"})
    EXPECT_EQ(parse_timestamp(text), std::nullopt) << text;
}

TEST(ValueParseTimestamptz, CountsFromUtc) {
  std::mt19937_64 random(5);
  for (int i = 0; i < 100'000; i++) {
    const Moment moment = random_moment(random);
    EXPECT_EQ(parse_timestamptz(moment.text + "Z"), micros_of(moment.time)) << moment.text;
    const int h = static_cast<int>(random() % 15), m = static_cast<int>(random() % 60);
    const auto half = milliseconds(500);
    EXPECT_EQ(parse_timestamptz(moment.text + print("+%02d", h)), micros_of(moment.time - hours(h)));
    EXPECT_EQ(parse_timestamptz(moment.text + print("-%02d", h)), micros_of(moment.time + hours(h)));
    EXPECT_EQ(parse_timestamptz(moment.text + print(".5+%02d:%02d", h, m)),
              micros_of(moment.time + half - hours(h) - minutes(m)));
    EXPECT_EQ(parse_timestamptz(moment.text + print(".5-%02d:%02d", h, m)),
              micros_of(moment.time + half + hours(h) + minutes(m)));
  }
}

TEST(ValueParseTimestamptz, LeavesEveryOtherForm) {
  const std::string seconds_text = "2024-02-11 12:34:56";
  expect_only_digits_may_change(seconds_text + "+05:30", parse_timestamptz, "T-");
  for (const char* zone :
       {"",       "z",    "+",  "-",  "+5",   "+053", "+0530",   "+05:3", "+05:300", "+05:60", "+15",  "+15:00", "+05:30:00",
        "+05.30", " +05", " Z", "ZZ", "Z+05", "+05Z", "+05:30 ", " UTC",  "UTC",     "GMT+1",  ".+05", "."})
    EXPECT_EQ(parse_timestamptz(seconds_text + zone), std::nullopt) << zone;
  EXPECT_EQ(parse_timestamptz("2024-02-11Z"), std::nullopt);
  EXPECT_EQ(parse_timestamptz(""), std::nullopt);
}

TEST(ValueParseUuid, ReadsDigitsOfAnyCase) {
  std::mt19937_64 random(6);
  for (int i = 0; i < 10'000; i++) {
    Uuid uuid;
    std::string text;
    for (std::size_t k = 0; k < uuid.size(); k++) {
      uuid[k] = static_cast<std::uint8_t>(random());
      if (k == 4 || k == 6 || k == 8 || k == 10) text += '-';
      text += print(random() % 2 != 0 ? "%02x" : "%02X", unsigned{uuid[k]});
    }
    EXPECT_EQ(parse_uuid(text), uuid) << text;
  }
}

TEST(ValueParseUuid, LeavesEveryOtherForm) {
  const std::string text = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";
  expect_only_digits_may_change(text, parse_uuid, "abcdefABCDEF");
  EXPECT_EQ(parse_uuid("{" + text + "}"), std::nullopt);
  EXPECT_EQ(parse_uuid("a0eebc999c0b4ef8bb6d6bb9bd380a11"), std::nullopt);
  EXPECT_EQ(parse_uuid("a0ee-bc99-9c0b-4ef8-bb6d-6bb9bd38-0a11"), std::nullopt);
  EXPECT_EQ(parse_uuid("a0eebc999-c0b-4ef8-bb6d-6bb9bd380a11"), std::nullopt);
}

TEST(ValueParseUtf8, AgreesWithTheTableOfTheUnicodeStandard) {
  // all sequences of two bytes, and of four bytes from both sides of each limit in the table
  constexpr unsigned char kLimits[] = {0x00, 0x01, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf,
                                       0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff};
  const auto expect_same = [](const std::string& text) {
    ASSERT_EQ(is_valid_utf8_without_nul(text), ferry::test::is_utf8_without_nul(text)) << testing::PrintToString(text);
  };
  for (int a = 0; a < 256; a++)
    for (int b = 0; b < 256; b++) expect_same({static_cast<char>(a), static_cast<char>(b)});
  std::string text(4, 'x');
  for (const unsigned char a : kLimits)
    for (const unsigned char b : kLimits)
      for (const unsigned char c : kLimits)
        for (const unsigned char d : kLimits) {
          text = {static_cast<char>(a), static_cast<char>(b), static_cast<char>(c), static_cast<char>(d)};
          expect_same(text);
          if (HasFailure()) return;
        }
}

TEST(ValueParseUtf8, LooksAtEveryByteOfTextsOfEverySize) {
  for (std::size_t size = 0; size < 300; size++) {
    std::string text(size, '\x7f');
    EXPECT_TRUE(is_valid_utf8_without_nul(text));
    for (std::size_t i = 0; i < size; i++)
      for (const char wrong : {'\0', '\x80', '\xff', '\xc3'}) {
        text[i] = wrong;
        ASSERT_FALSE(is_valid_utf8_without_nul(text)) << size << ' ' << i;
        text[i] = '\x7f';
      }
    EXPECT_TRUE(is_valid_utf8_without_nul(text + "\u00e9\u20ac\U0010ffff" + text));
    EXPECT_FALSE(is_valid_utf8_without_nul(text + "\u00e9" + std::string(1, '\0') + text));
  }
}

}  // namespace
