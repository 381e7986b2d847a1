#include "load/source/dialect_check.hpp"

#include "base/concat.hpp"
#include "base/error.hpp"

namespace ferry::load {

namespace {
void check_has_no_line_end(const char* name, const std::string& text) {
  if (text.find_first_of("\r\n") != std::string::npos)
    throw Error("22023", concat(name, " cannot use newline or carriage return"));
}
}  // namespace

void check_null_string(const char* name, const std::string& text, const text::Dialect& dialect, bool has_quotes) {
  check_has_no_line_end(name, text);
  if (text.find(dialect.delimiter) != std::string::npos) throw Error("22023", concat("delimiter must not appear in ", name));
  if (has_quotes && text.find(dialect.quote) != std::string::npos)
    throw Error("22023", concat("quote must not appear in ", name));
}

void check_comment(const char* name, const std::string& text) {
  if (text.empty()) throw Error("22023", concat(name, " must not be empty"));
  check_has_no_line_end(name, text);
}

void check_skip_lines(const char* name, std::int64_t lines) {
  if (lines < 0) throw Error("22023", concat(name, " must not be negative"));
}

}  // namespace ferry::load
