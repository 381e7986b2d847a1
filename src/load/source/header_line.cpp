#include "load/source/header_line.hpp"

#include <algorithm>

#include "base/bytes.hpp"
#include "base/concat.hpp"
#include "base/fronted_source.hpp"
#include "codec/stream_decoder.hpp"

#include "pg/server.hpp"

namespace ferry::load {

namespace {

/// The wide encoding that text with so many zeros at even and odd places may be in, or null.
const char* wide_encoding_of(std::string_view raw) {
  if (raw.starts_with("\xFF\xFE")) return "UTF16LE";
  if (raw.starts_with("\xFE\xFF")) return "UTF16BE";
  std::size_t zeros[2] = {};
  for (std::size_t i = 0; i < raw.size(); i++)
    if (raw[i] == '\0') zeros[i % 2]++;
  if (zeros[0] == zeros[1] || std::max(zeros[0], zeros[1]) * 4 < raw.size()) return nullptr;
  return zeros[1] > zeros[0] ? "UTF16LE" : "UTF16BE";
}

}  // namespace

std::string hint_at_bytes(std::string_view raw) {
  if (raw.starts_with("PK\x03\x04")) return "The data is a ZIP archive, as workbooks of Excel are: take the CSV file out of it.";
  if (const auto* const format = codec::find_stream_format(as_bytes(raw.substr(0, FrontedSource::kFrontBytes))))
    return concat("The data is compressed by ", format->name,
                  ": load it with compression => 'auto' (in COPY: COMPRESSION auto).");
  if (const char* const encoding = wide_encoding_of(raw))
    return concat("The data may be in UTF-16: try encoding => '", encoding, "' (in COPY: ENCODING '", encoding, "').");
  return {};
}

std::string hint_at_delimiter(std::string_view only_name) {
  const std::size_t at = only_name.find_first_of(";\t|,");
  if (at == std::string_view::npos) return {};
  if (only_name[at] == '\t') return "The header is one field: the delimiter may be a tab, E'\\t'.";
  return concat("The header is one field: the delimiter may be \"", only_name[at], "\".");
}

}  // namespace ferry::load
