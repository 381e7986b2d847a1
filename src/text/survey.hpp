#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "text/column_tally.hpp"
#include "text/layout.hpp"
#include "text/sniff.hpp"

namespace ferry::text {

/// What all records of a sample have in common, by a layout that is known.
class Survey {
 public:
  explicit Survey(const Layout& layout);

  /// The next record. One that a load would reject, as it lies in the file, is passed over.
  void add(const text::Record& record);

  /// What came out; the first record may turn out to be no header, and is one more then. is_known_header: what somebody knows of
  /// it.
  [[nodiscard]] SniffedFile result(std::optional<bool> is_known_header);

 private:
  struct Column {
    ColumnTally tally{};
    std::int64_t equal_to_first = 0;  ///< values that are what the first record has
    std::int64_t small_starts = 0;    ///< values that start with a small letter
    std::size_t shortest = SIZE_MAX, longest = 0;
  };
  void note_encoding(std::string_view raw);
  bool splits(std::string_view raw);
  void keep_first(const text::Record& record);
  void tally(const text::Record& record);
  void compare_to_first(Column& column, std::string_view value, std::size_t index);
  void add_value(Column& column, std::string_view raw, std::string_view value, std::int64_t line_number);
  [[nodiscard]] TextEncoding encoding() const;
  [[nodiscard]] bool has_header() const;
  [[nodiscard]] double header_score(const Column& column, std::string_view title) const;
  [[nodiscard]] bool counts_years() const;
  void choose_null_words(std::vector<ColumnVerdict>& verdicts, SniffedFile& file) const;
  static void choose_order(std::vector<ColumnVerdict>& verdicts, SniffedFile& file);
  [[nodiscard]] bool has_blanks_around(const std::vector<ColumnVerdict>& verdicts) const;

  struct First {
    std::string raw{};
    std::vector<std::string> values{};
    std::int64_t line_number = 0, lines = 1;
  };
  Layout layout_;
  std::vector<Column> columns_;
  First first_;
  bool has_first_ = false;
  std::int64_t records_ = 0, short_records_ = 0, blank_lines_ = 0;
  std::int64_t wide_records_ = 0, invalid_records_ = 0;  ///< with characters of several bytes; with none that UTF-8 has
  bool has_middle_bytes_ = false;                        ///< 0x80 to 0x9F, which stand for no letter in LATIN1
  bool has_empty_fields_ = false;
  std::string storage_;
  std::vector<Field> fields_;
};

}  // namespace ferry::text
