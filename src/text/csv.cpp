#include "text/csv.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "text/byte_search.hpp"

namespace ferry::text {

CsvReader::CsvReader(ByteSource& source, const Dialect& dialect, std::size_t max_record_bytes, CharacterLength character_length)
    : RecordReader(source, max_record_bytes, character_length, {dialect.quote, dialect.escape, '\n', '\r'}),
      quote_(dialect.quote),
      escape_(dialect.escape) {}

/// Remembers where the first physical line of the record ends, to fall back to.
void CsvReader::note_physical_line(Scan& scan, char c) {
  if (c != line_end_byte()) return;
  scan.lines++;
  if (scan.has_first_line) return;
  scan.has_first_line = true;
  scan.first_line = scan.at + 1;
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

/// Moves scan to the end of the record; false where a quote or the limit stands in the way.
bool CsvReader::scan_record(Scan& scan) {
  for (;;) {
    if (!scan.escaped) scan.at = skip_ordinary(scan.at);
    if (scan.at > max_record_bytes_) return false;
    if (at_end(scan.at)) return !scan.quoted;
    if (const std::size_t size = wide_character(scan.at); size > 0) {
      scan.at += size;
      scan.escaped = false;
      continue;
    }
    const char c = byte(scan.at);
    if (c == '\n' || c == '\r') {
      if (!scan.quoted) {
        if (take_line_end(scan.at)) return true;
        scan.stray = true;
        continue;
      }
      note_physical_line(scan, c);
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

void CsvReader::finish(Record& record, Scan& scan) {
  std::string_view raw(buffer_.data() + begin_, scan.at);
  if (line_end_ == LineEnd::cr) {
    if (raw.ends_with('\r')) raw.remove_suffix(1);
  } else if (raw.ends_with('\n')) {
    raw.remove_suffix(1);
    if (raw.ends_with('\r')) raw.remove_suffix(1);
  }
  record.raw = raw;
  const char ending = line_end_byte();
  scan.lines += std::count(buffer_.begin() + static_cast<std::ptrdiff_t>(begin_ + scan.jumped_from),
                           buffer_.begin() + static_cast<std::ptrdiff_t>(begin_ + scan.jumped_to), ending);
  record.problem = scan.stray ? stray_problem() : RecordProblem::none;
  line_ += scan.lines + 1;
  consumed_next_ = scan.at;
}

/// The record is the physical line that it starts on; one without an end before the limit is read on to its end.
void CsvReader::fall_back_to_line(Record& record, Scan& scan, RecordProblem problem) {
  if (!scan.has_first_line) {
    // the bytes beyond the limit are dropped, so that memory stays bounded
    const char ending = line_end_byte();
    scan.at = std::min(scan.at, end_ - begin_);
    std::size_t from = 0;
    for (;;) {
      const char* const start = buffer_.data() + begin_ + from;
      const void* const found = std::memchr(start, ending, end_ - begin_ - from);
      if (found != nullptr) {
        scan.at = static_cast<std::size_t>(static_cast<const char*>(found) - (buffer_.data() + begin_)) + 1;
        break;
      }
      scan.at = from = end_ - begin_;
      if (from > max_record_bytes_ + kChunkBytes) {
        base_offset_ += from - max_record_bytes_;
        end_ = begin_ + max_record_bytes_;
        from = max_record_bytes_;
      }
      if (at_end(from)) break;
    }
    scan.first_line = scan.at;
  }
  if (scan.first_line < scan.at)
    gave_up_ = {base_offset_ + begin_ + scan.at, scan.quoted, scan.escaped, source_ended_ && begin_ + scan.at >= end_,
                line_end_ == LineEnd::cr};
  scan.at = scan.first_line;
  scan.lines = 0;
  scan.jumped_from = scan.jumped_to = 0;
  finish(record, scan);
  record.raw = record.raw.substr(0, max_record_bytes_);
  record.problem = problem;
}

void CsvReader::read_record(Record& record) {
  Scan scan;
  if (scan_record(scan))
    finish(record, scan);
  else
    // a line end was passed over because it was quoted, or the end of the stream was met inside of quotes
    fall_back_to_line(
        record, scan,
        scan.has_first_line || scan.at <= max_record_bytes_ ? RecordProblem::unterminated_quote : RecordProblem::too_long);
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
