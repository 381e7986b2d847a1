#include "text/survey.hpp"

#include <algorithm>
#include <array>
#include <map>

#include "base/concat.hpp"
#include "text/column_names.hpp"
#include "text/csv.hpp"
#include "text/single_byte_text.hpp"
#include "text/value_parse.hpp"

namespace ferry::text {
namespace {

constexpr std::int64_t kComparedRecords = 1000;
constexpr std::string_view kBlanks = " \t";

std::string_view trim(std::string_view text) {
  const std::size_t from = text.find_first_not_of(kBlanks);
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(kBlanks) - from + 1);
}

bool is_small(char c) { return c >= 'a' && c <= 'z'; }

/// Names that headers have all over the world.
bool is_usual_title(std::string_view title) {
  constexpr std::array<std::string_view, 60> kTitles{
      "id",       "key",       "name",        "title",   "code",      "type",   "kind",       "date",       "time",    "datetime",
      "year",     "month",     "day",         "status",  "state",     "city",   "country",    "region",     "address", "street",
      "zip",      "email",     "phone",       "url",     "link",      "value",  "amount",     "price",      "total",   "count",
      "number",   "quantity",  "category",    "class",   "group",     "gender", "sex",        "age",        "lat",     "lon",
      "latitude", "longitude", "description", "comment", "notes",     "note",   "first_name", "last_name",  "label",   "text",
      "language", "currency",  "unit",        "source",  "timestamp", "user",   "username",   "department", "job",     "company"};
  const std::string plain = plain_name(title);
  for (const std::string_view usual : kTitles) {
    if (plain == usual) return true;
    if (plain.size() > usual.size() && plain.ends_with(usual) && plain[plain.size() - usual.size() - 1] == '_') return true;
  }
  return false;
}

/// Whether a value is no name for a column: a number, a moment, a UUID.
bool is_value(std::string_view text) {
  switch (classify(text).kind) {
    case ValueClass::text:
    case ValueClass::boolean_word:
    case ValueClass::boolean_letter:
    case ValueClass::null_word:
      return false;
    default:
      return true;
  }
}

bool is_truth_value(std::string_view text) {
  const ValueClass kind = classify(text).kind;
  return kind == ValueClass::boolean_word || kind == ValueClass::boolean_letter;
}

}  // namespace

Survey::Survey(const Layout& layout) : layout_(layout), columns_(layout.fields) {}

void Survey::note_encoding(std::string_view raw) {
  const auto is_wide = [](char c) { return (c & 0x80) != 0; };
  const auto is_middle = [](char c) { return (static_cast<unsigned char>(c) & 0xE0) == 0x80; };
  if (!is_valid_utf8_without_nul(raw)) {
    invalid_records_++;
    has_middle_bytes_ = has_middle_bytes_ || std::any_of(raw.begin(), raw.end(), is_middle);
  } else if (std::any_of(raw.begin(), raw.end(), is_wide)) {
    wide_records_++;
  }
}

TextEncoding Survey::encoding() const {
  // what is no UTF-8 but for single bytes hardly ever has a sequence that would be
  if (invalid_records_ <= wide_records_) return TextEncoding::utf8;
  return has_middle_bytes_ ? TextEncoding::win1252 : TextEncoding::latin1;
}

void Survey::add(const text::Record& record) {
  if (layout_.fields > 1 && record.raw.empty()) {
    blank_lines_++;
    return;
  }
  note_encoding(record.raw);
  if (record.problem != RecordProblem::none || !splits(record.raw)) return;
  if (fields_.size() > layout_.fields) {
    const auto is_empty = [](const Field& field) { return field.size == 0; };
    if (!std::all_of(fields_.begin() + static_cast<std::ptrdiff_t>(layout_.fields), fields_.end(), is_empty)) return;
    if (!layout_.is_ragged && has_first_) return;
  }
  if (!has_first_) return keep_first(record);
  if (fields_.size() < layout_.fields) {
    short_records_++;
    if (!layout_.is_ragged) return;
  }
  tally(record);
}

/// Splits a record into fields_; false where its quotes are wrong.
bool Survey::splits(std::string_view raw) { return split_csv(raw, layout_.dialect, storage_, fields_) == RecordProblem::none; }

