#include "load/functions/sql_text.hpp"

#include "base/concat.hpp"
#include "pg/guard.hpp"

#include "pg/server.hpp"

extern "C" {
#include "utils/builtins.h"
}

namespace ferry::load {

std::string identifier(const std::string& name) { return pg::call(quote_identifier, name.c_str()); }

std::string literal(std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string body;
  bool has_escape = false;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    has_escape = has_escape || byte < ' ' || c == '\\';
    if (c == '\t')
      body += "\\t";
    else if (byte < ' ')
      ((body += "\\x") += kHex[byte >> 4]) += kHex[byte & 15];
    else
      body.append(c == '\'' || c == '\\' ? 2 : 1, c);
  }
  return concat(has_escape ? "E'" : "'", body, '\'');
}

}  // namespace ferry::load
