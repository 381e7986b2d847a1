#include "text/value_class.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

#include <simdjson.h>

#include "text/value_parse.hpp"

namespace ferry::text {
namespace {

/// Those that stand for NULL among texts, too, come first.
constexpr std::array<std::string_view, kNullWords> kWords{"NULL",       "null",
                                                          "\\N",        "(null)",
                                                          "<null>",     "<NULL>",
                                                          "(NULL)",     "<NA>",
                                                          "#N/A",       "#NULL!",
                                                          "#DIV/0!",    "#REF!",
                                                          "#VALUE!",    "NA",
                                                          "N/A",        "n/a",
                                                          "na",         "n.a.",
                                                          "N.A.",       "Null",
                                                          "None",       "none",
                                                          "NONE",       "nil",
                                                          "NaN",        "nan",
                                                          "NAN",        "-",
                                                          "--",         "---",
                                                          ".",          "..",
                                                          "...",        "?",
                                                          "*",          "_",
                                                          "0000-00-00", "0000-00-00 00:00:00"};
constexpr std::size_t kCertainWords = 13;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
char small(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

bool equals_small(std::string_view text, std::string_view word) {
  return std::equal(text.begin(), text.end(), word.begin(), word.end(), [](char a, char b) { return small(a) == b; });
}

/// A number as the server writes and reads one.
struct Number {
  std::size_t whole_digits = 0, fraction_digits = 0;
  bool has_sign = false, has_plus = false, has_point = false, has_exponent = false, has_leading_zero = false;
  std::size_t end = 0;  ///< behind it
};

/// At the front of a text; end is 0 where there is none.
Number read_number(std::string_view text) {
  Number number;
  std::size_t at = 0;
  const auto digits = [&] {
    const std::size_t from = at;
    while (at < text.size() && is_digit(text[at])) at++;
    return at - from;
  };
  number.has_plus = text[0] == '+';
  number.has_sign = number.has_plus || text[0] == '-';
  if (number.has_sign) at++;
  const std::size_t first = at;
  number.whole_digits = digits();
  number.has_leading_zero = number.whole_digits > 1 && text[first] == '0';
  if (at < text.size() && text[at] == '.') {
    number.has_point = true;
    at++;
    number.fraction_digits = digits();
  }
  if (number.whole_digits + number.fraction_digits == 0) return number;
  number.end = at;
  if (at < text.size() && (text[at] | 0x20) == 'e') {
    at++;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) at++;
    constexpr std::size_t kMostExponentDigits = 2;  // what lies beyond is not in every type of a number
    const std::size_t count = digits();
    if (count >= 1 && count <= kMostExponentDigits) {
      number.has_exponent = true;
      number.end = at;
    }
  }
  return number;
}

ValueClass class_of_integer(std::string_view text) {
  if (text.front() == '+') text.remove_prefix(1);
  std::int32_t small_value;
  std::int64_t value;
  if (parse_int32(text, small_value)) return ValueClass::integer;
  return parse_int64(text, value) ? ValueClass::bigint : ValueClass::wide_integer;
}

/// The digits of a number's mantissa, without the zeros at both ends.
std::string mantissa_of(std::string_view number) {
  std::string digits;
  for (const char c : number.substr(0, number.find_first_of("eE")))
    if (is_digit(c) && (c != '0' || !digits.empty())) digits += c;
  digits.resize(digits.find_last_not_of('0') + 1);
  return digits;
}

/// Whether a double precision shows all digits of a number with so many of them, which has a form that the server writes.
bool fits_double(std::string_view text, std::size_t digits) {
  constexpr std::size_t kAlwaysKept = 15, kMostDigits = 17;
  if (digits <= kAlwaysKept) return true;
  const std::string mantissa = mantissa_of(text);
  if (mantissa.size() <= kAlwaysKept) return true;
  double value;
  if (text.front() == '+') text.remove_prefix(1);
  if (mantissa.size() > kMostDigits || !parse_float64(text, value)) return false;
  char shown[32];
  return mantissa_of({shown, std::to_chars(shown, shown + sizeof shown, value, std::chars_format::scientific).ptr}) == mantissa;
}

/// Of a text that is a number as a whole.
Value value_of(const Number& number, std::string_view text) {
  constexpr std::size_t kMostDigits = 1000;  // of the server's numbers
  constexpr std::size_t kTelephoneDigits = 7;
  Value value;
  if (number.whole_digits > kMostDigits || number.fraction_digits > kMostDigits) return value;
  value.fraction_digits = static_cast<std::uint16_t>(number.fraction_digits);
  value.fits_double = fits_double(text, number.whole_digits + number.fraction_digits);
  if (number.has_leading_zero)
    value.kind = ValueClass::leading_zeros;
  else if (number.has_plus && !number.has_point && number.whole_digits >= kTelephoneDigits)
    value.kind = ValueClass::plus_sign;
  else if (number.has_exponent)
    value.kind = ValueClass::floating;
  else
    value.kind = number.has_point ? ValueClass::decimal : class_of_integer(text);
  return value;
}

/// Digits in groups of three, or with a comma for the point: 1,234.5  1.234,5  1 234  12,5
ValueClass class_of_grouped(std::string_view text) {
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) text.remove_prefix(1);
  std::size_t at = 0, groups = 0;
  while (at < text.size() && is_digit(text[at])) at++;
  if (at == 0) return ValueClass::text;
  const std::size_t first = at;
  const char separator = at < text.size() ? text[at] : '\0';
  if (separator != ',' && separator != '.' && separator != ' ' && separator != '\'') return ValueClass::text;
  const auto is_group = [&text](std::size_t from) {
    return from + 3 <= text.size() && std::all_of(text.begin() + static_cast<std::ptrdiff_t>(from),
                                                  text.begin() + static_cast<std::ptrdiff_t>(from + 3), is_digit);
  };
  for (; first <= 3 && at < text.size() && text[at] == separator && is_group(at + 1); groups++) at += 4;
  if (groups > 0 && at == text.size()) return ValueClass::thousands;
  if (at >= text.size() || (text[at] != ',' && text[at] != '.') || (groups > 0 && text[at] == separator)) return ValueClass::text;
  const bool is_comma = text[at] == ',';
  const std::string_view fraction = text.substr(at + 1);
  if (fraction.empty() || !std::all_of(fraction.begin(), fraction.end(), is_digit)) return ValueClass::text;
  return groups > 0 ? ValueClass::thousands : is_comma ? ValueClass::decimal_comma : ValueClass::text;
}

bool is_amount(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  if (text.empty()) return false;
  return read_number(text).end == text.size() || class_of_grouped(text) != ValueClass::text;
}

ValueClass class_of_marked(std::string_view text) {
  if (text.ends_with('%') && is_amount(text.substr(0, text.size() - 1))) return ValueClass::percent;
  for (const std::string_view sign : {"$", "\xC2\xA3", "\xC2\xA5", "\xE2\x82\xAC"}) {
    std::string_view rest = text;
    const bool is_negative = rest.starts_with('-');
    if (is_negative) rest.remove_prefix(1);
    if (rest.starts_with(sign) && is_amount(rest.substr(sign.size()))) return ValueClass::currency;
    if (text.ends_with(sign) && is_amount(text.substr(0, text.size() - sign.size()))) return ValueClass::currency;
  }
  return ValueClass::text;
}

bool is_json(std::string_view text) {
  if ((text.front() == '{' && text.back() != '}') || (text.front() == '[' && text.back() != ']')) return false;
  // an escape may stand for what the server's text has no form for
  if (text.find("\\u") != std::string_view::npos) return false;
  simdjson::dom::parser parser;
  simdjson::dom::element element;
  return parser.parse(text.data(), text.size()).get(element) == simdjson::SUCCESS;
}

Value class_of_letters(std::string_view text) {
  for (const std::string_view word : {"true", "false", "yes", "no", "on", "off"})
    if (equals_small(text, word)) return {.kind = ValueClass::boolean_word};
  if (text.size() == 1)
    for (const char letter : {'t', 'f', 'y', 'n'})
      if (small(text[0]) == letter) return {.kind = ValueClass::boolean_letter, .is_true = letter == 't' || letter == 'y'};
  const std::string_view unsigned_text = text.substr(text[0] == '-' || text[0] == '+' ? 1 : 0);
  if (equals_small(unsigned_text, "inf") || equals_small(unsigned_text, "infinity")) return {.kind = ValueClass::floating};
  return {};
}

Value class_of_moment(std::string_view text) {
  const Moment moment = read_moment(text);
  constexpr std::array<ValueClass, 5> kClasses{ValueClass::text, ValueClass::date, ValueClass::time, ValueClass::timestamp,
                                               ValueClass::timestamptz};
  return {.kind = kClasses[static_cast<std::size_t>(moment.kind)], .order = moment.order};
}

}  // namespace

