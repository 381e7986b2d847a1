#pragma once

#include <cstdint>
#include <string>

#include "text/record_reader.hpp"

// The words that options of a stream take.
namespace ferry::load {

/// How the names of a header go with those of columns.
enum class HeaderMatch : std::uint8_t {
  exact,
  loose,  ///< one that is the same but for case, blanks, underscores and hyphens will do, where only one is
};

/// Errors: 22023.
[[nodiscard]] text::OpenQuote open_quote_by_name(const std::string& name);
[[nodiscard]] text::Quotes quotes_by_name(const std::string& name);
[[nodiscard]] HeaderMatch header_match_by_name(const std::string& name);

[[nodiscard]] const char* name_of(text::OpenQuote open_quote);
[[nodiscard]] const char* name_of(text::Quotes quotes);
[[nodiscard]] const char* name_of(HeaderMatch match);

}  // namespace ferry::load
