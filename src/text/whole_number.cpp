#include "text/whole_number.hpp"

#include <algorithm>
#include <limits>

namespace ferry::text {
namespace {

constexpr std::string_view kSpaces = " \t\n\v\f\r";

std::string_view without_spaces(std::string_view text) {
  const std::size_t from = text.find_first_not_of(kSpaces);
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(kSpaces) - from + 1);
}

std::string_view take_digits(std::string_view& text) {
  const auto end = std::find_if(text.begin(), text.end(), [](char c) { return c < '0' || c > '9'; });
  const std::string_view digits = text.substr(0, static_cast<std::size_t>(end - text.begin()));
  text.remove_prefix(digits.size());
  return digits;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

bool take_sign(std::string_view& text) {
  const bool is_negative = take(text, '-');
  if (!is_negative) (void)take(text, '+');
  return is_negative;
}

/// The exponent at the front of text, a large one as some other large one; false where it is none.
bool take_exponent(std::string_view& text, std::int64_t& exponent) {
  const bool is_negative = take_sign(text);
  const std::string_view digits = take_digits(text);
  constexpr std::int64_t kLarge = std::int64_t{1} << 40;  // than any text is long
  for (const char c : digits) exponent = std::min(exponent * 10 + (c - '0'), kLarge);
  if (is_negative) exponent = -exponent;
  return !digits.empty();
}

}  // namespace

bool parse_whole_number(std::string_view text, std::int64_t& value) {
  text = without_spaces(text);
  const bool is_negative = take_sign(text);
  std::string_view whole = take_digits(text), fraction;
  if (take(text, '.')) fraction = take_digits(text);
  std::int64_t exponent = 0;
  const bool has_exponent = take(text, 'e') || take(text, 'E');
  if ((whole.empty() && fraction.empty()) || (has_exponent && !take_exponent(text, exponent)) || !text.empty()) return false;

  // the value is that of the digits behind the last zeros taken off, times 10 as often as exponent says
  fraction = fraction.substr(0, fraction.find_last_not_of('0') + 1);
  exponent -= static_cast<std::int64_t>(fraction.size());
  if (fraction.empty()) {
    const std::size_t size = whole.find_last_not_of('0') + 1;
    exponent += static_cast<std::int64_t>(whole.size() - size);
    whole = whole.substr(0, size);
  }
  constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  const std::uint64_t most = is_negative ? kMost + 1 : kMost;
  std::uint64_t number = 0;
  const auto append = [&number, most](unsigned digit) {
    if (number > (most - digit) / 10) return false;
    number = number * 10 + digit;
    return true;
  };
  for (const std::string_view digits : {whole, fraction})
    for (const char c : digits)
      if (!append(static_cast<unsigned>(c - '0'))) return false;
  if (number != 0 && exponent < 0) return false;
  for (; number != 0 && exponent > 0; exponent--)
    if (!append(0)) return false;
  value = static_cast<std::int64_t>(is_negative ? 0 - number : number);
  return true;
}

}  // namespace ferry::text
