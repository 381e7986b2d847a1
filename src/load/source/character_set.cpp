#include "load/source/character_set.hpp"

#include "base/concat.hpp"
#include "base/error.hpp"

#include "pg/server.hpp"

extern "C" {
#include "mb/pg_wchar.h"
}

namespace ferry::load {

void set_wide_encoding(StreamOptions& stream, text::WideEncoding encoding) {
  stream.wide_encoding = encoding;
  if (encoding != text::WideEncoding::none) stream.encoding = PG_UTF8;
}

void set_encoding(StreamOptions& stream, const std::string& name) {
  stream.encoding = pg_char_to_encoding(name.c_str());
  stream.marks_encoding = false;
  set_wide_encoding(stream, text::wide_encoding_by_name(name));
  if (stream.encoding >= 0) return;
  Error error("22023", concat("encoding \"", name, "\" not recognized"));
  if (text::wide_encoding_by_name(name + "LE") != text::WideEncoding::none)
    error.hint(
        concat("Name the byte order, ", name, "LE or ", name, "BE, or no encoding: a byte order mark in the file tells it."));
  throw error;
}

std::string encoding_name(const StreamOptions& stream) {
  if (stream.wide_encoding != text::WideEncoding::none) return std::string(text::name_of(stream.wide_encoding));
  return pg_encoding_to_char(stream.encoding);
}

EncodedBytes::EncodedBytes(ByteSource& bytes, StreamOptions& stream) : bytes_(bytes) {
  using text::WideEncoding;
  if (!stream.marks_encoding && stream.wide_encoding == WideEncoding::none) return;
  const WideEncoding marked = text::wide_encoding_of_mark(bytes_.front());
  if (stream.marks_encoding) set_wide_encoding(stream, marked);
  if (marked != WideEncoding::none && marked != stream.wide_encoding)
    throw Error("22P04", concat("data begins with the byte order mark of encoding \"", text::name_of(marked), "\", not \"",
                                text::name_of(stream.wide_encoding), '"'));
  if (stream.wide_encoding != WideEncoding::none) utf8_.emplace(bytes_, stream.wide_encoding);
}

}  // namespace ferry::load
