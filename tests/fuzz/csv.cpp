// Three bytes that choose the dialect and the limit, and a file: read in pieces of any size it has the same records, they lie in
// it one behind the other, and each can be split where the reader found no open quote. Where reading does not resume behind an
// open quote, going through the whole file byte by byte, as COPY does, or field by field where quotes are strict, finds the same
// records.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string>

#include "../support/memory_io.hpp"
#include "text/csv.hpp"

using namespace ferry;

namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

struct Record {
  std::string raw{};
  std::int64_t row_number = 0, line_number = 0;
  std::uint64_t offset_bytes = 0;
  text::RecordProblem problem = text::RecordProblem::none;
  std::int64_t lines = 1;
  bool is_cut = false;
  bool is_misplaced = false;  ///< of the walk alone: a strict quote is where none may be
  bool operator==(const Record&) const = default;
};

struct Case {
  text::Dialect dialect;
  std::size_t max_record_bytes;
  text::CharacterLength character_length;
};

Case case_of(std::uint8_t choice, std::uint8_t limit, std::uint8_t more) {
  Case chosen{{}, std::size_t{1} + limit * 8, nullptr};
  if ((choice & 1) != 0) chosen.dialect.escape = '\\';
  if ((choice & 2) != 0) chosen.dialect.delimiter = ';';
  if ((choice & 4) != 0) chosen.dialect.quote = '\'';
  if ((choice & 5) == 4) chosen.dialect.escape = '\'';
  if ((choice & 8) != 0) chosen.dialect.null_string = "NA";
  if ((choice & 32) != 0) chosen.dialect.open_quote = text::OpenQuote::resume;
  // of an encoding such as Big5, in which the second of two bytes may be a quote
  if ((choice & 16) != 0) chosen.character_length = [](const char* c) { return (*c & 0x80) != 0 ? 2 : 1; };
  constexpr text::Quotes kQuotes[] = {text::Quotes::copy, text::Quotes::strict, text::Quotes::none, text::Quotes::strict};
  chosen.dialect.quotes = kQuotes[more & 3];
  chosen.dialect.trims_blanks = (more & 4) != 0;
  chosen.dialect.is_ragged = (more & 8) != 0;
  if ((more & 16) != 0) chosen.dialect.comment = "#";
  if ((more & 32) != 0) chosen.dialect.comment = "-- ";
  if ((more & 64) != 0) chosen.dialect.null_strings = {"-", "n/a"};
  if ((more & 128) != 0) chosen.dialect.skip_lines = 2;
  return chosen;
}

std::vector<Record> read(ByteView file, std::size_t piece_bytes, const Case& chosen) {
  test::MemorySource source(file, piece_bytes);
  text::CsvReader reader(source, chosen.dialect, chosen.max_record_bytes, chosen.character_length);
  std::vector<Record> records;
  text::Record record;
  const bool passes_over_lines = !chosen.dialect.comment.empty() || chosen.dialect.is_ragged;
  std::uint64_t next_offset = 0;
  while (reader.next(record)) {
    // behind a byte order mark only the first record may begin elsewhere, and any behind lines that are passed over
    check(record.offset_bytes >= next_offset);
    check(records.empty() || passes_over_lines || record.offset_bytes == next_offset);
    next_offset = reader.next_offset();
    records.push_back({std::string(record.raw), record.row_number, record.line_number, record.offset_bytes, record.problem,
                       record.lines, record.is_cut});
  }
  check(reader.bytes_consumed() == file.size());
  return records;
}

/// Whether the reader came to the record's own end.
bool came_to_its_end(text::RecordProblem problem) {
  return problem == text::RecordProblem::none || problem == text::RecordProblem::stray_carriage_return ||
         problem == text::RecordProblem::stray_newline;
}

void check_positions(std::string_view file, const std::vector<Record>& records, const Case& chosen) {
  std::uint64_t end = file.starts_with("\xEF\xBB\xBF") ? 3 : 0;
  std::int64_t row = 0, line = 0;
  for (const Record& record : records) {
    check(record.row_number == ++row && record.line_number > line);
    check(record.offset_bytes >= end && record.offset_bytes <= file.size());
    check(file.substr(record.offset_bytes, record.raw.size()) == record.raw);
    // between two records there is a line end, and the rest of a line that is too long
    const std::string_view gap = file.substr(end, record.offset_bytes - end);
    const text::Dialect& dialect = chosen.dialect;
    const bool may_have_lines = dialect.is_ragged || dialect.skip_lines > 0 || !dialect.comment.empty();
    check((row == 1 && gap.empty()) || (row == 1 && !may_have_lines) == gap.empty());
    check(gap.empty() || gap.ends_with('\n') || gap.ends_with('\r'));
    check(gap.size() <= 2 || may_have_lines || records[static_cast<std::size_t>(row) - 2].is_cut);
    check(record.raw.size() <= chosen.max_record_bytes);
    check(!record.is_cut || (record.raw.size() == chosen.max_record_bytes && record.problem != text::RecordProblem::none));
    line = record.line_number;
    end = record.offset_bytes + record.raw.size();
  }
}

