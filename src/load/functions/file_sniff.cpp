#include "load/functions/file_sniff.hpp"

#include <sys/stat.h>

#include <array>
#include <limits>

#include "base/concat.hpp"
#include "load/source/character_set.hpp"
#include "pg/encoding.hpp"
#include "pg/guard.hpp"
#include "pg/io/open_source.hpp"
#include "pg/io/path.hpp"
#include "settings.hpp"
#include "text/column_names.hpp"

#include "pg/server.hpp"

extern "C" {
#include "mb/pg_wchar.h"
}

namespace ferry::load {
namespace {

/// A column's name in the database's encoding, in which it may take more bytes.
std::string server_name(const std::string& name, std::size_t index) {
  const std::string in_server = pg::try_from_utf8(name).value_or(concat("column_", index + 1));
  return std::string(pg::whole_characters(std::string_view(in_server).substr(0, NAMEDATALEN - 1), GetDatabaseEncoding()));
}

std::string_view name_of(text::TextEncoding encoding) {
  switch (encoding) {
    case text::TextEncoding::latin1:
      return "LATIN1";
    case text::TextEncoding::win1252:
      return "WIN1252";
    default:
      return "UTF8";
  }
}

}  // namespace

FileSniff sniff_file(const std::string& path, std::uint64_t sample_bytes, std::optional<bool> has_header) {
  pg::check_may_read(path);
  const std::unique_ptr<pg::Input> input = pg::open_source(pg::FileOrigin{path}, pg::Compression::automatic);
  FileSniff found;
  found.etag = input->etag();
  found.compression = input->compression().empty() ? "none" : input->compression();
  try {
    StreamOptions stream;
    EncodedBytes encoded(*input, stream);
    found.file = text::sniff(encoded.source(), {.sample_bytes = sample_bytes,
                                                .max_record_bytes = static_cast<std::size_t>(settings::max_record_bytes),
                                                .has_header = has_header,
                                                .check_interrupts = pg::check_interrupts});
    const bool is_wide = stream.wide_encoding != text::WideEncoding::none;
    found.encoding = is_wide ? text::name_of(stream.wide_encoding) : name_of(found.file.encoding);
  } catch (Error& error) {
    throw Error(std::move(error)).context(concat("file \"", path, '"'));
  }
  input->close();
  for (std::size_t i = 0; i < found.file.columns.size(); i++) {
    text::SniffedColumn& column = found.file.columns[i];
    column.name = server_name(column.name, i);
    column.title = pg::shown_from_utf8(column.title);
  }
  return found;
}

void check_is_sniffed(const FileSniff& sniffed, const pg::Input& file, const std::string& path) {
  if (file.etag() == sniffed.etag) return;
  throw Error("55000", concat("object \"", path, "\" changed while it was read"))
      .detail("It is another one than when its dialect was found out.");
}

void check_is_regular(const std::string& path, const char* purpose) {
  struct ::stat status {};
  if (::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode))
    throw Error("0A000", concat("cannot ", purpose, " \"", path, "\", which is no regular file"));
}

std::string_view name_of(text::ColumnType type) {
  constexpr std::array<std::string_view, 12> kNames{"boolean", "integer",   "bigint",      "numeric", "double precision",
                                                    "date",    "timestamp", "timestamptz", "time",    "uuid",
                                                    "jsonb",   "text"};
  return kNames[static_cast<std::size_t>(type)];
}

std::string table_name_of(const std::string& path) {
  std::string name = path.substr(path.rfind('/') + 1);
  if (const std::size_t dot = name.find('.', 1); dot != std::string::npos) name.resize(dot);
  const std::size_t last = name.find_last_not_of("0123456789-_. ");
  if (last != std::string::npos) name.resize(last + 1);
  std::string plain = text::plain_name(pg::shown_in_utf8(name));
  if (plain.empty()) plain = "data";
  return server_name(plain, 0);
}

std::string date_style_of(const text::SniffedFile& file) {
  return file.order == text::DayMonth::day_first ? "ISO, DMY" : file.order == text::DayMonth::month_first ? "ISO, MDY" : "";
}

}  // namespace ferry::load
