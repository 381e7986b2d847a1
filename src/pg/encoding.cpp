#include "pg/encoding.hpp"

#include <algorithm>

#include "base/concat.hpp"
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

/// Nothing where text has no form in the other encoding, of which one is UTF-8. SQL_ASCII may be anything: it is taken for UTF-8.
std::optional<std::string> try_convert(std::string_view text, int from_encoding, int to_encoding) {
  const int length = static_cast<int>(text.size());
  const int checked = from_encoding == PG_SQL_ASCII ? int{PG_UTF8} : from_encoding;
  // raises no error
  if (pg_encoding_verifymbstr(checked, text.data(), length) < length) return std::nullopt;
  if (checked == to_encoding || to_encoding == PG_SQL_ASCII || text.empty()) return std::string(text);
  std::string converted(text.size() * MAX_CONVERSION_GROWTH + 1, '\0');
  auto* const from = reinterpret_cast<unsigned char*>(const_cast<char*>(text.data()));
  auto* const to = reinterpret_cast<unsigned char*>(converted.data());
  const int size = static_cast<int>(converted.size());
  const int done = call([=] {
    const Oid conversion = FindDefaultConversionProc(from_encoding, to_encoding);
    return pg_do_encoding_conversion_buf(conversion, from_encoding, to_encoding, from, length, to, size, true);
  });
  if (done < length) return std::nullopt;
  converted.resize(std::char_traits<char>::length(converted.c_str()));
  return converted;
}

std::string ascii_of(std::string_view text) {
  std::string ascii(text);
  for (char& c : ascii)
    if (static_cast<unsigned char>(c) >= 0x80) c = '?';
  return ascii;
}

}  // namespace

std::string to_utf8(std::string_view text) { return convert(text, pg_server_to_any); }

std::string from_utf8(std::string_view text) { return convert(text, pg_any_to_server); }

std::string shown_in_utf8(std::string_view text) {
  return try_convert(text, GetDatabaseEncoding(), PG_UTF8).value_or(ascii_of(text));
}

std::optional<std::string> try_from_utf8(std::string_view text) { return try_convert(text, PG_UTF8, GetDatabaseEncoding()); }

std::string shown_from_utf8(std::string_view text) { return try_from_utf8(text).value_or(ascii_of(text)); }

std::string_view whole_characters(std::string_view bytes, int encoding) {
  const int size = static_cast<int>(bytes.size());
  const int whole = pg_encoding_mbcliplen(encoding, bytes.data(), size, size);
  // it ends at a zero byte, too, which is in no text
  return size - whole < pg_encoding_max_length(encoding) ? bytes.substr(0, static_cast<std::size_t>(whole)) : bytes;
}

void shorten(std::string& text, std::size_t most_bytes) {
  constexpr std::string_view kDots = "...";
  if (text.size() <= most_bytes) return;
  // a new one: cut in place it would keep its memory
  text = concat(whole_characters(std::string_view(text).substr(0, most_bytes - kDots.size()), GetDatabaseEncoding()), kDots);
}

std::string hex_of_character(std::string_view text, std::size_t at, int encoding) {
  constexpr char kHex[] = "0123456789abcdef";
  const auto length = static_cast<std::size_t>(std::clamp(pg_encoding_mblen(encoding, text.data() + at), 1, 4));
  std::string bytes;
  for (const char c : text.substr(at, length)) {
    const auto byte = static_cast<unsigned char>(c);
    if (!bytes.empty()) bytes += ' ';
    (bytes += "0x") += kHex[byte >> 4];
    bytes += kHex[byte & 15];
    if (byte == 0) break;
  }
  return bytes;
}

std::string invalid_sequence_text(std::string_view text, std::size_t at, int encoding) {
  return concat("invalid byte sequence for encoding \"", pg_encoding_to_char(encoding),
                "\": ", hex_of_character(text, at, encoding));
}

}  // namespace ferry::pg
