#pragma once

#include <cstdint>

#include "text/records.hpp"

// CSV as COPY ... (FORMAT csv) reads it: RFC 4180 with a choice of delimiter, quote and escape.
namespace ferry::text {

/// Finds the records of CSV. Where a quote never ends (before the end of the file or the limit), the record is the physical line
/// it starts on, and reading goes on with the next one: a stray quote costs one line.
class CsvReader : public RecordReader {
 public:
  /// source outlives the reader. max_record_bytes > 0. character_length may be null.
  CsvReader(ByteSource& source, const Dialect& dialect, std::size_t max_record_bytes, CharacterLength character_length = nullptr);

 private:
  struct Scan {
    std::size_t at = 0;          ///< place in the buffer, relative to begin_
    std::size_t first_line = 0;  ///< size of the first physical line, once known
    bool has_first_line = false;
    bool quoted = false, escaped = false, stray = false;
    std::int64_t lines = 0;                      ///< line ends inside quotes
    std::size_t jumped_from = 0, jumped_to = 0;  ///< a stretch inside quotes whose line ends are not in lines
  };

  void read_record(Record& record) override;
  bool scan_record(Scan& scan);
  void note_physical_line(Scan& scan, char c);
  [[nodiscard]] bool can_jump(const Scan& scan, char c) const;
  bool jump(Scan& scan);
  void finish(Record& record, Scan& scan);
  void fall_back_to_line(Record& record, Scan& scan, RecordProblem problem);

  char quote_, escape_;

  /// Where a scan that had passed over a quoted line end gave up: what comes to a line end inside of quotes before that place is
  /// where that scan was, and need not go the same way again.
  struct {
    std::uint64_t offset_bytes = 0;
    bool quoted = false, escaped = false, at_end = false, in_cr_file = false;
  } gave_up_;
};

/// Splits a record into its fields. storage is replaced; fields point into it. A record without bytes has one field.
/// False: a quoted field never ends; fields are then unspecified.
[[nodiscard]] bool split_csv(std::string_view record, const Dialect& dialect, std::string& storage, std::vector<Field>& fields);

}  // namespace ferry::text
