#include "text/csv.hpp"

#include <algorithm>
#include <bit>
#include <span>

#include "text/byte_search.hpp"

namespace ferry::text {

namespace {
ByteSearch special_bytes(const Dialect& dialect) {
  return dialect.quotes == Quotes::none ? ByteSearch('\n', '\r') : ByteSearch(dialect.quote, dialect.escape, '\n', '\r');
}
}  // namespace

CsvReader::CsvReader(ByteSource& source, const Dialect& dialect, std::size_t max_record_bytes, CharacterLength character_length)
    : RecordReader(source, dialect, max_record_bytes, character_length, special_bytes(dialect)),
      quote_(dialect.quote),
      escape_(dialect.escape),
      quotes_(dialect.quotes),
      resumes_(dialect.open_quote == OpenQuote::resume) {}

/// Both kinds are noted: which of them ends lines is not known before the first line has ended.
void CsvReader::note_line_end(Scan& scan, char c) const {
  LineEnds& ends = c == '\n' ? scan.newlines : scan.returns;
  if (ends.count++ == 0) ends.behind_first = scan.at + 1;
  ends.behind_last_offset = base_offset_ + begin_ + scan.at + 1;
}

bool CsvReader::line_ends_are_returns(const Scan& scan) const {
  return line_end_ == LineEnd::cr || (line_end_ == LineEnd::unknown && scan.newlines.count == 0 && scan.returns.count > 0);
}

const CsvReader::LineEnds& CsvReader::quoted_line_ends(const Scan& scan) const {
  return line_ends_are_returns(scan) ? scan.returns : scan.newlines;
}

/// Of that many bytes at the front of the buffer, the number before the line end that they may end with.
std::size_t CsvReader::size_without_line_end(std::size_t size) const {
  if (size == 0 || byte(size - 1) != line_end_byte()) return size;
  size--;
  return line_end_ != LineEnd::cr && size > 0 && byte(size - 1) == '\r' ? size - 1 : size;
}

/// Whether an earlier scan came by the line end c at scan.at, which then was inside of quotes for it too: else it had ended
/// there.
bool CsvReader::can_jump(const Scan& scan, char c) const {
  const bool is_cr = line_end_ == LineEnd::cr;
  return base_offset_ + begin_ + scan.at < gave_up_.offset_bytes && c == (is_cr ? '\r' : '\n') && is_cr == gave_up_.in_cr_file;
}

/// Takes scan, at a line end inside quotes, to where an earlier one gave up; false where that was the end of the stream.
bool CsvReader::jump(Scan& scan) {
  scan.jumped_from = scan.at + 1;
  scan.at = scan.jumped_to = static_cast<std::size_t>(gave_up_.offset_bytes - base_offset_) - begin_;
  scan.quoted = gave_up_.quoted;
  scan.escaped = gave_up_.escaped;
  return !gave_up_.at_end;
}

/// Whether scan.at, outside of quotes, is at the start of a field, blanks that are trimmed before it or not.
bool CsvReader::starts_field(const Scan& scan) const {
  std::size_t at = scan.at;
  while (trims_blanks_ && at > scan.seam && is_blank(byte(at - 1)) && byte(at - 1) != delimiter_) at--;
  return at > scan.seam ? byte(at - 1) == delimiter_ : scan.seam_starts_field;
}

/// Takes the byte c at scan.at by the rules of strict quotes; a line end is inside of quotes, or a stray one.
void CsvReader::take_strictly(Scan& scan, char c) const {
  if (scan.quoted) {
    const bool ends = c == quote_ && !scan.escaped;
    if (ends) scan.quoted = false, scan.place = Place::behind_quote;
    scan.escaped = !scan.escaped && escape_ != quote_ && c == escape_;
  } else if (scan.place == Place::field) {
    if (c == quote_) scan.quoted = starts_field(scan);
    if (c == quote_ && !scan.quoted) scan.place = Place::anything;
  } else if (scan.place != Place::anything) {
    const bool is_trimmed = trims_blanks_ && is_blank(c);
    if (c == quote_ && escape_ == quote_ && scan.place == Place::behind_quote)
      scan.quoted = true;
    else
      scan.place = c == delimiter_ ? Place::field : is_trimmed ? Place::behind_blank : Place::anything;
  }
  scan.at++;
}

/// Moves scan to the end of the record; false where a quote is still open at the end of the stream, or, if reading is to resume,
/// where the limit stands in the way.
template <Quotes kQuotes>
bool CsvReader::scan_record(Scan& scan) {
  constexpr bool kIsStrict = kQuotes == Quotes::strict;
  for (;;) {
    const bool looks_at_each = kIsStrict && !scan.quoted && scan.place != Place::field && scan.place != Place::anything;
    if (!scan.escaped && !looks_at_each) scan.at = skip_ordinary(scan.at);
    if (scan.at > max_record_bytes_) {
      if (resumes_) return false;
      scan.too_long = true;
      if (kIsStrict && begin_ + scan.at >= end_) {
        scan.seam_starts_field = starts_field(scan);
        scan.seam = max_record_bytes_;
      }
      drop_excess(scan.at);
    }
    if (at_end(scan.at)) {
      scan.size = scan.at;
      return !scan.quoted;
    }
    if (const std::size_t size = wide_character(scan.at); size > 0) {
      if (kIsStrict && looks_at_each) scan.place = Place::anything;
      scan.at += size;
      scan.escaped = scan.seam_starts_field = false;
      scan.seam = scan.at;
      continue;
    }
    const char c = byte(scan.at);
    if (c == '\n' || c == '\r') {
      if (!scan.quoted) {
        scan.size = scan.at;
        if (take_line_end(scan.at)) return true;
        scan.stray = true;
        if (kIsStrict && looks_at_each) scan.place = Place::anything;
        continue;
      }
      note_line_end(scan, c);
      if (can_jump(scan, c)) {
        if (!jump(scan)) return false;
        continue;
      }
    }
    if constexpr (kIsStrict) {
      take_strictly(scan, c);
    } else {
      const bool is_escape = escape_ != quote_ && c == escape_;
      if (scan.quoted && is_escape) scan.escaped = !scan.escaped;
      if (kQuotes == Quotes::copy && c == quote_ && !scan.escaped) scan.quoted = !scan.quoted;
      if (!is_escape) scan.escaped = false;
      scan.at++;
    }
  }
}

bool CsvReader::find_end(Scan& scan) {
  switch (quotes_) {
    case Quotes::strict:
      return scan_record<Quotes::strict>(scan);
    case Quotes::none:
      return scan_record<Quotes::none>(scan);
    default:
      return scan_record<Quotes::copy>(scan);
  }
}

void CsvReader::finish(Record& record, const Scan& scan) {
  set_raw(record, scan.size, scan.too_long);
  record.problem = record.is_cut ? RecordProblem::too_long : scan.stray ? stray_problem() : RecordProblem::none;
  const char* const start = buffer_.data() + begin_;
  line_ += quoted_line_ends(scan).count + std::count(start + scan.jumped_from, start + scan.jumped_to, line_end_byte()) + 1;
  consumed_next_ = scan.at;
}

/// The record is all that is left of the stream.
void CsvReader::take_rest(Record& record, const Scan& scan) {
  const LineEnds& ends = quoted_line_ends(scan);
  const bool ends_with_line_end = ends.count > 0 && ends.behind_last_offset == base_offset_ + begin_ + scan.at;
  line_ += ends.count + (ends_with_line_end ? 0 : 1);
  if (line_ends_are_returns(scan)) line_end_ = LineEnd::cr;
  set_raw(record, scan.too_long ? scan.size : size_without_line_end(scan.size), scan.too_long);
  record.problem = RecordProblem::unterminated_quote;
  consumed_next_ = scan.at;
}

/// Moves scan to the end of its physical line, of which it has met none.
void CsvReader::read_to_line_end(Scan& scan) {
  const ByteSearch line_ends{'\n', '\r'};
  for (;;) {
    const char* const start = buffer_.data() + begin_;
    scan.at = static_cast<std::size_t>(line_ends.find(start + scan.at, buffer_.data() + end_) - start);
    if (scan.at > max_record_bytes_) {
      scan.too_long = true;
      drop_excess(scan.at);
    }
    scan.size = scan.at;
    if (at_end(scan.at)) return;
    const bool is_line_end = byte(scan.at) == '\n' || byte(scan.at) == '\r';
    if (is_line_end && take_line_end(scan.at)) return;
  }
}

/// The record is the physical line that it starts on.
void CsvReader::fall_back_to_line(Record& record, Scan& scan) {
  if (line_ends_are_returns(scan)) line_end_ = LineEnd::cr;
  record.problem = RecordProblem::stray_quote;
  if (const LineEnds& ends = quoted_line_ends(scan); ends.count > 0) {
    if (line_end_ == LineEnd::unknown) line_end_ = LineEnd::lf;
    gave_up_ = {base_offset_ + begin_ + scan.at, scan.quoted, scan.escaped, source_ended_ && begin_ + scan.at >= end_,
                line_end_ == LineEnd::cr};
    scan.at = ends.behind_first;
    scan.size = size_without_line_end(scan.at);
  } else {
    if (scan.at > max_record_bytes_) record.problem = RecordProblem::too_long;
    read_to_line_end(scan);
  }
  set_raw(record, scan.size, scan.too_long);
  line_++;
  consumed_next_ = scan.at;
}

void CsvReader::read_record(Record& record) {
  Scan scan;
  if (find_end(scan))
    finish(record, scan);
  else if (resumes_)
    fall_back_to_line(record, scan);
  else
    take_rest(record, scan);
}

namespace {

/// Takes a field with quotes, from in on, to out, which is not behind in; solid_end is behind what stood in quotes. in is then at
/// the field's delimiter or at end.
template <bool kIsUsual>
RecordProblem unquote(const Dialect& dialect, const char*& in, const char* end, char*& out, const char*& solid_end) {
  bool quoted = false;
  for (; in < end; in++) {
    const char c = *in;
    if (!quoted && c == dialect.delimiter) return RecordProblem::none;
    if (quoted && c == dialect.escape && in + 1 < end && (in[1] == dialect.escape || in[1] == dialect.quote)) {
      *out++ = *++in;
    } else if (c == dialect.quote) {
      quoted = !quoted;
      if (!kIsUsual) solid_end = out;
    } else {
      *out++ = c;
    }
  }
  return quoted ? RecordProblem::unterminated_quote : RecordProblem::none;
}

/// The same where quotes are strict and one opens at in.
RecordProblem unquote_strictly(const Dialect& dialect, const char*& in, const char* end, char*& out) {
  for (in++; in < end; in++) {
    const bool is_pair = *in == dialect.escape && in + 1 < end && (in[1] == dialect.escape || in[1] == dialect.quote);
    if (!is_pair && *in == dialect.quote) break;
    if (is_pair) in++;
    *out++ = *in;
  }
  if (in == end) return RecordProblem::unterminated_quote;
  in++;
  while (dialect.trims_blanks && in < end && is_blank(*in) && *in != dialect.delimiter) in++;
  return in == end || *in == dialect.delimiter ? RecordProblem::none : RecordProblem::misplaced_quote;
}

void trim_front(const char*& start, const char* end) {
  while (start < end && is_blank(*start)) start++;
}

void trim_back(const char* start, char*& end) {
  while (end > start && is_blank(end[-1])) end--;
  *end = '\0';
}

/// Whether quotes are as in COPY, and all that is asked of a field without them is whether it is the null string.
bool is_usual(const Dialect& dialect) {
  return dialect.quotes == Quotes::copy && !dialect.trims_blanks && dialect.null_strings.all().empty() && !dialect.default_string;
}

Field unquoted_field(const Dialect& dialect, const char* start, const char* end) {
  const std::string_view text(start, static_cast<std::size_t>(end - start));
  return {.text = start, .size = text.size(), .is_null = text == dialect.null_string};
}

void trim(const Dialect& dialect, Field& field, char* storage) {
  if (!is_blank(field.text[0]) && (field.size == 0 || !is_blank(field.text[field.size - 1]))) return;
  char* end = storage + (field.text - storage) + field.size;
  trim_front(field.text, end);
  trim_back(field.text, end);
  field.size = static_cast<std::size_t>(end - field.text);
  field.is_null = std::string_view(field.text, field.size) == dialect.null_string;
}

/// What a dialect that is not usual asks of fields without quotes, which are in storage.
void finish_unquoted(const Dialect& dialect, std::span<Field> fields, char* storage) {
  if (dialect.trims_blanks)
    for (Field& field : fields) trim(dialect, field, storage);
  if (!dialect.null_strings.all().empty())
    for (Field& field : fields)
      if (dialect.null_strings.contains({field.text, field.size})) field.is_null = true;
  if (dialect.default_string)
    for (Field& field : fields) field.is_default = dialect.is_default({field.text, field.size});
}

/// Splits a record without quotes, many bytes at a time.
void split_unquoted(std::string_view record, const Dialect& dialect, std::string& storage, std::vector<Field>& fields) {
  storage.reserve(record.size() + kMarkedBytes);
  storage.assign(record).append(kMarkedBytes, '\0');
  char* start = storage.data();
  char* const end = start + record.size();
  // those of the record before are written over: most records of a file have the same number of them
  std::size_t count = 0;
  const auto add = [&](const char* field_end) {
    if (count == fields.size()) fields.emplace_back();
    fields[count++] = unquoted_field(dialect, start, field_end);
  };
  for (char* block = start; block < end && count <= dialect.max_fields; block += kMarkedBytes) {
    for (std::uint64_t marks = marks_of(block, dialect.delimiter); marks != 0; marks &= marks - 1) {
      char* const delimiter = block + std::countr_zero(marks);
      *delimiter = '\0';
      add(delimiter);
      start = delimiter + 1;
    }
  }
  add(end);
  fields.resize(count > dialect.max_fields ? dialect.max_fields + 1 : count);
}

/// Takes the field from in on, which has a quote at quote, into field; moves in to its delimiter or to end.
template <bool kIsUsual>
RecordProblem take_quoted(const Dialect& dialect, const char*& in, char* quote, const char* end, Field& field) {
  const char* start = in;
  if (!kIsUsual && dialect.trims_blanks) trim_front(start, quote);
  char* out = quote;
  const char* solid_end = quote;
  in = quote;
  RecordProblem problem = RecordProblem::misplaced_quote;
  if (kIsUsual || dialect.quotes == Quotes::copy)
    problem = unquote<kIsUsual>(dialect, in, end, out, solid_end);
  else if (start == quote)
    problem = unquote_strictly(dialect, in, end, out), solid_end = out;
  if (problem != RecordProblem::none) return problem;
  if (!kIsUsual && dialect.trims_blanks) trim_back(solid_end, out);
  *out = '\0';
  field.text = start;
  field.size = static_cast<std::size_t>(out - start);
  return problem;
}

/// Splits a record with quotes that are no data.
template <bool kIsUsual>
RecordProblem split_quoted(std::string_view record, const Dialect& dialect, std::string& storage, std::vector<Field>& fields) {
  fields.clear();
  storage.assign(record);
  const ByteSearch special{dialect.delimiter, dialect.quote};
  char* const start = storage.data();
  const char* in = start;
  const char* const end = in + storage.size();
  for (;;) {
    char* const found = start + (special.find(in, end) - start);
    if (found < end && *found == dialect.quote) {
      const RecordProblem problem = take_quoted<kIsUsual>(dialect, in, found, end, fields.emplace_back());
      if (problem != RecordProblem::none) return problem;
    } else {
      *found = '\0';
      fields.push_back(unquoted_field(dialect, in, found));
      if (!kIsUsual) finish_unquoted(dialect, {&fields.back(), 1}, start);
      in = found;
    }
    if (in == end || fields.size() > dialect.max_fields) return RecordProblem::none;
    in++;
  }
}

template <bool kIsUsual>
RecordProblem split(std::string_view record, const Dialect& dialect, std::string& storage, std::vector<Field>& fields) {
  if ((kIsUsual || dialect.quotes != Quotes::none) && record.find(dialect.quote) != std::string_view::npos)
    return split_quoted<kIsUsual>(record, dialect, storage, fields);
  split_unquoted(record, dialect, storage, fields);
  if (!kIsUsual) finish_unquoted(dialect, fields, storage.data());
  return RecordProblem::none;
}

}  // namespace

RecordProblem split_csv(std::string_view record, const Dialect& dialect, std::string& storage, std::vector<Field>& fields) {
  return is_usual(dialect) ? split<true>(record, dialect, storage, fields) : split<false>(record, dialect, storage, fields);
}

}  // namespace ferry::text
