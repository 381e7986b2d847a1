#include "pg/encoding.hpp"

#include "base/error.hpp"
#include "pg/guard.hpp"

#include "pg/server.hpp"

extern "C" {
#include "mb/pg_wchar.h"
}

namespace ferry::pg {
namespace {

using Conversion = char* (*)(const char*, int, int);

/// The converters return their argument where there is nothing to convert, else a string that ends with a zero byte.
std::string convert(std::string_view text, Conversion conversion) {
  const char* const converted = call([=] { return conversion(text.data(), static_cast<int>(text.size()), PG_UTF8); });
  return converted == text.data() ? std::string(text) : std::string(converted);
}

}  // namespace

std::string to_utf8(std::string_view text) { return convert(text, pg_server_to_any); }

std::string from_utf8(std::string_view text) { return convert(text, pg_any_to_server); }

}  // namespace ferry::pg
