// Two bytes that choose the dialect and the limit, and a file: read in pieces of any size it has the same records, they lie in
// it one behind the other, and each can be split.
#include <algorithm>
#include <cstdlib>
#include <string>

#include "../support/memory_io.hpp"
#include "text/copy_text.hpp"

using namespace ferry;

namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

struct Seen {
  std::string raw;
  std::int64_t row_number, line_number;
  std::uint64_t offset_bytes;
  text::RecordProblem problem;
  bool is_cut;
  bool operator==(const Seen&) const = default;
};

struct Case {
  text::Dialect dialect{.delimiter = '\t', .null_string = "\\N"};
  std::size_t max_record_bytes;
  text::CharacterLength character_length = nullptr;
};

Case case_of(std::uint8_t choice, std::uint8_t limit) {
  Case chosen{.max_record_bytes = std::size_t{1} + limit * 8};
  if ((choice & 1) != 0) chosen.dialect.delimiter = ',';
  if ((choice & 2) != 0) chosen.dialect.null_string = "";
  if ((choice & 4) != 0) chosen.dialect.default_string = "\\D";
  if ((limit & 64) != 0) chosen.dialect.trims_blanks = true;
  if ((limit & 128) != 0) chosen.dialect.is_ragged = true;
  if ((choice & 16) != 0) chosen.dialect.comment = "#";
  chosen.dialect.skip_lines = (limit & 32) / 32;
  // of an encoding such as Big5, in which the second of two bytes may be a backslash
  if ((choice & 8) != 0) chosen.character_length = [](const char* c) { return (*c & 0x80) != 0 ? 2 : 1; };
  return chosen;
}

std::vector<Seen> read(ByteView file, std::size_t piece_bytes, const Case& chosen) {
  test::MemorySource source(file, piece_bytes);
  text::CopyTextReader reader(source, chosen.dialect, chosen.max_record_bytes, chosen.character_length);
  std::vector<Seen> records;
  text::Record record;
  while (reader.next(record))
    records.push_back(
        {std::string(record.raw), record.row_number, record.line_number, record.offset_bytes, record.problem, record.is_cut});
  check(reader.bytes_consumed() == file.size());
  return records;
}

void check_positions(std::string_view file, const std::vector<Seen>& records, const Case& chosen) {
  std::uint64_t end = file.starts_with("\xEF\xBB\xBF") ? 3 : 0;
  std::int64_t row = 0, line = 0;
  for (const Seen& record : records) {
    check(record.row_number == ++row && record.line_number > line && record.raw.size() <= chosen.max_record_bytes);
    check(record.offset_bytes >= end && file.substr(record.offset_bytes, record.raw.size()) == record.raw);
    check(!record.is_cut || record.problem == text::RecordProblem::too_long);
    // a backslash that takes a line end is followed by it, unless that is CRLF
    const bool escapes_end = record.problem == text::RecordProblem::escaped_line_end;
    check(!escapes_end || file.substr(record.offset_bytes + record.raw.size()).starts_with("\r\n"));
    // between two records there is a line end, and the rest of one that is too long
    const std::string_view gap = file.substr(end, record.offset_bytes - end);
    const text::Dialect& dialect = chosen.dialect;
    const bool may_have_lines = dialect.is_ragged || dialect.skip_lines > 0 || !dialect.comment.empty();
    check((row == 1 && gap.empty()) || (row == 1 && !may_have_lines) == gap.empty());
    check(gap.empty() || gap.ends_with('\n') || gap.ends_with('\r'));
    check(gap.size() <= 2 || may_have_lines || records[static_cast<std::size_t>(row) - 2].is_cut);
    line = record.line_number;
    end = record.offset_bytes + record.raw.size();
  }
}

void check_fields(const Seen& record, const Case& chosen) {
  // a copy of its own on the heap, so that the sanitizer sees a read beyond it
  const std::vector<char> raw(record.raw.begin(), record.raw.end());
  std::string storage = "what was there";
  std::vector<text::Field> fields;
  text::split_copy_text({raw.data(), raw.size()}, chosen.dialect, storage, fields);
  const auto delimiters = static_cast<std::size_t>(std::count(raw.begin(), raw.end(), chosen.dialect.delimiter));
  check(!fields.empty() && fields.size() <= delimiters + 1);
  if (std::find(raw.begin(), raw.end(), '\\') == raw.end()) check(fields.size() == delimiters + 1);
  const char* from = storage.data();
  for (const text::Field& field : fields) {
    check(field.text >= from && field.text + field.size < storage.data() + storage.size() + 1);
    check(field.text[field.size] == '\0');
    from = field.text + field.size + 1;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const Case chosen = case_of(data[0], data[1]);
  std::string text(as_text({data + 2, size - 2}));
  // now and then a file larger than the buffer of the reader
  constexpr std::size_t kMoreThanTheBuffer = 70'000;
  const bool is_large = (data[0] & 0xE0) == 0xE0 && text.size() > 256;
  while (is_large && text.size() < kMoreThanTheBuffer) text.append(text, 0, text.size());
  const ByteView file = as_bytes(text);
  const std::vector<Seen> records = read(file, SIZE_MAX, chosen);
  const std::size_t few_bytes = is_large ? 1000 : 1;
  for (const std::size_t piece_bytes : {few_bytes, few_bytes * 3, few_bytes * 7})
    check(read(file, piece_bytes, chosen) == records);
  check_positions(text, records, chosen);
  for (const Seen& record : records) check_fields(record, chosen);
  return 0;
}
