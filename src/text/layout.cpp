// Each way to read the first records of the file gets a score: the share of records with the usual number of fields, times how
// much the fields look like values, times a little more for more fields. The best one wins; among equals the more usual one.

#include "text/layout.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include "base/view_source.hpp"
#include "text/csv.hpp"
#include "text/value_class.hpp"

namespace ferry::text {
namespace {

constexpr std::size_t kTriedRecords = 1000;
constexpr std::size_t kMaxRecordBytes = 64 * 1024;
constexpr std::size_t kMaxFields = 2000;
constexpr std::string_view kUsualDelimiters = ",;\t|";

struct Delimiter {
  char byte;
  double weight;  ///< less for those that texts and moments have
};
constexpr std::array kDelimiters{Delimiter{',', 1},    Delimiter{';', 1},    Delimiter{'\t', 1},  Delimiter{'|', 1},
                                 Delimiter{'\x1f', 1}, Delimiter{'\x1e', 1}, Delimiter{'^', 0.9}, Delimiter{'~', 0.9},
                                 Delimiter{'#', 0.6},  Delimiter{'!', 0.6},  Delimiter{'*', 0.6}, Delimiter{':', 0.5},
                                 Delimiter{' ', 0.55}};

/// The first bytes of a file, or all.
struct Text {
  std::string_view bytes;
  bool is_whole;
  CheckInterrupts check_interrupts;
};

struct Shape {
  std::size_t fields = 0;
  std::int64_t line_number = 0;
  bool is_blank = false, ends_with_blank = false;
  double value_like = 0;  ///< sum over the fields
};

/// One way to read the file.
struct Reading {
  Dialect dialect{};
  std::size_t fields = 1;
  double score = -1;
  std::vector<Shape> shapes{};
};

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// Whether a field that has a quote stands in quotes as a whole, and every quote within is doubled or escaped.
bool is_well_quoted(std::string_view raw, const Dialect& dialect) {
  raw = trim(raw);
  if (raw.size() < 2 || raw.front() != dialect.quote || raw.back() != dialect.quote) return false;
  raw = raw.substr(1, raw.size() - 2);
  for (std::size_t at = 0; at < raw.size(); at++) {
    const bool is_pair =
        raw[at] == dialect.escape && at + 1 < raw.size() && (raw[at + 1] == dialect.quote || raw[at + 1] == dialect.escape);
    if (is_pair)
      at++;
    else if (raw[at] == dialect.quote)
      return false;
  }
  return true;
}

/// How much a text without quotes of the dialect looks like one value: up to 1.
double text_score(std::string_view text, char delimiter, bool has_quotes) {
  if (!has_quotes && text.find('"') != std::string_view::npos) {
    const int at_ends = (text.front() == '"' ? 1 : 0) + (text.size() > 1 && text.back() == '"' ? 1 : 0);
    return at_ends == 2 ? 0.1 : at_ends == 1 ? 0.3 : 0.7;
  }
  if (text.size() > 1 && text.front() == '\'' && text.back() == '\'') return 0.5;
  for (std::size_t at = 0; at < text.size(); at++) {
    const bool is_other = text[at] != delimiter && kUsualDelimiters.find(text[at]) != std::string_view::npos;
    if (is_other) return at + 1 < text.size() && text[at + 1] == ' ' ? 0.6 : 0.1;
  }
  return text.find(' ') != std::string_view::npos ? 0.8 : 0.85;
}

double field_score(std::string_view raw, const Dialect& dialect) {
  const bool has_quotes = dialect.quotes != Quotes::none;
  if (has_quotes && raw.find(dialect.quote) != std::string_view::npos) return is_well_quoted(raw, dialect) ? 1 : 0.2;
  raw = trim(raw);
  if (raw.empty()) return 1;
  const ValueClass kind = classify(raw).kind;
  return kind == ValueClass::text ? text_score(raw, dialect.delimiter, has_quotes) : 1;
}

std::vector<Shape> shapes_of(Text text, const Dialect& dialect) {
  ViewSource source(as_bytes(text.bytes));
  CsvReader reader(source, dialect, kMaxRecordBytes);
  std::vector<Shape> shapes;
  std::string storage;
  std::vector<Field> fields;
  Record record;
  while (shapes.size() < kTriedRecords && reader.next(record)) {
    const bool may_end_later = !text.is_whole && record.problem == RecordProblem::unterminated_quote && !shapes.empty();
    if (may_end_later) break;
    check(text.check_interrupts);
    Shape& shape = shapes.emplace_back();
    shape.line_number = record.line_number;
    shape.is_blank = trim(record.raw).empty() && record.raw.find(dialect.delimiter) == std::string_view::npos;
    if (record.problem != RecordProblem::none || split_csv(record.raw, dialect, storage, fields) != RecordProblem::none) continue;
    shape.fields = fields.size();
    for (std::size_t i = 0; i < fields.size(); i++)
      shape.value_like += field_score(raw_field(record.raw, storage, fields, i), dialect);
    shape.ends_with_blank = trim({fields.back().text, fields.back().size}).empty();
  }
  return shapes;
}

/// The number of fields that most records have, of equally many the larger.
std::size_t usual_fields(const std::vector<Shape>& shapes) {
  std::map<std::size_t, std::size_t> counts;
  for (const Shape& shape : shapes)
    if (!shape.is_blank && shape.fields > 0) counts[shape.fields]++;
  std::size_t usual = 1, most = 0;
  for (const auto& [fields, count] : counts)
    if (count >= most) usual = fields, most = count;
  return usual;
}

/// The first record that has as many fields as usual, where all before, which are not the most, have less: those are a title and
/// such.
std::size_t first_record(const std::vector<Shape>& shapes, std::size_t fields) {
  constexpr std::size_t kMostTitles = 50;
  const auto usual = std::count_if(shapes.begin(), shapes.end(), [fields](const Shape& shape) { return shape.fields == fields; });
  std::ptrdiff_t titles = 0;
  for (std::size_t i = 0; i < shapes.size() && i <= kMostTitles; i++) {
    if (!shapes[i].is_blank && shapes[i].fields >= fields) return shapes[i].fields == fields && titles <= usual ? i : 0;
    titles += shapes[i].is_blank ? 0 : 1;
  }
  return 0;
}

/// Less where a title looks as if another delimiter belonged into it.
double title_score(const std::vector<Shape>& shapes, std::size_t first) {
  constexpr double kLeastLikely = 0.5, kDoubt = 0.5;
  const auto is_likely = [](const Shape& shape) {
    return shape.is_blank || shape.value_like >= kLeastLikely * static_cast<double>(shape.fields);
  };
  return std::all_of(shapes.begin(), shapes.begin() + static_cast<std::ptrdiff_t>(first), is_likely) ? 1 : kDoubt;
}

void rate(Reading& reading, double weight) {
  reading.fields = usual_fields(reading.shapes);
  std::size_t records = 0, usual = 0;
  double value_like = 0;
  const std::size_t first = first_record(reading.shapes, reading.fields);
  for (std::size_t i = first; i < reading.shapes.size(); i++) {
    const Shape& shape = reading.shapes[i];
    if (shape.is_blank) continue;
    records++;
    if (shape.fields != reading.fields) continue;
    usual++;
    value_like += shape.value_like / static_cast<double>(shape.fields);
  }
  if (usual == 0) return;
  constexpr double kSingleField = 0.4;
  const auto fields = static_cast<double>(reading.fields);
  const double width = reading.fields == 1 ? kSingleField : (fields - 1) / fields * weight;
  const double share = static_cast<double>(usual) / static_cast<double>(records);
  reading.score = share * share * (value_like / static_cast<double>(usual)) * width * title_score(reading.shapes, first);
}

/// Whether quote stands at the start of a field anywhere. is_delimiter: called with the byte before it.
template <class IsDelimiter>
bool opens_fields(std::string_view text, char quote, IsDelimiter&& is_delimiter) {
  for (std::size_t at = text.find(quote); at != std::string_view::npos; at = text.find(quote, at + 1))
    if (at == 0 || text[at - 1] == '\n' || text[at - 1] == '\r' || is_delimiter(text[at - 1])) return true;
  return false;
}

bool is_any_delimiter(char c) {
  return std::any_of(std::begin(kDelimiters), std::end(kDelimiters), [c](const Delimiter& one) { return one.byte == c; });
}

/// The ways in which quotes may be meant, the usual one first.
std::vector<Reading> quotings(std::string_view text) {
  std::vector<Reading> ways{{}};
  const auto add = [&ways](char quote, char escape) {
    Reading& way = ways.emplace_back();
    way.dialect.quote = quote;
    way.dialect.escape = escape;
  };
  const bool has_double = text.find('"') != std::string_view::npos;
  if (has_double && text.find("\\\"") != std::string_view::npos) add('"', '\\');
  if (opens_fields(text, '\'', is_any_delimiter)) {
    add('\'', '\'');
    if (text.find("\\'") != std::string_view::npos) add('\'', '\\');
  }
  if (has_double) ways.emplace_back().dialect.quotes = Quotes::none;
  return ways;
}

/// Whether a quote opens a field: if it is never closed that is a mistake, not data. Where lines are one field, a delimiter may
/// stand before a quote within a value, as in JSON; but there quotes come in pairs.
bool has_quoted_field(std::string_view text, char delimiter, bool is_single) {
  if (opens_fields(text, '"', [delimiter](char c) { return c == delimiter; })) return true;
  const auto is_usual = [](char c) { return kUsualDelimiters.find(c) != std::string_view::npos; };
  return is_single && std::count(text.begin(), text.end(), '"') % 2 != 0 && opens_fields(text, '"', is_usual);
}

char delimiter_of_one_field(std::string_view text) {
  for (const char c : kUsualDelimiters)
    if (text.find(c) == std::string_view::npos) return c;
  return '\x1f';
}

Reading best_reading(Text text) {
  Reading best;
  for (const Reading& way : quotings(text.bytes)) {
    const auto try_delimiter = [&](char delimiter, double weight, bool is_single) {
      if (way.dialect.quotes == Quotes::none && has_quoted_field(text.bytes, delimiter, is_single)) return;
      Reading reading = way;
      reading.dialect.delimiter = delimiter;
      reading.dialect.max_fields = kMaxFields;
      reading.shapes = shapes_of(text, reading.dialect);
      rate(reading, weight);
      if (is_single == (reading.fields == 1) && reading.score > best.score) best = std::move(reading);
    };
    for (const Delimiter& delimiter : kDelimiters)
      if (text.bytes.find(delimiter.byte) != std::string_view::npos) try_delimiter(delimiter.byte, delimiter.weight, false);
    try_delimiter(delimiter_of_one_field(text.bytes), 1, true);
  }
  return best;
}

/// The byte that the lines of a text end with, by the first of them.
char line_end_byte(std::string_view text) {
  const std::size_t at = text.find_first_of("\r\n");
  const bool is_return = at != std::string_view::npos && text[at] == '\r' && text.substr(at, 2) != "\r\n";
  return is_return ? '\r' : '\n';
}

/// Text without the lines that begin with a prefix.
struct Uncommented {
  std::string text{};
  std::vector<std::int64_t> line_numbers{};  ///< in the file, of each line that is left
  std::string removed{};                     ///< the lines that are not
  std::size_t lines_removed = 0;
  bool all_at_top = true;  ///< no such line is behind one of the others
};

Uncommented without_comments(std::string_view text, std::string_view prefix) {
  const char line_end = line_end_byte(text);
  Uncommented result;
  std::int64_t line_number = 0;
  while (!text.empty()) {
    const std::size_t end = text.find(line_end);
    const std::string_view line = text.substr(0, end == std::string_view::npos ? text.size() : end + 1);
    text.remove_prefix(line.size());
    line_number++;
    if (!prefix.empty() && line.starts_with(prefix)) {
      result.all_at_top = result.all_at_top && result.line_numbers.empty();
      result.removed += line;
      result.lines_removed++;
    } else {
      result.text += line;
      result.line_numbers.push_back(line_number);
    }
  }
  return result;
}

/// Whether the last line of a block of comments at the top is the header in truth: #id,name
bool ends_with_header(const Uncommented& parts, const Reading& reading) {
  if (!parts.all_at_top || reading.fields == 1) return false;
  const std::vector<Shape> shapes = shapes_of({parts.removed, true, nullptr}, reading.dialect);
  return !shapes.empty() && shapes.back().fields == reading.fields;
}

/// What lines with which prefix are comments, with the reading of what is left.
struct Commented {
  std::string prefix{};
  Uncommented parts{};
  Reading reading{};
};

Commented find_comments(Text text) {
  Commented best{{}, without_comments(text.bytes, {}), best_reading(text)};
  for (const std::string_view prefix : {"#", "//", "--", "%", ";", "!"}) {
    Uncommented parts = without_comments(text.bytes, prefix);
    if (parts.lines_removed == 0 || parts.lines_removed > parts.line_numbers.size()) continue;
    Reading reading = best_reading({parts.text, text.is_whole, text.check_interrupts});
    const bool is_delimiter = prefix.size() == 1 && reading.dialect.delimiter == prefix.front();
    if (is_delimiter || ends_with_header(parts, reading)) continue;
    const std::vector<Shape> removed = shapes_of({parts.removed, true, nullptr}, reading.dialect);
    const bool look_like_records = reading.fields > 1 && std::all_of(removed.begin(), removed.end(), [&](const Shape& shape) {
                                     return shape.fields == reading.fields;
                                   });
    // a title is passed over in either way, and then the line's mark tells what it is
    constexpr double kAsGood = 0.98;
    if (!look_like_records && reading.score >= best.reading.score * kAsGood)
      best = {std::string(prefix), std::move(parts), std::move(reading)};
  }
  return best;
}

/// Whether each record ends with a delimiter, and the first with its last name.
bool has_delimiters_at_ends(const std::vector<Shape>& shapes, std::size_t fields) {
  const auto ends_so = [fields](const Shape& shape) { return shape.fields != fields || shape.ends_with_blank; };
  return fields > 2 && shapes.front().fields == fields - 1 && std::all_of(shapes.begin(), shapes.end(), ends_so);
}

/// Whether records end early, or with more delimiters, or are blank, so often that it is the file's way.
bool is_ragged(const std::vector<Shape>& shapes, std::size_t first, std::size_t fields) {
  constexpr std::size_t kLeast = 2, kSeldom = 100;
  std::size_t other = 0, blank = 0;
  for (std::size_t i = first; i < shapes.size(); i++) {
    const Shape& shape = shapes[i];
    if (shape.is_blank)
      blank++;
    else if (shape.fields > 0 && shape.fields != fields)
      other++;
  }
  return fields > 1 && (blank > 0 || (other >= kLeast && other * kSeldom >= shapes.size()));
}

/// Whether a few records have quotes that no program writes around or into a value: two of them would make one of all between.
bool has_stray_quotes(Text text, Dialect dialect) {
  if (text.bytes.find(dialect.quote) == std::string_view::npos) return false;
  dialect.quotes = Quotes::strict;
  ViewSource source(as_bytes(text.bytes));
  CsvReader reader(source, dialect, kMaxRecordBytes);
  std::size_t records = 0, stray = 0;
  std::string storage;
  std::vector<Field> fields;
  Record record;
  for (; reader.next(record); records++) {
    check(text.check_interrupts);
    if (split_csv(record.raw, dialect, storage, fields) == RecordProblem::misplaced_quote) stray++;
  }
  constexpr std::size_t kFew = 10;  // of so many one; if there are more, strict quotes are not the file's way either
  return stray > 0 && stray * kFew <= records;
}

LineEnds line_ends_of(std::string_view text, const Layout& layout) {
  ViewSource source(as_bytes(text));
  CsvReader reader(source, layout.dialect, kMaxRecordBytes);
  bool lf = false, crlf = false, cr = false;
  Record record;
  while (reader.next(record)) {
    if (!record.has_line_end || record.is_cut) continue;
    const std::string_view end = text.substr(record.offset_bytes + record.raw.size(), 2);
    (end.front() == '\n' ? lf : end == "\r\n" ? crlf : cr) = true;
  }
  const int kinds = (lf ? 1 : 0) + (crlf ? 1 : 0) + (cr ? 1 : 0);
  return kinds > 1 ? LineEnds::mixed : lf ? LineEnds::lf : crlf ? LineEnds::crlf : cr ? LineEnds::cr : LineEnds::none;
}

}  // namespace

std::string_view raw_field(std::string_view record, const std::string& storage, const std::vector<Field>& fields,
                           std::size_t index) {
  const auto from = static_cast<std::size_t>(fields[index].text - storage.data());
  const std::size_t to =
      index + 1 < fields.size() ? static_cast<std::size_t>(fields[index + 1].text - storage.data()) - 1 : record.size();
  return record.substr(from, to - from);
}

Layout find_layout(std::string_view text, bool is_whole, CheckInterrupts check_interrupts) {
  const std::size_t last_line_end = text.find_last_of("\r\n");
  if (!is_whole && last_line_end != std::string_view::npos) text = text.substr(0, last_line_end + 1);
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  const Commented found = find_comments({text, is_whole, check_interrupts});
  const Reading& reading = found.reading;
  Layout layout{.dialect = reading.dialect, .fields = reading.fields};
  layout.dialect.comment = found.prefix;
  if (!reading.shapes.empty()) {
    const std::size_t first = first_record(reading.shapes, reading.fields);
    const auto line = static_cast<std::size_t>(reading.shapes[first].line_number - 1);
    if (first > 0 && line < found.parts.line_numbers.size()) layout.dialect.skip_lines = found.parts.line_numbers[line] - 1;
    if (has_delimiters_at_ends(reading.shapes, reading.fields)) {
      layout.fields--;
      layout.dialect.skip_lines = 0;
    }
    const Shape& header = reading.shapes.front();
    const bool has_one_blank_more = header.fields == layout.fields + 1 && header.ends_with_blank;
    if (header.fields > layout.fields && !has_one_blank_more) layout.fields = header.fields;
    layout.is_ragged = is_ragged(reading.shapes, first, layout.fields);
  }
  if (layout.dialect.quotes == Quotes::copy && has_stray_quotes({text, is_whole, check_interrupts}, layout.dialect))
    layout.dialect.quotes = Quotes::strict;
  layout.line_ends = line_ends_of(text, layout);
  return layout;
}

}  // namespace ferry::text