void Survey::keep_first(const text::Record& record) {
  has_first_ = true;
  first_.raw.assign(record.raw);
  first_.line_number = record.line_number;
  first_.lines = record.lines;
  for (std::size_t i = 0; i < layout_.fields; i++)
    first_.values.emplace_back(i < fields_.size() ? trim({fields_[i].text, fields_[i].size}) : std::string_view());
}

void Survey::tally(const text::Record& record) {
  const std::size_t count = std::min(fields_.size(), columns_.size());
  for (std::size_t i = 0; i < count; i++) {
    const std::string_view value(fields_[i].text, fields_[i].size);
    const std::string_view raw = raw_field(record.raw, storage_, fields_, i);
    if (records_ < kComparedRecords) compare_to_first(columns_[i], value, i);
    add_value(columns_[i], raw, value, record.line_number);
  }
  has_empty_fields_ = has_empty_fields_ || count < columns_.size();
  records_++;
}

void Survey::compare_to_first(Column& column, std::string_view value, std::size_t index) {
  value = trim(value);
  if (value.empty()) return;
  column.equal_to_first += value == first_.values[index] ? 1 : 0;
  column.small_starts += is_small(value.front()) ? 1 : 0;
  column.shortest = std::min(column.shortest, value.size());
  column.longest = std::max(column.longest, value.size());
}

void Survey::add_value(Column& column, std::string_view raw, std::string_view value, std::int64_t line_number) {
  if (raw.empty()) {
    has_empty_fields_ = true;
    return;
  }
  const bool was_quoted = raw.size() != value.size();
  const bool has_blanks_outside =
      was_quoted && (kBlanks.find(raw.front()) != std::string_view::npos || kBlanks.find(raw.back()) != std::string_view::npos);
  if (has_blanks_outside) column.tally.note_padding();
  column.tally.add(value, was_quoted, line_number);
}

/// Whether titles are years, one after the other, as tables have them that were made for people.
bool Survey::counts_years() const {
  std::int32_t last = 0;
  int years = 0;
  for (const std::string& title : first_.values) {
    std::int32_t year;
    constexpr std::size_t kYearBytes = 4;
    if (title.size() != kYearBytes || !parse_int32(title, year) || year < 1800 || year > 2200) continue;
    if (last != 0 && year != last + 1 && year != last - 1) return false;
    last = year;
    years++;
  }
  return years > 1;
}

/// For a header more than 0, against one less.
double Survey::header_score(const Column& column, std::string_view title) const {
  if (title.empty()) return 0;
  const ColumnVerdict verdict = column.tally.verdict();
  const bool title_is_value = is_value(title) || (verdict.type == ColumnType::boolean && is_truth_value(title));
  if (column.tally.values() == 0) return title_is_value ? -1 : 0.5;
  const bool is_special = verdict.type != ColumnType::text || !verdict.reason.empty();
  if (is_special && title_is_value) return -3;
  if (is_special) return find_null_word(title) < kNullWords ? -1 : 2;
  if (title_is_value) return -1;
  double score = is_usual_title(title) ? 1.5 : 0;
  if (column.equal_to_first > 0) score -= 1.5;
  if (title.find('_') != std::string_view::npos) score += 0.5;
  if (is_small(title.front()) && column.small_starts == 0) score += 1;
  const bool has_one_length = records_ > 2 && column.shortest == column.longest;
  if (has_one_length) score += title.size() == column.shortest ? -1 : 1;
  constexpr std::size_t kLongTitle = 60;
  return title.size() > kLongTitle || title.find("://") != std::string_view::npos || title.find('@') != std::string_view::npos
             ? score - 1
             : score;
}

bool Survey::has_header() const {
  // nearly all files of several columns have one
  double score = columns_.size() > 1 ? 0.5 : -0.5;
  if (std::all_of(first_.values.begin(), first_.values.end(), [](const std::string& title) { return title.empty(); }))
    return false;
  std::map<std::string_view, int> titles;
  const bool has_years = counts_years();
  for (std::size_t i = 0; i < columns_.size(); i++) {
    const std::string_view title = first_.values[i];
    if (!title.empty() && ++titles[title] > 1) score -= 1;
    std::int32_t number;
    if (has_years && parse_int32(title, number)) continue;
    score += header_score(columns_[i], title);
  }
  return score > 0;
}

