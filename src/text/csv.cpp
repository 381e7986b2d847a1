#include "text/csv.hpp"

#include <algorithm>
#include <bit>

#include "text/byte_search.hpp"

namespace ferry::text {

CsvReader::CsvReader(ByteSource& source, const Dialect& dialect, std::size_t max_record_bytes, CharacterLength character_length)
    : RecordReader(source, max_record_bytes, character_length, {dialect.quote, dialect.escape, '\n', '\r'}),
      quote_(dialect.quote),
      escape_(dialect.escape),
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

/// Moves scan to the end of the record; false where a quote is still open at the end of the stream, or, if reading is to resume,
/// where the limit stands in the way.
bool CsvReader::scan_record(Scan& scan) {
  for (;;) {
    if (!scan.escaped) scan.at = skip_ordinary(scan.at);
    if (scan.at > max_record_bytes_) {
      if (resumes_) return false;
      scan.too_long = true;
      drop_excess(scan.at);
    }
    if (at_end(scan.at)) {
      scan.size = scan.at;
      return !scan.quoted;
    }
    if (const std::size_t size = wide_character(scan.at); size > 0) {
      scan.at += size;
      scan.escaped = false;
      continue;
    }
    const char c = byte(scan.at);
    if (c == '\n' || c == '\r') {
      if (!scan.quoted) {
        scan.size = scan.at;
        if (take_line_end(scan.at)) return true;
        scan.stray = true;
        continue;
      }
      note_line_end(scan, c);
      if (can_jump(scan, c)) {
        if (!jump(scan)) return false;
        continue;
      }
    }
    const bool is_escape = escape_ != quote_ && c == escape_;
    if (scan.quoted && is_escape) scan.escaped = !scan.escaped;
    if (c == quote_ && !scan.escaped) scan.quoted = !scan.quoted;
    if (!is_escape) scan.escaped = false;
    scan.at++;
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
  if (scan_record(scan))
    finish(record, scan);
  else if (resumes_)
    fall_back_to_line(record, scan);
  else
    take_rest(record, scan);
}

namespace {

/// Takes a field with quotes, from in on, to out, which is not behind in. in is then at its delimiter or at end.
/// False: a quote never ends.
bool unquote(const Dialect& dialect, const char*& in, const char* end, char*& out) {
  bool quoted = false;
  for (; in < end; in++) {
    const char c = *in;
    if (!quoted && c == dialect.delimiter) return true;
    if (quoted && c == dialect.escape && in + 1 < end && (in[1] == dialect.escape || in[1] == dialect.quote)) {
      *out++ = *++in;
    } else if (c == dialect.quote) {
      quoted = !quoted;
    } else {
      *out++ = c;
    }
  }
  return !quoted;
}

Field unquoted_field(const Dialect& dialect, const char* start, const char* end) {
  const std::string_view text(start, static_cast<std::size_t>(end - start));
  const bool is_default = dialect.default_string && text == *dialect.default_string;
  return {.text = start, .size = text.size(), .is_null = text == dialect.null_string, .is_default = is_default};
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

}  // namespace

bool split_csv(std::string_view record, const Dialect& dialect, std::string& storage, std::vector<Field>& fields) {
  if (record.find(dialect.quote) == std::string_view::npos) return split_unquoted(record, dialect, storage, fields), true;
  fields.clear();
  storage.assign(record);
  const ByteSearch special{dialect.delimiter, dialect.quote};
  const char* in = storage.data();
  const char* const end = in + storage.size();
  for (;;) {
    char* const start = storage.data() + (in - storage.data());
    in = special.find(in, end);
    const bool has_quote = in < end && *in == dialect.quote;
    char* out = start + (in - start);
    if (has_quote && !unquote(dialect, in, end, out)) return false;
    const std::string_view text(start, static_cast<std::size_t>(out - start));
    const bool more = in < end;
    fields.push_back({start, text.size()});
    fields.back().is_null = !has_quote && text == dialect.null_string;
    fields.back().is_default = !has_quote && dialect.default_string && text == *dialect.default_string;
    *out = '\0';
    if (!more || fields.size() > dialect.max_fields) return true;
    in++;
  }
}

}  // namespace ferry::text
