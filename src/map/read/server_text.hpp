#pragma once

#include <cstring>
#include <string_view>

#include "base/bytes.hpp"
#include "base/concat.hpp"
#include "base/error.hpp"
#include "pg/encoding.hpp"
#include "pg/long_copy.hpp"

#include "pg/server.hpp"

extern "C" {
#include "mb/pg_wchar.h"
}

// Texts of a file on their way into the server. The functions call the server without a guard.
namespace ferry::map {

/// Text in the database's encoding, checked; not always with a zero byte at its end.
struct ServerText {
  const char* data;
  int size_bytes;
};

[[noreturn]] inline void fail_length(std::size_t size_bytes) {
  throw Error("54000", concat("value of ", size_bytes, " bytes is too long"));
}

/// How many bytes from the front are valid UTF-8.
inline std::size_t valid_utf8_bytes(std::string_view text) {
  for (std::size_t done = 0;;) {
    const std::size_t step = std::min(text.size() - done, pg::kLongStepBytes);
    const auto valid = static_cast<std::size_t>(pg_encoding_verifymbstr(PG_UTF8, text.data() + done, static_cast<int>(step)));
    done += valid;
    // a step may end within a character; the next begins with it
    if (done == text.size() || step - valid >= MAX_MULTIBYTE_CHAR_LEN || step < pg::kLongStepBytes) return done;
    CHECK_FOR_INTERRUPTS();
  }
}

/// Text from UTF-8. Errors: 22021, 22P05; 54000. Those in a database of UTF-8 are no errors of the server.
inline ServerText server_text(std::string_view text) {
  if (text.size() > MaxAllocSize - VARHDRSZ - 1) fail_length(text.size());
  const int size_bytes = static_cast<int>(text.size());
  if (GetDatabaseEncoding() == PG_UTF8) {
    if (const std::size_t valid = valid_utf8_bytes(text); valid < text.size())
      throw Error("22021", pg::invalid_sequence_text(text, valid, PG_UTF8));
    return {text.data(), size_bytes};
  }
  const char* const converted = pg_any_to_server(text.data(), size_bytes, PG_UTF8);
  return {converted, converted == text.data() ? size_bytes : static_cast<int>(std::strlen(converted))};
}

/// Bytes that are text of the database's encoding already. Errors: 22021; 54000.
inline ServerText verified_text(ByteView bytes) {
  if (bytes.size() > MaxAllocSize - VARHDRSZ - 1) fail_length(bytes.size());
  const ServerText text{reinterpret_cast<const char*>(bytes.data()), static_cast<int>(bytes.size())};
  pg_verifymbstr(text.data, text.size_bytes, false);
  return text;
}

/// A text or a bytea of these bytes. Errors: 54000.
inline Datum varlena_value(const void* data, std::size_t size_bytes) {
  if (size_bytes > MaxAllocSize - VARHDRSZ) fail_length(size_bytes);
  auto* const value = static_cast<varlena*>(palloc(VARHDRSZ + size_bytes));
  SET_VARSIZE(value, VARHDRSZ + size_bytes);
  pg::long_copy(VARDATA(value), data, size_bytes);
  return PointerGetDatum(value);
}

inline char* zero_ended(ServerText text) { return pnstrdup(text.data, static_cast<Size>(text.size_bytes)); }

}  // namespace ferry::map
