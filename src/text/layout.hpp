#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/interrupts.hpp"
#include "text/record_reader.hpp"

namespace ferry::text {

enum class LineEnds : std::uint8_t { none, lf, crlf, cr, mixed };

/// How the records of a text file lie in it.
struct Layout {
  Dialect dialect{};       ///< but for blanks, NULL and ragged records
  std::size_t fields = 1;  ///< of a record
  bool is_ragged = false;  ///< records may have fewer fields, or empty ones more, and lines may be blank
  LineEnds line_ends = LineEnds::none;
};

/// What a careful person would say of the first bytes of a file, in an encoding whose ASCII characters are bytes of their own.
/// is_whole: there are no more bytes; else the last line may be cut. Same bytes, same answer.
[[nodiscard]] Layout find_layout(std::string_view text, bool is_whole, CheckInterrupts check_interrupts = nullptr);

/// A field of a record as it came, quotes included, by what split_csv() made of the record.
[[nodiscard]] std::string_view raw_field(std::string_view record, const std::string& storage, const std::vector<Field>& fields,
                                         std::size_t index);

}  // namespace ferry::text
