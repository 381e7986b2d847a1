#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/interrupts.hpp"
#include "base/io.hpp"
#include "text/column_tally.hpp"
#include "text/layout.hpp"

// What a CSV file that nobody described is like: what a careful person would say who looks at it.
namespace ferry::text {

enum class TextEncoding : std::uint8_t { utf8, latin1, win1252 };

struct SniffedColumn {
  std::string title{};  ///< in the header, in UTF-8; empty where there is none
  std::string name{};   ///< for SQL, in UTF-8
  ColumnType type = ColumnType::text;
  std::string reason{};            ///< of a type text, where the values look like something else; ASCII, on one line
  bool has_quoted_blanks = false;  ///< values "", which are NULL, and a type that has no such value
};

struct SniffedFile {
  Layout layout{};
  TextEncoding encoding = TextEncoding::utf8;
  bool has_header = false;
  std::int64_t last_header_line = 0;      ///< physical, from 1
  bool has_blanks_around = false;         ///< which are not meant
  DayMonth order = DayMonth::none;        ///< day_first or month_first where DateStyle has to say so
  std::vector<std::string> null_words{};  ///< that stand for NULL beside the empty field
  bool has_empty_fields = false;          ///< without quotes
  std::vector<SniffedColumn> columns{};
  std::int64_t records = 0;  ///< that were looked at, without the header
};

struct SniffOptions {
  std::uint64_t sample_bytes = std::uint64_t{4} << 20;
  std::size_t max_record_bytes = std::size_t{16} << 20;  ///< longer ones are passed over
  std::optional<bool> has_header{};                      ///< where somebody knows
  CheckInterrupts check_interrupts = nullptr;
};

/// Reads bytes up to the end of the sample, in which the last record may be cut. Memory does not grow with the sample. Same
/// bytes, same answer, in whatever pieces they come. Errors: 22P04 an empty file, or one that is no text; 54000 more columns
/// than a table may have; what the source throws.
[[nodiscard]] SniffedFile sniff(ByteSource& bytes, const SniffOptions& options);

}  // namespace ferry::text