/// What ends the lines of a file, and a position in it.
struct Walk {
  std::string_view file;
  std::size_t at;
  char line_end = '\0';  ///< not known
};

/// What is at walk.at ends a line: whether it ends the record, else it is a stray one. Moves behind it.
bool end_line(Walk& walk) {
  const char c = walk.file[walk.at++];
  const bool is_crlf = c == '\r' && walk.line_end != '\r' && walk.at < walk.file.size() && walk.file[walk.at] == '\n';
  if (walk.line_end == '\0') walk.line_end = is_crlf ? '\n' : c;
  if (is_crlf) walk.at++;
  return is_crlf || c == walk.line_end;
}

void walk_over_line(Walk& walk) {
  while (walk.at < walk.file.size()) {
    if (walk.file[walk.at] != '\n' && walk.file[walk.at] != '\r')
      walk.at++;
    else if (end_line(walk))
      return;
  }
}

bool is_trimmed(char c, const text::Dialect& dialect) {
  return dialect.trims_blanks && (c == ' ' || c == '\t') && c != dialect.delimiter;
}

/// Moves behind the line at walk.at if it is no record.
bool walk_over_no_record(Walk& walk, const Case& chosen) {
  const text::Dialect& dialect = chosen.dialect;
  if (!dialect.comment.empty() && walk.file.substr(walk.at).starts_with(dialect.comment)) return walk_over_line(walk), true;
  if (!dialect.is_ragged) return false;
  Walk behind = walk;
  while (behind.at < walk.file.size() && is_trimmed(walk.file[behind.at], dialect)) behind.at++;
  if (behind.at - walk.at > chosen.max_record_bytes + 1) return false;
  if (behind.at < walk.file.size()) {
    const bool is_line_end = walk.file[behind.at] == '\n' || walk.file[behind.at] == '\r';
    if (!is_line_end || !end_line(behind)) return false;
  }
  walk = behind;
  return true;
}

/// Goes through a record field by field, by strict quotes.
class StrictWalk {
 public:
  StrictWalk(Walk& walk, const Case& chosen)
      : walk_(walk), dialect_(chosen.dialect), is_wide_(chosen.character_length != nullptr) {}

  Record find_record() {
    const std::size_t start = walk_.at;
    while (!ended_ && walk_.at < walk_.file.size()) take_field();
    if (!ended_) end_ = walk_.at;
    raw_ = walk_.file.substr(start, end_ - start);
    Record record{.lines = line_ends() + 1, .is_misplaced = is_misplaced_};
    if (is_open_) {
      record.problem = text::RecordProblem::unterminated_quote;
      if (last_is_line_end_ && raw_.ends_with(is_cr() ? '\r' : '\n')) record.lines--;
    } else if (is_stray_) {
      record.problem = is_cr() ? text::RecordProblem::stray_newline : text::RecordProblem::stray_carriage_return;
    }
    return record;
  }
  [[nodiscard]] std::string_view raw() const { return raw_; }
  [[nodiscard]] bool is_cr() const {
    return walk_.line_end == '\r' || (walk_.line_end == '\0' && newlines_ == 0 && returns_ > 0);
  }