std::string_view null_word(std::size_t number) { return kWords[number]; }

std::uint64_t certain_null_words() { return (std::uint64_t{1} << kCertainWords) - 1; }

std::size_t find_null_word(std::string_view text) {
  return static_cast<std::size_t>(std::find(kWords.begin(), kWords.end(), text) - kWords.begin());
}

Value classify(std::string_view text) {
  const char first = text.front();
  const bool may_be_number = is_digit(first) || first == '-' || first == '+' || first == '.';
  if (may_be_number)
    if (const Number number = read_number(text); number.end == text.size()) return value_of(number, text);
  constexpr std::size_t kMostWordBytes = 19;
  if (text.size() <= kMostWordBytes && !(first >= '1' && first <= '9'))
    if (const std::size_t word = find_null_word(text); word < kNullWords)
      return {.kind = ValueClass::null_word, .null_word = static_cast<std::uint8_t>(word)};
  constexpr std::size_t kMostBytes = 64;
  if (first == '{' || first == '[') return {.kind = is_json(text) ? ValueClass::json : ValueClass::text};
  if (text.size() > kMostBytes) return {};
  if (Uuid uuid; parse_uuid(text, uuid)) return {.kind = ValueClass::uuid};
  if (const Value value = class_of_letters(text); value.kind != ValueClass::text) return value;
  if (const Value value = class_of_moment(text); value.kind != ValueClass::text) return value;
  if (may_be_number)
    if (const ValueClass grouped = class_of_grouped(text); grouped != ValueClass::text) return {.kind = grouped};
  return {.kind = class_of_marked(text)};
}

}  // namespace ferry::text
