#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/io.hpp"
#include "text/byte_search.hpp"
#include "text/few_texts.hpp"

// What the two formats of COPY that are made of lines have in common: CSV (csv.hpp) and text (copy_text.hpp). Each has two steps:
// a reader finds the records in a stream of bytes of any encoding, a split function finds the fields in a record of an encoding
// in which no byte of a multi-byte character is an ASCII one (all encodings of a server are such).
namespace ferry::text {

/// What becomes of a quote that is never closed.
enum class OpenQuote : std::uint8_t {
  reject,  ///< its record goes on to the end of the stream
  resume,  ///< its record is the line that it starts on, and reading goes on with the next one
};

/// What quotes mean.
enum class Quotes : std::uint8_t {
  copy,    ///< as in COPY: each opens or closes, wherever it stands
  strict,  ///< as in RFC 4180: a field stands in quotes as a whole, or has none
  none,    ///< they are data
};

struct Dialect {
  char delimiter = ',';
  char quote = '"';                             ///< of CSV
  char escape = '"';                            ///< of CSV: inside quotes, before quote or escape: the next character is data
  Quotes quotes = Quotes::copy;                 ///< of CSV
  OpenQuote open_quote = OpenQuote::reject;     ///< of CSV
  std::string null_string{};                    ///< a field that came as this, unquoted, is null
  FewTexts null_strings{};                      ///< more of the kind
  std::optional<std::string> default_string{};  ///< likewise: takes its column's default
  bool trims_blanks = false;                    ///< blanks around a field, and around its quotes, do not belong to it
  bool is_ragged = false;                       ///< a line without any byte, or of blanks that are trimmed, is no record
  std::string comment{};                        ///< a line that begins with it is no record; empty: each may be one
  std::int64_t skip_lines = 0;                  ///< physical lines before the first record
  std::size_t max_fields = std::numeric_limits<std::size_t>::max();  ///< a record with more of them is given one more

  /// Whether a field that came as this, unquoted, is null.
  [[nodiscard]] bool is_null(std::string_view text) const { return text == null_string || null_strings.contains(text); }
  /// Whether it takes its column's default.
  [[nodiscard]] bool is_default(std::string_view text) const { return default_string && text == *default_string; }
};

/// What trims_blanks is about.
[[nodiscard]] inline bool is_blank(char c) { return c == ' ' || c == '\t'; }

enum class RecordProblem : std::uint8_t {
  none,
  unterminated_quote,     ///< a quoted field never ends: the record is all that is left of the stream
  stray_quote,            ///< the same where reading resumes: the record is the line that it starts on
  stray_carriage_return,  ///< an unquoted or literal one in a file of LF lines
  stray_newline,          ///< the same in a file of CR lines
  escaped_line_end,       ///< a backslash before a line end of CR and LF
  stray_end_marker,       ///< \. in a record of text that has more than that
  too_long,               ///< more bytes than the reader's limit
  misplaced_quote,        ///< of strict quotes: one where none may be. The split function finds it
};

/// A record of a file. Views are valid until the next call of the reader.
struct Record {
  std::string_view raw{};          ///< as it came, without its line end
  bool is_cut = false;             ///< raw has no more than its first bytes, as many as the limit; then it has a problem
  std::int64_t row_number = 0;     ///< from 1
  std::int64_t line_number = 0;    ///< physical line on which it starts, from 1
  std::int64_t lines = 1;          ///< physical lines that it takes in
  std::uint64_t offset_bytes = 0;  ///< of its first byte
  bool has_line_end = false;       ///< false for the last one at most
  RecordProblem problem = RecordProblem::none;

  /// Whether it is the line \. which ends the data of a stream of text, and, if it has a line end, of CSV from a client.
  [[nodiscard]] bool is_end_marker() const { return raw == "\\."; }
};

/// A field of a record.
struct Field {
  const char* text = nullptr;  ///< zero-terminated, without quotes and escapes; lives in the storage given to the split function
  std::size_t size = 0;
  bool is_null = false;
  bool is_default = false;
  bool has_made_bytes = false;  ///< escapes made bytes that may be no valid text
};

/// Length in bytes of the character that starts at text; for encodings in which a later byte may look like ASCII.
using CharacterLength = int (*)(const char* text);

/// Finds the records of a stream. Lines end with LF or CRLF, or with CR where the first one does. A leading UTF-8 byte order
/// mark is passed over, those before other records only if that is asked for. The lines that the dialect says are no records
/// have a number as every line, but none of a row. Memory: the limit and a little.
class RecordReader {
 public:
  virtual ~RecordReader() = default;