 private:
  [[nodiscard]] std::int64_t line_ends() const { return is_cr() ? returns_ : newlines_; }
  [[nodiscard]] bool at_end() const { return ended_ || walk_.at >= walk_.file.size(); }
  [[nodiscard]] char byte() const { return walk_.file[walk_.at]; }
  [[nodiscard]] std::size_t character_bytes() const {
    if (!is_wide_ || (byte() & 0x80) == 0 || walk_.at + 1 >= walk_.file.size()) return 1;
    const char next = walk_.file[walk_.at + 1];
    return next == '\n' || next == '\r' ? 1 : 2;
  }
  [[nodiscard]] bool is_quote() const { return byte() == dialect_.quote; }
  /// Outside of quotes.
  void take_character() {
    if (byte() != '\n' && byte() != '\r') {
      walk_.at += character_bytes();
      return;
    }
    end_ = walk_.at;
    ended_ = end_line(walk_);
    is_stray_ = is_stray_ || !ended_;
  }
  void take_blanks() {
    while (!at_end() && is_trimmed(byte(), dialect_)) walk_.at++;
  }
  void take_field() {
    take_blanks();
    if (!at_end() && is_quote()) take_quoted();
    while (!at_end()) {
      const bool is_delimiter = byte() == dialect_.delimiter;
      if (is_quote()) return take_line();
      take_character();
      if (is_delimiter) return;
    }
  }
  void take_line() {
    is_misplaced_ = true;
    while (!at_end()) take_character();
  }
  void take_quoted() {
    is_open_ = true;
    for (walk_.at++; is_open_ && walk_.at < walk_.file.size();) {
      const char c = byte();
      const char next = walk_.at + 1 < walk_.file.size() ? walk_.file[walk_.at + 1] : '\0';
      last_is_line_end_ = c == '\n' || c == '\r';
      newlines_ += c == '\n' ? 1 : 0;
      returns_ += c == '\r' ? 1 : 0;
      const bool is_pair = c == dialect_.escape && (next == dialect_.quote || next == dialect_.escape);
      is_open_ = is_pair || c != dialect_.quote;
      walk_.at += is_pair ? 2 : character_bytes();
      if (is_pair) last_is_line_end_ = false;
    }
    take_blanks();
    const bool is_line_end = !at_end() && (byte() == '\n' || byte() == '\r');
    if (!is_open_ && is_line_end) take_character();
    const bool is_end = at_end() || (!is_line_end && byte() == dialect_.delimiter);
    if (!is_open_ && !is_end) take_line();
  }

  Walk& walk_;
  const text::Dialect& dialect_;
  bool is_wide_;
  std::string_view raw_;
  std::size_t end_ = 0;
  std::int64_t newlines_ = 0, returns_ = 0;
  bool ended_ = false, is_open_ = false, is_stray_ = false, is_misplaced_ = false, last_is_line_end_ = false;
};

/// What a record has that the reader found whole, or not.
void cut(Record& record, std::string_view whole, bool is_cr, const Case& chosen) {
  record.is_cut = whole.size() > chosen.max_record_bytes;
  record.raw = whole.substr(0, chosen.max_record_bytes);
  const bool is_open = record.problem == text::RecordProblem::unterminated_quote;
  if (record.is_cut && !is_open) record.problem = text::RecordProblem::too_long;
  if (record.is_cut || !is_open) return;
  if (!whole.ends_with(is_cr ? '\r' : '\n')) return;
  record.raw.pop_back();
  if (!is_cr && record.raw.ends_with('\r')) record.raw.pop_back();
}

/// The record at walk.at, without its positions; for a dialect that does not resume. Moves behind it.
Record find_record(Walk& walk, const Case& chosen) {
  const text::Dialect& dialect = chosen.dialect;
  const std::size_t start = walk.at;
  std::size_t end = start, behind_line_end = start;
  std::int64_t newlines = 0, returns = 0;
  bool quoted = false, escaped = false, stray = false, ended = false;
  while (!ended && walk.at < walk.file.size()) {
    const char c = walk.file[walk.at];
    if (chosen.character_length != nullptr && (c & 0x80) != 0) {
      const bool is_whole = walk.at + 1 < walk.file.size() && walk.file[walk.at + 1] != '\n' && walk.file[walk.at + 1] != '\r';
      walk.at += is_whole ? 2 : 1;
      escaped = false;
    } else if (!quoted && (c == '\r' || c == '\n')) {
      end = walk.at;
      ended = end_line(walk);
      stray = stray || !ended;
    } else {
      const bool is_escape = dialect.escape != dialect.quote && c == dialect.escape;
      if (quoted && is_escape) escaped = !escaped;
      if (dialect.quotes == text::Quotes::copy && c == dialect.quote && !escaped) quoted = !quoted;
      if (!is_escape) escaped = false;
      walk.at++;
      newlines += c == '\n' ? 1 : 0;
      returns += c == '\r' ? 1 : 0;
      if (c == '\n' || c == '\r') behind_line_end = walk.at;
    }
  }
  const bool is_cr = walk.line_end == '\r' || (walk.line_end == '\0' && newlines == 0 && returns > 0);
  const std::string_view whole = walk.file.substr(start, (ended ? end : walk.at) - start);
  Record record{.lines = (is_cr ? returns : newlines) + 1, .is_cut = whole.size() > chosen.max_record_bytes};
  record.raw = whole.substr(0, chosen.max_record_bytes);
  if (quoted) {
    record.problem = text::RecordProblem::unterminated_quote;
    const bool ends_line = whole.ends_with(is_cr ? '\r' : '\n');
    if (ends_line && behind_line_end == walk.at) record.lines--;
    if (ends_line && !record.is_cut) record.raw.pop_back();
    if (ends_line && !record.is_cut && !is_cr && record.raw.ends_with('\r')) record.raw.pop_back();
  } else if (record.is_cut) {
    record.problem = text::RecordProblem::too_long;
  } else if (stray) {
    record.problem = is_cr ? text::RecordProblem::stray_newline : text::RecordProblem::stray_carriage_return;
  }
  return record;
}