/// A word is NULL in the whole file, or it is not.
void Survey::choose_null_words(std::vector<ColumnVerdict>& verdicts, SniffedFile& file) const {
  std::uint64_t words = 0, codes = 0;
  for (std::size_t i = 0; i < columns_.size(); i++) {
    words |= verdicts[i].null_words;
    const bool has_codes = verdicts[i].type == ColumnType::text && columns_[i].tally.is_code() && columns_[i].tally.values() > 1;
    for (std::size_t word = 0; has_codes && word < kNullWords; word++)
      if (columns_[i].tally.has_null_word(word)) codes |= std::uint64_t{1} << word;
  }
  words &= ~codes | certain_null_words();
  for (ColumnVerdict& verdict : verdicts) {
    const std::uint64_t refused = verdict.null_words & ~words;
    if (refused == 0) continue;
    const std::string_view word = null_word(static_cast<std::size_t>(std::countr_zero(refused)));
    verdict = {.reason = concat("\"", word, "\", which is a code in another column")};
  }
  for (std::size_t word = 0; word < kNullWords; word++)
    if ((words >> word & 1) != 0) file.null_words.emplace_back(null_word(word));
}

/// The server reads all columns with the same order of day and month.
void Survey::choose_order(std::vector<ColumnVerdict>& verdicts, SniffedFile& file) {
  for (ColumnVerdict& verdict : verdicts) {
    if (verdict.order == DayMonth::none) continue;
    if (file.order == DayMonth::none) file.order = verdict.order;
    if (verdict.order != file.order)
      verdict = {.reason = concat("the ", verdict.order == DayMonth::day_first ? "day" : "month",
                                  " comes first, other than in the columns before")};
  }
}

bool Survey::has_blanks_around(const std::vector<ColumnVerdict>& verdicts) const {
  for (std::size_t i = 0; i < columns_.size(); i++) {
    const ColumnTally& tally = columns_[i].tally;
    const bool is_text = verdicts[i].type == ColumnType::text;
    if (tally.padded() > 0 && is_text && tally.padded() * 2 > tally.values()) return true;
    // the input functions of most types pass over blanks, but not that of UUID, nor do blanks belong to a word for NULL
    if (!is_text && (tally.blanks() > 0 || tally.padded_null_words() > 0)) return true;
    if (verdicts[i].type == ColumnType::uuid && tally.padded() > 0) return true;
  }
  return false;
}

SniffedFile Survey::result(std::optional<bool> is_known_header) {
  SniffedFile file{.layout = layout_, .encoding = encoding()};
  file.has_header = has_first_ && is_known_header.value_or(has_header());
  if (file.has_header) file.last_header_line = first_.line_number + first_.lines - 1;
  if (has_first_ && !file.has_header) {
    if (splits(first_.raw)) tally({.raw = first_.raw, .line_number = first_.line_number});
  }
  if (blank_lines_ > 0 && short_records_ == 0) file.layout.is_ragged = true;
  std::vector<ColumnVerdict> verdicts;
  for (const Column& column : columns_) verdicts.push_back(column.tally.verdict());
  choose_null_words(verdicts, file);
  choose_order(verdicts, file);
  file.has_blanks_around = has_blanks_around(verdicts);
  file.has_empty_fields = has_empty_fields_;
  file.records = records_;
  std::vector<std::string> titles(columns_.size());
  for (std::size_t i = 0; file.has_header && i < titles.size(); i++) {
    const std::string& title = first_.values[i];
    titles[i] = file.encoding == TextEncoding::utf8     ? title
                : file.encoding == TextEncoding::latin1 ? utf8_of_latin1(title)
                                                        : utf8_of_win1252(title);
  }
  const std::vector<std::string> names = column_names(titles);
  for (std::size_t i = 0; i < columns_.size(); i++)
    file.columns.push_back({.title = titles[i],
                            .name = names[i],
                            .type = verdicts[i].type,
                            .reason = std::move(verdicts[i].reason),
                            .has_quoted_blanks = verdicts[i].type != ColumnType::text && columns_[i].tally.quoted_blanks() > 0});
  return file;
}

}  // namespace ferry::text
