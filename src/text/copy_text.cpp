#include "text/copy_text.hpp"

#include <algorithm>

namespace ferry::text {

CopyTextReader::CopyTextReader(ByteSource& source, const Dialect& dialect, std::size_t max_record_bytes,
                               CharacterLength character_length)
    : RecordReader(source, dialect, max_record_bytes, character_length, {'\\', '\\', '\n', '\r'}) {}

bool CopyTextReader::is_crlf(std::size_t at) { return !at_end(at + 1) && byte(at) == '\r' && byte(at + 1) == '\n'; }

/// Whether CRLF is what ends the lines: some before have ended so, or the next line end from at on does that has no backslash
/// before it, or is too far away to be looked for. In a stream of other lines COPY takes the CR behind a backslash for data, and
/// the LF ends the line.
bool CopyTextReader::lines_end_with_crlf(std::size_t at) {
  if (has_crlf_ || line_end_ == LineEnd::cr) return has_crlf_;
  while (at <= max_record_bytes_) {
    if (at_end(at)) return false;
    const char c = byte(at);
    if (c == '\n' || c == '\r') return is_crlf(at);
    if (c == '\\' && is_crlf(at + 1)) at++;
    if (c == '\\') at++;
    at += std::max<std::size_t>(at_end(at) ? 1 : wide_character(at), 1);
  }
  return true;
}

/// Takes the backslash at scan.at and what it is for; false where it is the last byte of the stream.
bool CopyTextReader::scan_backslash(Scan& scan) {
  scan.at++;
  if (at_end(scan.at)) return false;
  const char c = byte(scan.at);
  if (c == '\r' && is_crlf(scan.at) && lines_end_with_crlf(scan.at + 2)) {
    scan.escaped_line_end = true;
    return true;
  }
  if (c == '.') scan.has_end_marker = true;
  if (c == '\n') scan.newlines++;
  if (c == '\r') scan.returns++;
  if (wide_character(scan.at) == 0) scan.at++;
  return true;
}

/// Moves scan behind the record and its line end; the size of the record without it.
std::size_t CopyTextReader::scan_record(Scan& scan) {
  for (;;) {
    scan.at = skip_ordinary(scan.at);
    if (scan.at > max_record_bytes_) {
      scan.too_long = true;
      drop_excess(scan.at);
    }
    if (at_end(scan.at)) return scan.at;
    if (const std::size_t size = wide_character(scan.at); size > 0) {
      scan.at += size;
      continue;
    }
    const char c = byte(scan.at);
    if (c == '\\') {
      if (!scan_backslash(scan)) return scan.at;
    } else if (c == '\n' || c == '\r') {
      const std::size_t size = scan.at;
      if (take_line_end(scan.at)) return size;
      scan.stray = true;
    } else {
      scan.at++;
    }
  }
}

void CopyTextReader::read_record(Record& record) {
  Scan scan;
  const std::size_t size = scan_record(scan);
  set_raw(record, size, scan.too_long);
  consumed_next_ = scan.at;
  line_ += (line_end_ == LineEnd::cr ? scan.returns : scan.newlines) + 1;
  record.problem = RecordProblem::none;
  if (record.is_cut)
    record.problem = RecordProblem::too_long;
  else if (scan.escaped_line_end)
    record.problem = RecordProblem::escaped_line_end;
  else if (scan.has_end_marker)
    record.problem = RecordProblem::stray_end_marker;
  else if (scan.stray)
    record.problem = stray_problem();
}

namespace {

/// The value of c as a digit to that base, or -1.
int digit(char c, int base) {
  int value = -1;
  if (c >= '0' && c <= '9') value = c - '0';
  if (c >= 'a' && c <= 'f') value = c - 'a' + 10;
  if (c >= 'A' && c <= 'F') value = c - 'A' + 10;
  return value < base ? value : -1;
}

/// The byte that up to max_digits digits at in give; in is then behind them. At least one is there.
char number(const char*& in, const char* end, int base, int max_digits, Field& field) {
  int value = 0;
  for (int i = 0; i < max_digits && in < end && digit(*in, base) >= 0; i++) value = value * base + digit(*in++, base);
  const char byte = static_cast<char>(value & 0xFF);
  if (byte == '\0' || (byte & 0x80) != 0) field.has_made_bytes = true;
  return byte;
}

/// What a backslash and the bytes at in behind it stand for; in is then behind them. in < end.
char unescape(const char*& in, const char* end, Field& field) {
  if (digit(*in, 8) >= 0) return number(in, end, 8, 3, field);
  const char c = *in++;
  switch (c) {
    case 'x':
      return in < end && digit(*in, 16) >= 0 ? number(in, end, 16, 2, field) : c;
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'v':
      return '\v';
    default:
      return c;
  }
}

/// Whether a field as it came ends with a blank that no backslash makes data.
bool ends_with_blank(std::string_view raw) {
  if (raw.empty() || !is_blank(raw.back())) return false;
  raw.remove_suffix(1);
  const std::size_t before = raw.find_last_not_of('\\');
  return (raw.size() - (before == std::string_view::npos ? 0 : before + 1)) % 2 == 0;
}

}  // namespace

void split_copy_text(std::string_view record, const Dialect& dialect, std::string& storage, std::vector<Field>& fields) {
  storage.resize(record.size() + 1);
  fields.clear();
  char* out = storage.data();
  const char* in = record.data();
  const char* const end = in + record.size();
  for (;;) {
    while (dialect.trims_blanks && in < end && is_blank(*in) && *in != dialect.delimiter) in++;
    const char* const raw_start = in;
    Field field{out, 0};
    const char* raw_end = in;
    for (; in < end && *in != dialect.delimiter; raw_end = in) {
      const char c = *in++;
      if (c != '\\')
        *out++ = c;
      else if (in == end)  // stands for nothing
        break;
      else
        *out++ = unescape(in, end, field);
    }
    std::string_view raw(raw_start, static_cast<std::size_t>(raw_end - raw_start));
    for (; dialect.trims_blanks && ends_with_blank(raw); out--) raw.remove_suffix(1);
    field.size = static_cast<std::size_t>(out - field.text);
    field.is_null = dialect.is_null(raw);
    field.is_default = dialect.is_default(raw);
    fields.push_back(field);
    *out++ = '\0';
    if (in == end || fields.size() > dialect.max_fields) return;
    in++;
  }
}

}  // namespace ferry::text
