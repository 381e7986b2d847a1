#include "pg/encoding.hpp"

#include "base/error.hpp"
#include "pg/guard.hpp"

#include "pg/server.hpp"

extern "C" {
#include "catalog/namespace.h"
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

std::optional<std::string> try_from_utf8(std::string_view text) {
  const int length = static_cast<int>(text.size());
  // raises no error
  if (pg_encoding_verifymbstr(PG_UTF8, text.data(), length) < length) return std::nullopt;
  const int encoding = GetDatabaseEncoding();
  if (encoding == PG_UTF8 || encoding == PG_SQL_ASCII || text.empty()) return std::string(text);
  std::string converted(text.size() * MAX_CONVERSION_GROWTH + 1, '\0');
  auto* const from = reinterpret_cast<unsigned char*>(const_cast<char*>(text.data()));
  auto* const to = reinterpret_cast<unsigned char*>(converted.data());
  const int size = static_cast<int>(converted.size());
  const int done = call([=] {
    const Oid conversion = FindDefaultConversionProc(PG_UTF8, encoding);
    return pg_do_encoding_conversion_buf(conversion, PG_UTF8, encoding, from, length, to, size, true);
  });
  if (done < length) return std::nullopt;
  converted.resize(std::char_traits<char>::length(converted.c_str()));
  return converted;
}

}  // namespace ferry::pg
