#include "text/column_tally.hpp"

#include <algorithm>

#include "base/concat.hpp"

namespace ferry::text {
namespace {

std::string_view without_blanks(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool is_short_code(std::string_view text) {
  return text.size() <= 3 && std::all_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

bool is_plain(char c) { return c >= ' ' && c <= '~'; }

/// Words for what a value of a class is not.
std::string_view name_of_class(ValueClass kind) {
  switch (kind) {
    case ValueClass::date:
      return "date";
    case ValueClass::time:
      return "time";
    case ValueClass::timestamp:
    case ValueClass::timestamptz:
      return "timestamp";
    case ValueClass::uuid:
      return "UUID";
    case ValueClass::json:
      return "JSON";
    case ValueClass::boolean_word:
      return "truth value";
    default:
      return "number";
  }
}

}  // namespace

void ColumnTally::note(ValueClass kind, std::string_view value, std::int64_t line_number) {
  Seen& seen = seen_[static_cast<std::size_t>(kind)];
  if (seen.count++ == 0 || line_number < seen.line_number) {
    seen.line_number = line_number;
    const bool fits = value.size() < seen.example.size() && std::all_of(value.begin(), value.end(), is_plain);
    seen.example.fill('\0');
    if (fits) std::copy(value.begin(), value.end(), seen.example.begin());
  }
}

/// A value of a column that is text whatever comes: what else is asked of those.
void ColumnTally::note_text(std::string_view value, bool was_quoted) {
  if (is_code_ && !is_short_code(value)) is_code_ = false;
  constexpr std::size_t kMostWordBytes = 8;
  if (!was_quoted && value.size() <= kMostWordBytes)
    if (const std::size_t word = find_null_word(value); word < kNullWords) words_ |= std::uint64_t{1} << word;
}

void ColumnTally::add(std::string_view value, bool was_quoted, std::int64_t line_number) {
  const std::string_view bare = without_blanks(value);
  if (bare.empty()) {
    (was_quoted ? quoted_blanks_ : blanks_)++;
    return;
  }
  const bool is_padded = !was_quoted && bare.size() < value.size();
  if (is_padded) padded_++;
  if (is_text_) {
    values_++;
    return note_text(bare, was_quoted);
  }
  const Value found = classify(bare);
  const ValueClass kind = was_quoted && found.kind == ValueClass::null_word ? ValueClass::text : found.kind;
  if (is_code_ && !is_short_code(bare)) is_code_ = false;
  if (is_padded && kind == ValueClass::null_word) padded_null_words_++;
  if (kind == ValueClass::null_word)
    words_ |= std::uint64_t{1} << found.null_word;
  else
    values_++;
  note(kind, bare, line_number);
  day_first_ += found.order == DayMonth::day_first ? 1 : 0;
  month_first_ += found.order == DayMonth::month_first ? 1 : 0;
  either_ += found.order == DayMonth::either ? 1 : 0;
  true_letters_ += found.is_true ? 1 : 0;
  most_fraction_digits_ = std::max(most_fraction_digits_, found.fraction_digits);
  fits_double_ = fits_double_ && found.fits_double;
  constexpr std::int64_t kEnough = 1000;
  is_text_ = count(ValueClass::text) >= kEnough && count(ValueClass::text) * 2 > values_;
}

std::string ColumnTally::where(ValueClass kind) const {
  const Seen& found = seen(kind);
  const std::string_view example = found.example.data();
  return example.empty() ? concat("on line ", found.line_number) : concat('"', example, "\" on line ", found.line_number);
}

ColumnType ColumnTally::number_type() const {
  // so many as only a double is written with; what has more of them than it can show is exact, and stays so
  constexpr int kMeasuredDigits = 12;
  const bool is_measured = count(ValueClass::floating) > 0 || most_fraction_digits_ > kMeasuredDigits;
  if (is_measured && fits_double_) return ColumnType::double_precision;
  if (is_measured || count(ValueClass::decimal) > 0 || count(ValueClass::wide_integer) > 0) return ColumnType::numeric;
  return count(ValueClass::bigint) > 0 ? ColumnType::bigint : ColumnType::integer;
}

void ColumnTally::decide_moment(ColumnVerdict& verdict) const {
  const std::int64_t zoned = count(ValueClass::timestamptz);
  if (zoned > 0 && zoned < values_) {
    const ValueClass other = count(ValueClass::timestamp) > 0 ? ValueClass::timestamp : ValueClass::date;
    verdict.reason = concat("with a time zone, ", where(ValueClass::timestamptz), ", and without, ", where(other));
    return;
  }
  if (day_first_ > 0 && month_first_ > 0) {
    verdict.reason = "some dates have the day first, others the month";
    return;
  }
  if (either_ > 0 && day_first_ + month_first_ == 0) {
    verdict.reason = kUnknownDayMonth;
    return;
  }
  verdict.order = day_first_ > 0 ? DayMonth::day_first : month_first_ > 0 ? DayMonth::month_first : DayMonth::none;
  verdict.type = zoned > 0                          ? ColumnType::timestamptz
                 : count(ValueClass::timestamp) > 0 ? ColumnType::timestamp
                                                    : ColumnType::date;
}

/// Why values of several classes are text; empty where most of them are.
std::string ColumnTally::mixed_reason() const {
  constexpr std::array kNumbers{ValueClass::integer, ValueClass::bigint, ValueClass::wide_integer, ValueClass::decimal,
                                ValueClass::floating};
  constexpr std::array kNumbersToPeople{ValueClass::leading_zeros, ValueClass::plus_sign, ValueClass::decimal_comma,
                                        ValueClass::thousands,     ValueClass::percent,   ValueClass::currency};
  constexpr std::array<std::string_view, kNumbersToPeople.size()> kSigns{
      "leading zeros", "telephone numbers", "decimal comma", "thousands separators", "percent signs", "currency signs"};
  std::int64_t numbers = 0;
  for (const ValueClass kind : kNumbers) numbers += count(kind);
  std::int64_t all_numbers = numbers;
  for (const ValueClass kind : kNumbersToPeople) all_numbers += count(kind);
  if (all_numbers == values_)
    for (std::size_t i = 0; i < kNumbersToPeople.size(); i++)
      if (count(kNumbersToPeople[i]) > 0) return concat(kSigns[i], ": ", where(kNumbersToPeople[i]));
  const auto exception_to = [this](auto is_of_it, ValueClass named) {
    for (std::size_t i = kValueClasses; i-- > 0;) {
      const auto kind = static_cast<ValueClass>(i);
      if (kind != ValueClass::null_word && count(kind) > 0 && !is_of_it(kind))
        return concat(where(kind), " is no ", name_of_class(named));
    }
    return std::string();
  };
  if (numbers * 2 > values_)
    return exception_to([&](ValueClass kind) { return std::find(kNumbers.begin(), kNumbers.end(), kind) != kNumbers.end(); },
                        ValueClass::integer);
  for (const ValueClass kind : {ValueClass::boolean_word, ValueClass::date, ValueClass::time, ValueClass::timestamp,
                                ValueClass::timestamptz, ValueClass::uuid, ValueClass::json})
    if (count(kind) * 2 > values_) return exception_to([kind](ValueClass other) { return other == kind; }, kind);
  return {};
}

ColumnVerdict ColumnTally::verdict() const {
  ColumnVerdict verdict;
  const std::int64_t letters = count(ValueClass::boolean_letter);
  if (values_ == 0)
    verdict.reason = "no values";
  else if (is_text_)
    verdict.type = ColumnType::text;
  else if (only(ValueClass::json))
    verdict.type = ColumnType::jsonb;
  else if (only(ValueClass::uuid))
    verdict.type = ColumnType::uuid;
  else if (only(ValueClass::time))
    verdict.type = ColumnType::time;
  else if (only(ValueClass::boolean_word, ValueClass::boolean_letter)) {
    // N alone may be north
    const bool is_boolean = count(ValueClass::boolean_word) > 0 || (true_letters_ > 0 && true_letters_ < letters);
    if (is_boolean) verdict.type = ColumnType::boolean;
  } else if (only(ValueClass::integer, ValueClass::bigint, ValueClass::wide_integer, ValueClass::decimal, ValueClass::floating))
    verdict.type = number_type();
  else if (only(ValueClass::date, ValueClass::timestamp, ValueClass::timestamptz))
    decide_moment(verdict);
  else
    verdict.reason = mixed_reason();
  // codes and amounts with signs are no words either
  const bool has_words =
      verdict.type == ColumnType::text && (values_ == 0 || count(ValueClass::text) + count(ValueClass::boolean_letter) > 0);
  verdict.null_words = has_words ? words_ & certain_null_words() : words_;
  return verdict;
}

}  // namespace ferry::text
