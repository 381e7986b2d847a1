#pragma once

#include <cstdint>

#include "text/record_reader.hpp"

// CSV as COPY ... (FORMAT csv) reads it: RFC 4180 with a choice of delimiter, quote and escape.
namespace ferry::text {

/// Finds the records of CSV. One that is longer than the limit is read on to its end. Where a quote is never closed, the dialect
/// says what becomes of it. Where reading resumes, a quote counts as never closed if its end is beyond the limit, and a stray
/// quote costs one line; but lines that stood in quotes may become records.
class CsvReader : public RecordReader {
 public:
  /// source outlives the reader. max_record_bytes > 0. character_length may be null.
  CsvReader(ByteSource& source, const Dialect& dialect, std::size_t max_record_bytes, CharacterLength character_length = nullptr);

 private:
  /// Line ends of one kind inside of quotes. The positions are set with the first one: few records have any.
  struct LineEnds {
    std::int64_t count = 0;
    std::size_t behind_first;          ///< position in the buffer, relative to begin_
    std::uint64_t behind_last_offset;  ///< in the stream
  };
  /// What strict quotes allow at a position outside of them.
  enum class Place : std::uint8_t {
    field,         ///< a quote at the start of a field
    behind_quote,  ///< another quote, which makes one of both, and what is allowed behind blanks
    behind_blank,  ///< blanks that are trimmed, a delimiter, a line end
    anything,      ///< a quote was where none may be: all quotes of the line are data
  };
  struct Scan {
    std::size_t at = 0;    ///< position in the buffer, relative to begin_
    std::size_t size = 0;  ///< of the record without its line end, once it is found
    bool quoted = false, escaped = false, stray = false, too_long = false;
    Place place = Place::field;
    std::size_t seam = 0;           ///< a position; what is before it does not tell whether a field starts there
    bool seam_starts_field = true;  ///< whether one does
    LineEnds newlines, returns;
    std::size_t jumped_from = 0, jumped_to = 0;  ///< a stretch inside quotes whose line ends are not counted
  };

  void read_record(Record& record) override;
  template <Quotes kQuotes>
  bool scan_record(Scan& scan);
  bool find_end(Scan& scan);
  [[nodiscard]] bool starts_field(const Scan& scan) const;
  void take_strictly(Scan& scan, char c) const;
  void note_line_end(Scan& scan, char c) const;
  [[nodiscard]] bool line_ends_are_returns(const Scan& scan) const;
  [[nodiscard]] const LineEnds& quoted_line_ends(const Scan& scan) const;
  [[nodiscard]] std::size_t size_without_line_end(std::size_t size) const;
  [[nodiscard]] bool can_jump(const Scan& scan, char c) const;
  bool jump(Scan& scan);
  void finish(Record& record, const Scan& scan);
  void take_rest(Record& record, const Scan& scan);
  void fall_back_to_line(Record& record, Scan& scan);
  void read_to_line_end(Scan& scan);

  char quote_, escape_;
  Quotes quotes_;
  bool resumes_;

  /// Where a scan that had passed over a quoted line end gave up: what comes to a line end inside of quotes before that position
  /// is where that scan was, and need not go the same way again.
  struct {
    std::uint64_t offset_bytes = 0;
    bool quoted = false, escaped = false, at_end = false, in_cr_file = false;
  } gave_up_;
};

/// Splits a record into its fields. storage is replaced; fields point into it. A record without bytes has one field.
/// What is wrong with its quotes, if anything: unterminated_quote or misplaced_quote; fields are then unspecified.
[[nodiscard]] RecordProblem split_csv(std::string_view record, const Dialect& dialect, std::string& storage,
                                      std::vector<Field>& fields);

}  // namespace ferry::text