/// The split function finds the quote that the walk has found.
void check_misplaced(const Record& record, const Record& found, const Case& chosen) {
  if (chosen.character_length != nullptr || !came_to_its_end(record.problem)) return;
  std::string storage;
  std::vector<text::Field> fields;
  const text::RecordProblem problem = text::split_csv(record.raw, chosen.dialect, storage, fields);
  check((problem == text::RecordProblem::misplaced_quote) == found.is_misplaced || record.problem != text::RecordProblem::none);
}

void check_against_walk(std::string_view file, const std::vector<Record>& records, const Case& chosen) {
  Walk walk{.file = file, .at = file.starts_with("\xEF\xBB\xBF") ? std::size_t{3} : 0};
  std::int64_t row = 0, line = 1;
  for (; line <= chosen.dialect.skip_lines && walk.at < file.size(); line++) walk_over_line(walk);
  const auto pass_over = [&] {
    while (walk.at < file.size() && walk_over_no_record(walk, chosen)) line++;
  };
  for (const Record& record : records) {
    pass_over();
    check(walk.at < file.size());
    const std::uint64_t offset_bytes = walk.at;
    Record found;
    if (chosen.dialect.quotes == text::Quotes::strict) {
      StrictWalk strict(walk, chosen);
      found = strict.find_record();
      cut(found, strict.raw(), strict.is_cr(), chosen);
      check_misplaced(record, found, chosen);
      found.is_misplaced = false;
    } else {
      found = find_record(walk, chosen);
    }
    found.row_number = ++row;
    found.line_number = line;
    found.offset_bytes = offset_bytes;
    line += found.lines;
    check(found == record);
  }
  pass_over();
  check(walk.at == file.size());
}

void check_fields(const Record& record, const Case& chosen) {
  // a copy of its own on the heap, so that the sanitizer sees a read beyond it
  const std::vector<char> raw(record.raw.begin(), record.raw.end());
  std::string storage = "what was there";
  std::vector<text::Field> fields;
  const text::RecordProblem problem = text::split_csv({raw.data(), raw.size()}, chosen.dialect, storage, fields);
  const bool split = problem == text::RecordProblem::none;
  check(problem != text::RecordProblem::misplaced_quote || chosen.dialect.quotes == text::Quotes::strict);
  if (chosen.character_length == nullptr) {
    if (came_to_its_end(record.problem)) check(problem != text::RecordProblem::unterminated_quote);
    const bool is_open =
        record.problem == text::RecordProblem::unterminated_quote || record.problem == text::RecordProblem::stray_quote;
    if (is_open && !record.is_cut) check(!split);
  }
  if (!split) return;
  const auto delimiters = static_cast<std::size_t>(std::count(raw.begin(), raw.end(), chosen.dialect.delimiter));
  check(!fields.empty() && fields.size() <= delimiters + 1);
  const char* from = storage.data();
  std::size_t field_bytes = 0;
  for (const text::Field& field : fields) {
    check(field.text >= from && field.text + field.size < storage.data() + storage.size() + 1);
    check(field.text[field.size] == '\0');
    check(!field.is_null || chosen.dialect.is_null({field.text, field.size}));
    from = field.text + field.size + 1;
    field_bytes += field.size;
  }
  check(field_bytes + fields.size() <= raw.size() + 1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  const Case chosen = case_of(data[0], data[1], data[2]);
  std::string text(as_text({data + 3, size - 3}));
  // now and then a file larger than the buffer of the reader; with a low limit, for an open quote is read on up to it
  constexpr std::size_t kMoreThanTheBuffer = 70'000;
  const bool is_large = (data[0] & 0xC0) == 0xC0 && data[1] < 16 && text.size() > 256;
  while (is_large && text.size() < kMoreThanTheBuffer) text.append(text, 0, text.size());
  const ByteView file = as_bytes(text);
  const std::vector<Record> records = read(file, SIZE_MAX, chosen);
  const std::size_t few_bytes = is_large ? 1000 : 1;
  for (const std::size_t piece_bytes : {few_bytes, few_bytes * 3, few_bytes * 7})
    check(read(file, piece_bytes, chosen) == records);
  check_positions(text, records, chosen);
  if (chosen.dialect.open_quote == text::OpenQuote::reject) check_against_walk(text, records, chosen);
  for (const Record& record : records) check_fields(record, chosen);
  return 0;
}
