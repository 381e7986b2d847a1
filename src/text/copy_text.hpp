#pragma once

#include <cstdint>

#include "text/record_reader.hpp"

// The text format of COPY: a line a record, fields between delimiters, and backslashes before what would mean something else.
namespace ferry::text {

/// Finds the records of text. A backslash takes the meaning of the character behind it, a line end too, which then belongs to the
/// record; but not half of one of CR and LF. A record longer than the limit is read on to its end.
class CopyTextReader : public RecordReader {
 public:
  /// source outlives the reader. max_record_bytes > 0. character_length may be null.
  CopyTextReader(ByteSource& source, const Dialect& dialect, std::size_t max_record_bytes,
                 CharacterLength character_length = nullptr);

 private:
  struct Scan {
    std::size_t at = 0;                      ///< position in the buffer, relative to begin_
    std::int64_t newlines = 0, returns = 0;  ///< behind backslashes
    bool stray = false;                      ///< a line end that is none here
    bool has_end_marker = false;             ///< \.
    bool escaped_line_end = false;
    bool too_long = false;
  };

  void read_record(Record& record) override;
  std::size_t scan_record(Scan& scan);
  bool scan_backslash(Scan& scan);
  bool is_crlf(std::size_t at);
  bool lines_end_with_crlf(std::size_t at);
};

/// Splits a record into its fields. storage is replaced; fields point into it. A record without bytes has one field. Of dialect
/// the delimiter, the strings, which are compared with a field before its escapes are resolved, and trims_blanks count; a blank
/// behind a backslash is data.
void split_copy_text(std::string_view record, const Dialect& dialect, std::string& storage, std::vector<Field>& fields);

}  // namespace ferry::text
