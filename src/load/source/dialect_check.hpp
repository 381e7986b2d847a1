#pragma once

#include <cstdint>
#include <string>

#include "text/record_reader.hpp"

// What the options of a dialect must not be. name: of the option, as the error is to have it.
namespace ferry::load {

/// A spelling of NULL. has_quotes: quotes mean something. Errors: 22023.
void check_null_string(const char* name, const std::string& text, const text::Dialect& dialect, bool has_quotes);
/// Errors: 22023.
void check_comment(const char* name, const std::string& text);
void check_skip_lines(const char* name, std::int64_t lines);

}  // namespace ferry::load
