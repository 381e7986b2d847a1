// A byte that chooses the limit, and a JSON file: read in pieces of any size it has the same records, they lie in it one behind
// the other, and between them is nothing but what a reader may leave out. Which values are JSON, a parser that recurses says.
#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "../support/memory_io.hpp"
#include "text/json_reader.hpp"

using namespace ferry;

namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

/// The grammar of RFC 8259, rule by rule.
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}
  bool is_value() {
    blanks();
    if (!value()) return false;
    blanks();
    return at_ == text_.size();
  }

 private:
  void blanks() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) at_++;
  }
  bool eat(std::string_view word) {
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }
  bool value() {
    if (eat("{")) return list('}', true);
    if (eat("[")) return list(']', false);
    if (eat("\"")) return string();
    return eat("true") || eat("false") || eat("null") || number();
  }
  bool list(char end, bool has_keys) {
    blanks();
    if (eat({&end, 1})) return true;
    do {
      blanks();
      if (has_keys) {
        if (!eat("\"") || !string()) return false;
        blanks();
        if (!eat(":")) return false;
        blanks();
      }
      if (!value()) return false;
      blanks();
    } while (eat(","));
    return eat({&end, 1});
  }
  bool string() {
    while (at_ < text_.size()) {
      const auto c = static_cast<unsigned char>(text_[at_++]);
      if (c == '"') return true;
      if (c < ' ') return false;
      if (c != '\\') continue;
      if (eat("u")) {
        for (int i = 0; i < 4; i++)
          if (at_ == text_.size() || std::isxdigit(static_cast<unsigned char>(text_[at_++])) == 0) return false;
      } else if (at_ == text_.size() || std::string_view("\"\\/bfnrt").find(text_[at_++]) == std::string_view::npos) {
        return false;
      }
    }
    return false;
  }
  bool digits() {
    const std::size_t start = at_;
    while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9') at_++;
    return at_ > start;
  }
  bool number() {
    eat("-");
    if (!eat("0") && !digits()) return false;
    if (eat(".") && !digits()) return false;
    if (!eat("e") && !eat("E")) return true;
    if (!eat("+")) eat("-");
    return digits();
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

struct Record {
  std::string raw;
  bool is_cut;
  std::int64_t row_number, line_number, lines, fault_line, fault_byte;
  std::uint64_t offset_bytes;
  text::JsonProblem problem;
  bool operator==(const Record&) const = default;
};

std::vector<Record> read(std::string_view file, std::size_t piece_bytes, std::size_t limit, bool& is_array) {
  test::MemorySource source(as_bytes(file), piece_bytes);
  text::JsonReader reader(source, limit);
  std::vector<Record> records;
  for (text::JsonRecord record; reader.next(record);)
    records.push_back({std::string(record.raw), record.is_cut, record.row_number, record.line_number, record.lines,
                       record.fault_line, record.fault_byte, record.offset_bytes, record.problem});
  check(reader.bytes_consumed() == file.size());
  is_array = reader.is_array();
  return records;
}

void check_record(const Record& record, bool is_array, std::size_t limit) {
  using text::JsonProblem;
  check(record.raw.size() <= limit && record.is_cut <= (record.raw.size() == limit));
  const bool is_value = Parser(record.raw).is_value();
  if (record.problem == JsonProblem::none) check(is_value && !record.is_cut);
  if (record.problem == JsonProblem::malformed) check(!is_value && !is_array && !record.is_cut);
  if (record.problem == JsonProblem::too_long) check(record.is_cut);
  if (record.problem == JsonProblem::broken_array) check(is_array);
  if (record.problem == JsonProblem::malformed || record.problem == JsonProblem::broken_array)
    check(record.fault_line >= record.line_number && record.fault_byte >= 1);
}

void check_order(std::string_view file, const std::vector<Record>& records, bool is_array) {
  const auto is_left_out = [is_array](std::string_view gap) {
    return gap.find_first_not_of(is_array ? " \t\r\n,[]\xEF\xBB\xBF" : " \t\r\n\xEF\xBB\xBF") == std::string_view::npos;
  };
  std::size_t at = 0;
  std::int64_t row = 0;
  bool was_cut = false;
  for (const Record& record : records) {
    check(record.row_number == ++row && record.offset_bytes >= at && record.offset_bytes <= file.size());
    check(file.substr(record.offset_bytes, record.raw.size()) == record.raw);
    check(was_cut || is_left_out(file.substr(at, record.offset_bytes - at)));
    const std::string_view before = file.substr(0, record.offset_bytes);
    check(record.line_number == 1 + std::count(before.begin(), before.end(), '\n'));
    at = record.offset_bytes + record.raw.size();
    was_cut = record.is_cut;
  }
  check(was_cut || is_left_out(file.substr(at)));
}

/// One array without any fault is an array for everybody, and the other way round.
void check_whole(std::string_view file, const std::vector<Record>& records, bool is_array) {
  const auto is_broken = [](const Record& record) { return record.problem == text::JsonProblem::broken_array; };
  if (is_array) check(Parser(file).is_value() == std::none_of(records.begin(), records.end(), is_broken));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::size_t limit = data[0] < 128 ? SIZE_MAX / 2 : std::size_t{1} + data[0] % 64;
  const std::string_view file = as_text({data + 1, size - 1});
  bool is_array = false;
  const std::vector<Record> records = read(file, SIZE_MAX, limit, is_array);
  for (const std::size_t piece_bytes : {1, 3, 7}) {
    bool is_again = false;
    check(read(file, piece_bytes, limit, is_again) == records && is_again == is_array);
  }
  for (const Record& record : records) check_record(record, is_array, limit);
  check_order(file, records, is_array);
  if (!file.starts_with("\xEF\xBB\xBF")) check_whole(file, records, is_array);
  return 0;
}