  /// The next record; false at the end. Errors: what the source throws.
  [[nodiscard]] bool next(Record& record);
  /// In UTF-8 that was put together from files: each of them may have begun with a mark.
  void pass_over_byte_order_marks() { passes_over_marks_ = true; }
  /// What ended the lines so far: LF, CRLF if any of them ended so, or CR.
  [[nodiscard]] std::string_view line_end() const { return has_crlf_ ? "\r\n" : line_end_ == LineEnd::cr ? "\r" : "\n"; }
  /// Bytes of the stream that records have been taken from so far.
  [[nodiscard]] std::uint64_t bytes_consumed() const { return base_offset_ + begin_; }
  /// Where the next record begins: behind the line end of the last one.
  [[nodiscard]] std::uint64_t next_offset() const { return base_offset_ + begin_ + consumed_next_; }

 protected:
  enum class LineEnd : std::uint8_t { unknown, lf, cr };

  /// source outlives the reader. max_record_bytes > 0. character_length may be null. special: the bytes that a scan has to look
  /// at, those that end lines among them.
  RecordReader(ByteSource& source, const Dialect& dialect, std::size_t max_record_bytes, CharacterLength character_length,
               const ByteSearch& special);

  /// Fills raw, is_cut and problem of the record at the front of the buffer, which is not empty; sets consumed_next_, moves
  /// line_.
  virtual void read_record(Record& record) = 0;

  /// Adds bytes to the buffer; false at the end of the source.
  bool fill();
  /// Whether the stream has no byte at that position behind begin_; reads on to find out.
  bool at_end(std::size_t at);
  [[nodiscard]] char byte(std::size_t at) const { return buffer_[begin_ + at]; }
  /// The first position from at on, within the buffer, that a scan has to look at.
  [[nodiscard]] std::size_t skip_ordinary(std::size_t at) const;
  /// Where the buffer ends at that position of a record that is too long: drops what is beyond the limit, so that memory stays
  /// bounded.
  void drop_excess(std::size_t& at);
  /// Gives record the bytes of the one at the front of the buffer, of which no more than the limit are kept.
  void set_raw(Record& record, std::size_t size, bool is_too_long);
  /// The bytes of the character at a position, where there is one of several that may look like ASCII; else 0.
  std::size_t wide_character(std::size_t at);
  /// Whether the CR or LF at that position ends the record; else it is a stray one. at is then behind it.
  bool take_line_end(std::size_t& at);
  [[nodiscard]] char line_end_byte() const { return line_end_ == LineEnd::cr ? '\r' : '\n'; }
  [[nodiscard]] RecordProblem stray_problem() const {
    return line_end_ == LineEnd::cr ? RecordProblem::stray_newline : RecordProblem::stray_carriage_return;
  }

  static constexpr std::size_t kChunkBytes = 64 * 1024;

  char delimiter_;
  bool trims_blanks_;
  std::size_t max_record_bytes_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0, end_ = 0, consumed_next_ = 0;
  std::uint64_t base_offset_ = 0;
  std::int64_t line_ = 1;
  LineEnd line_end_ = LineEnd::unknown;
  bool has_crlf_ = false;  ///< lines have ended with CRLF
  bool source_ended_ = false;

 private:
  void skip_byte_order_marks();
  void skip_line();
  bool pass_over_line();

  ByteSource& source_;
  CharacterLength character_length_;
  ByteSearch special_;
  std::string comment_;
  bool is_ragged_, passes_over_lines_;
  std::int64_t skip_lines_;  ///< those that are left
  std::int64_t rows_ = 0;
  bool started_ = false, passes_over_marks_ = false;
};

}  // namespace ferry::text
