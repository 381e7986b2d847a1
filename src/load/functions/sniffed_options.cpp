#include "load/functions/sniffed_options.hpp"

#include <algorithm>

#include "load/source/character_set.hpp"
#include "settings.hpp"

#include "pg/server.hpp"

namespace ferry::load {

StreamOptions sniffed_options(const FileSniff& sniffed) {
  const text::SniffedFile& file = sniffed.file;
  StreamOptions csv;
  csv.dialect = file.layout.dialect;
  csv.dialect.null_strings = file.null_words;
  csv.dialect.trims_blanks = file.has_blanks_around;
  csv.dialect.is_ragged = file.layout.is_ragged;
  if (file.has_header) csv.header = Header::by_name;
  csv.header_match = HeaderMatch::loose;
  csv.date_style = date_style_of(file);
  csv.has_unknown_dates = csv.date_style.empty() &&
                          std::any_of(file.columns.begin(), file.columns.end(),
                                      [](const text::SniffedColumn& column) { return column.reason == text::kUnknownDayMonth; });
  set_encoding(csv, sniffed.encoding);
  csv.max_record_bytes = static_cast<std::size_t>(settings::max_record_bytes);
  return csv;
}

}  // namespace ferry::load
