#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/io.hpp"
#include "text/byte_search.hpp"

// CSV as COPY ... (FORMAT csv) reads it: RFC 4180 with a choice of delimiter, quote and escape. Two steps: CsvReader finds the
// records in a stream of bytes of any encoding, split_csv() finds the fields in a record of an encoding in which no byte of a
// multi-byte character is an ASCII one (all encodings of a server are such).
namespace ferry::text {

struct CsvDialect {
  char delimiter = ',';
  char quote = '"';
  char escape = '"';          ///< inside quotes, before quote or escape: the next character is data
  std::string null_string{};  ///< an unquoted field equal to this is null
};

enum class CsvProblem : std::uint8_t {
  none,
  unterminated_quote,  ///< a quoted field never ends
  stray_line_end,      ///< an unquoted carriage return in a file of LF lines, or the other way round
  too_long,            ///< more bytes than the reader's limit
};

/// A record of a file. Views are valid until the next call of the reader.
struct CsvRecord {
  std::string_view raw;            ///< as it came, without its line end; of one too long the first bytes
  std::int64_t row_number = 0;     ///< from 1
  std::int64_t line_number = 0;    ///< physical line on which it starts, from 1
  std::uint64_t offset_bytes = 0;  ///< of its first byte
  CsvProblem problem = CsvProblem::none;
};

/// Length in bytes of the character that starts at text; for encodings in which a later byte may look like ASCII.
using CharacterLength = int (*)(const char* text);

/// Finds the records of a stream. Lines end with LF or CRLF, or with CR where the first one does. A leading UTF-8 byte order
/// mark is passed over. Where a quote never ends (before the end of the file or the limit), the record is the physical line it
/// starts on, and reading goes on with the next one: a stray quote costs one line. Memory: the limit and a little.
class CsvReader {
 public:
  /// source outlives the reader. max_record_bytes > 0. character_length may be null.
  CsvReader(ByteSource& source, const CsvDialect& dialect, std::size_t max_record_bytes,
            CharacterLength character_length = nullptr);

  /// The next record; false at the end. Errors: what the source throws.
  [[nodiscard]] bool next(CsvRecord& record);
  /// Bytes of the stream that records have been taken from so far.
  [[nodiscard]] std::uint64_t bytes_consumed() const { return base_offset_ + begin_; }

 private:
  enum class LineEnd : std::uint8_t { unknown, lf, cr };
  struct Scan {
    std::size_t at = 0;          ///< place in the buffer, relative to begin_
    std::size_t first_line = 0;  ///< size of the first physical line, once known
    bool has_first_line = false;
    bool quoted = false, escaped = false, stray = false;
    std::int64_t lines = 0;                      ///< line ends inside quotes
    std::size_t jumped_from = 0, jumped_to = 0;  ///< a stretch inside quotes whose line ends are not in lines
  };

  bool fill();
  /// Whether the stream has no byte at that place behind begin_; reads on to find out.
  bool at_end(std::size_t at);
  void skip_ordinary(Scan& scan) const;
  bool scan_record(Scan& scan);
  bool scan_line_end(Scan& scan, char c);
  void note_physical_line(Scan& scan, char c);
  [[nodiscard]] bool can_jump(const Scan& scan, char c) const;
  bool jump(Scan& scan);
  void finish(CsvRecord& record, Scan& scan);
  void fall_back_to_line(CsvRecord& record, Scan& scan, CsvProblem problem);
  void skip_byte_order_mark();

  ByteSource& source_;
  char quote_, escape_;
  ByteSearch special_;  ///< bytes that a scan stops at
  std::size_t max_record_bytes_;
  CharacterLength character_length_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0, end_ = 0, consumed_next_ = 0;
  std::uint64_t base_offset_ = 0;
  std::int64_t rows_ = 0, line_ = 1;
  LineEnd line_end_ = LineEnd::unknown;
  bool source_ended_ = false, started_ = false;

  /// Where a scan that had passed over a quoted line end gave up: what comes to a line end inside of quotes before that place is
  /// where that scan was, and need not go the same way again.
  struct {
    std::uint64_t offset_bytes = 0;
    bool quoted = false, escaped = false, at_end = false, in_cr_file = false;
  } gave_up_;
};

/// A field of a record.
struct CsvField {
  const char* text;  ///< zero-terminated, without quotes; lives in the storage given to split_csv()
  std::size_t size;
  bool is_null;
};

/// Splits a record into its fields. storage is replaced; fields point into it. A record without bytes has one field.
/// False: a quoted field never ends; fields are then unspecified.
[[nodiscard]] bool split_csv(std::string_view record, const CsvDialect& dialect, std::string& storage,
                             std::vector<CsvField>& fields);

}  // namespace ferry::text
