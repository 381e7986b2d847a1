#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/io.hpp"
#include "text/json_syntax.hpp"

namespace ferry::text {

enum class JsonProblem : std::uint8_t {
  none,
  malformed,     ///< a line that is no JSON value
  too_long,      ///< more bytes than the reader's limit
  broken_array,  ///< an element that is no JSON value, or something else that is not to be there: the record is all that is left
};

/// A row of a JSON file. Views are valid until the next call of the reader.
struct JsonRecord {
  std::string_view raw{};          ///< as it came, without its line end or the comma behind it
  bool is_cut = false;             ///< raw has no more than its first bytes, as many as the limit; then it has a problem
  std::int64_t row_number = 0;     ///< from 1
  std::int64_t line_number = 0;    ///< physical line on which it starts, from 1
  std::int64_t lines = 1;          ///< physical lines that it takes in
  std::uint64_t offset_bytes = 0;  ///< of its first byte
  JsonProblem problem = JsonProblem::none;
  std::int64_t fault_line = 0, fault_byte = 0;  ///< where it is malformed, each from 1
  const char* expected = nullptr;               ///< what could have stood there
};

/// Finds the rows of a JSON file: of JSON lines each line that is not blank, of one array its elements. What begins with [ is an
/// array. A row is one JSON value, or has a problem: no part of the file is left out but blanks, commas and brackets. In lines
/// reading goes on behind each problem; in an array, where a malformed element may end anywhere, all that is left of the file is
/// one record. A byte order mark at the start of the file or of a line is passed over. Memory: the limit and a little.
class JsonReader {
 public:
  /// source outlives the reader. max_record_bytes > 0.
  JsonReader(ByteSource& source, std::size_t max_record_bytes) : source_(source), max_record_bytes_(max_record_bytes) {}

  /// The next record; false at the end. Errors: what the source throws.
  [[nodiscard]] bool next(JsonRecord& record);
  /// Known once next() was called.
  [[nodiscard]] bool is_array() const { return layout_ == Layout::array; }
  /// Bytes of the stream that records have been taken from so far.
  [[nodiscard]] std::uint64_t bytes_consumed() const { return base_offset_ + begin_; }
  /// Whether a line has ended with CRLF.
  [[nodiscard]] bool has_crlf() const { return has_crlf_; }

 private:
  enum class Layout : std::uint8_t { unknown, lines, array };
  enum class Place : std::uint8_t { first_element, element, separator, behind };
  struct Element {
    std::size_t at = 0;  ///< behind what was taken of it, relative to begin_
    bool is_too_long = false;
    std::int64_t newlines = 0;
    std::uint64_t line_offset = 0;  ///< of the line that it stands in, in the stream
  };

  void find_layout();
  bool next_line(JsonRecord& record);
  void check_line(JsonRecord& record);
  bool next_element(JsonRecord& record);
  void scan_element(JsonRecord& record);
  void take_rest(JsonRecord& record, const char* expected, Element element);
  void skip_mark();
  void skip_blanks();
  void begin_record(JsonRecord& record, std::uint64_t offset_bytes);
  bool fill();
  bool at_end(std::size_t at);
  [[nodiscard]] char byte(std::size_t at) const { return buffer_[begin_ + at]; }
  void drop_excess(Element& element);
  void set_raw(JsonRecord& record, const Element& element, std::size_t size) const;

  ByteSource& source_;
  std::size_t max_record_bytes_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0, end_ = 0;
  std::uint64_t base_offset_ = 0;
  bool source_ended_ = false, has_crlf_ = false;
  std::size_t consumed_next_ = 0;
  Layout layout_ = Layout::unknown;
  Place place_ = Place::first_element;
  std::int64_t rows_ = 0, line_ = 1;
  std::uint64_t line_offset_ = 0;  ///< where line_ starts, in the stream
  JsonSyntax syntax_;
};

}  // namespace ferry::text
