// The SQL function load_csv(). Its arguments are described in docs/reference.md.

#include "base/concat.hpp"
#include "load/computed_columns.hpp"
#include "load/functions/file_sniff.hpp"
#include "load/functions/sniffed_options.hpp"
#include "load/functions/summary_row.hpp"
#include "load/load_stream.hpp"
#include "pg/arguments.hpp"
#include "pg/guard.hpp"
#include "pg/io/open_source.hpp"
#include "pg/io/path.hpp"
#include "settings.hpp"

#include "pg/server.hpp"

extern "C" {
#include "mb/pg_wchar.h"
}

namespace ferry::load {
namespace {

char single_byte(const std::string& text, const char* name) {
  if (text.size() != 1) throw Error("0A000", concat(name, " must be a single one-byte character"));
  if (text[0] == '\r' || text[0] == '\n') throw Error("22023", concat(name, " cannot be newline or carriage return"));
  return text[0];
}

/// The dialect of arguments 4 to 7 and 12 to 18, under the rules of COPY's options.
text::Dialect dialect_of(const pg::Arguments& arguments) {
  text::Dialect dialect;
  dialect.delimiter = single_byte(arguments.text(4, "delimiter"), "delimiter");
  dialect.quote = single_byte(arguments.text(5, "quote"), "quote");
  const auto escape = arguments.optional_text(6);
  dialect.escape = escape ? single_byte(*escape, "escape") : dialect.quote;
  dialect.null_string = arguments.text(7, "null_string");
  dialect.skip_lines = arguments.integer(12, "skip_lines");
  if (const auto comment = arguments.optional_text(13)) {
    check_comment("comment", *comment);
    dialect.comment = *comment;
  }
  if (!arguments.is_null(14)) dialect.null_strings = arguments.texts(14, "null_strings");
  dialect.trims_blanks = arguments.boolean(15, "trim_blanks");
  dialect.is_ragged = arguments.boolean(16, "ragged");
  dialect.quotes = quotes_by_name(arguments.text(17, "quotes"));
  dialect.open_quote = open_quote_by_name(arguments.text(18, "open_quote"));
  return dialect;
}

FileSniff sniff_to_load(const std::string& path, bool has_header) {
  check_is_regular(path, "sniff");
  return sniff_file(path, text::SniffOptions{}.sample_bytes, has_header ? std::optional(true) : std::nullopt);
}

void check_dialect(const text::Dialect& dialect) {
  const bool has_quotes = dialect.quotes != text::Quotes::none;
  if (has_quotes && dialect.delimiter == dialect.quote) throw Error("22023", "delimiter and quote must be different");
  check_null_string("null_string", dialect.null_string, dialect, has_quotes);
  for (const std::string& text : dialect.null_strings.all()) check_null_string("null_strings", text, dialect, has_quotes);
  check_skip_lines("skip_lines", dialect.skip_lines);
}

/// What is given with another value than the default stays; the rest is taken from what the file looks like.
void take_sniffed(const StreamOptions& sniffed, const pg::Arguments& arguments, StreamOptions& csv) {
  const text::Dialect usual, &found = sniffed.dialect;
  text::Dialect& dialect = csv.dialect;
  const bool has_quote = dialect.quote != usual.quote, has_escape = !arguments.is_null(6);
  if (dialect.delimiter == usual.delimiter) dialect.delimiter = found.delimiter;
  if (!has_quote) dialect.quote = found.quote;
  if (!has_escape && !has_quote) dialect.escape = found.escape;
  if (dialect.skip_lines == usual.skip_lines) dialect.skip_lines = found.skip_lines;
  if (dialect.comment.empty()) dialect.comment = found.comment;
  if (arguments.is_null(14)) dialect.null_strings = found.null_strings;
  if (!dialect.trims_blanks) dialect.trims_blanks = found.trims_blanks;
  if (!dialect.is_ragged) dialect.is_ragged = found.is_ragged;
  if (dialect.quotes == usual.quotes && !has_quote) dialect.quotes = found.quotes;
  if (csv.header == Header::none) csv.header = sniffed.header;
  csv.date_style = sniffed.date_style;
  csv.has_unknown_dates = sniffed.has_unknown_dates;
  if (!arguments.is_null(8)) return;
  csv.encoding = sniffed.encoding;
  csv.wide_encoding = sniffed.wide_encoding;
  csv.marks_encoding = sniffed.marks_encoding;
}

Datum load_csv(FunctionCallInfo call_info) {
  const pg::Stopwatch watch;
  const pg::Arguments arguments(call_info);
  const Oid table = arguments.oid(0, "target");
  const std::string path = arguments.text(1, "path");
  StreamOptions csv;
  csv.columns = arguments.names(2, "columns");
  if (!arguments.is_null(2) && csv.columns.empty()) throw Error("22023", "argument \"columns\" must not be empty");
  csv.header = arguments.boolean(3, "header") ? Header::by_name : Header::none;
  csv.header_match = header_match_by_name(arguments.text(19, "header_match"));
  csv.dialect = dialect_of(arguments);
  csv.encoding = pg_get_client_encoding();
  if (const auto encoding = arguments.optional_text(8)) set_encoding(csv, *encoding);
  csv.max_record_bytes = static_cast<std::size_t>(settings::max_record_bytes);
  LoadOptions options;
  options.on_conflict = on_conflict_by_name(arguments.text(9, "on_conflict"));
  options.reject_limit = arguments.optional_bigint(10);
  if (options.reject_limit && *options.reject_limit < 0) throw Error("22023", "reject_limit must not be negative");
  options.dry_run = arguments.boolean(11, "dry_run");
  const std::string compression = arguments.text(20, "compression");
  const bool is_sniffed = arguments.boolean(21, "sniff");
  const pg::Compression filter = pg::compression_by_name(compression);
  if (const auto expressions = arguments.optional_jsonb(22)) csv.expressions = read_expressions(*expressions);
  options.source_name = path;
  options.stream_kind = pg::StreamKind::file;

  pg::check_may_read(path);
  std::optional<FileSniff> sniffed;
  if (is_sniffed) {
    sniffed = sniff_to_load(path, csv.header == Header::by_name);
    take_sniffed(sniffed_options(*sniffed), arguments, csv);
  }
  check_dialect(csv.dialect);
  TargetTable target(table);
  target.show_use(options.on_conflict == OnConflict::update);
  const std::unique_ptr<pg::Input> file = pg::open_source(pg::FileOrigin{path}, filter);
  if (sniffed) check_is_sniffed(*sniffed, *file, path);
  csv.bytes_total = file->size_bytes();
  csv.compression = filter == pg::Compression::none ? compression : file->compression();
  const LoadSummary summary = load_stream(*file, csv, options, target);
  file->close();
  target.close();
  return summary_row(call_info, summary, watch);
}

}  // namespace
}  // namespace ferry::load

FERRY_SQL_FUNCTION(ferry_load_csv) {
  return ferry::pg::boundary([&] { return ferry::load::load_csv(fcinfo); });
}
