#include "load/logged_options.hpp"

#include <charconv>
#include <utility>

#include "base/concat.hpp"
#include "base/json_writer.hpp"
#include "load/computed_columns.hpp"
#include "pg/encoding.hpp"
#include "text/json_batch.hpp"

#include "pg/server.hpp"

namespace ferry::load {

namespace {

using Members = std::vector<text::JsonMember>;

bool has(const Members& options, std::string_view name) {
  for (const text::JsonMember& option : options)
    if (option.key == name) return true;
  return false;
}

/// The value of an option, in the server's encoding.
std::string value_of(const Members& options, std::string_view name) {
  for (const text::JsonMember& option : options)
    if (option.key == name) return pg::from_utf8(option.value);
  throw Error("22023", concat("option \"", name, "\" of the load is not in the log"));
}

char character_of(const Members& options, std::string_view name) {
  const std::string value = value_of(options, name);
  if (value.size() != 1) throw Error("22023", concat("option \"", name, "\" of the load is not a single one-byte character"));
  return value[0];
}

std::vector<std::string> names_of(const Members& options, std::string_view name) {
  std::vector<std::string> names;
  for (const std::string& element : text::read_json_rows(pg::to_utf8(value_of(options, name))))
    names.push_back(value_of(text::read_json_row(concat("{\"name\": ", element, "}")).value(), "name"));
  return names;
}

std::vector<std::string> names_if_any(const Members& options, std::string_view name) {
  return has(options, name) ? names_of(options, name) : std::vector<std::string>{};
}

/// Of a value that is no number, default_value.
int number_of(const std::string& value, int default_value) {
  std::from_chars(value.data(), value.data() + value.size(), default_value);
  return default_value;
}

/// true, false, "match", or how many.
int header_rows_of(const std::string& value) { return value == "false" ? 0 : number_of(value, 1); }

/// The line ends that the log tells of; it says nothing of LF.
constexpr std::pair<const char*, const char*> kLineEnds[] = {{"crlf", "\r\n"}, {"cr", "\r"}};

void read_stream(const Members& options, StreamOptions& stream) {
  stream.dialect.delimiter = character_of(options, "delimiter");
  stream.dialect.null_string = value_of(options, "null_string");
  if (has(options, "default_string")) stream.dialect.default_string = value_of(options, "default_string");
  if (stream.format == Format::csv) {
    stream.dialect.quote = character_of(options, "quote");
    stream.dialect.escape = character_of(options, "escape");
    stream.dialect.open_quote = open_quote_by_name(value_of(options, "open_quote"));
    if (has(options, "quotes")) stream.dialect.quotes = quotes_by_name(value_of(options, "quotes"));
  }
  stream.dialect.null_strings = names_if_any(options, "null_strings");
  stream.dialect.trims_blanks = has(options, "trim_blanks");
  stream.dialect.is_ragged = has(options, "ragged");
  // one that did not give columns their fields does not matter any more
  stream.header_names = names_if_any(options, "header_names");
  stream.header = stream.header_names.empty() ? Header::none : Header::by_name;
  stream.header_match =
      has(options, "header_match") ? header_match_by_name(value_of(options, "header_match")) : HeaderMatch::loose;
  stream.force_not_null = names_if_any(options, "force_not_null");
  stream.force_null = names_if_any(options, "force_null");
  if (has(options, "expressions")) stream.expressions = read_expressions(value_of(options, "expressions"));
  stream.field_names = names_if_any(options, "field_names");
  stream.columns = names_if_any(options, "columns");
  if (has(options, "path")) stream.path = value_of(options, "path");
  if (has(options, "date_style")) stream.date_style = value_of(options, "date_style");
  if (has(options, "session_date_style")) stream.session_date_style = value_of(options, "session_date_style");
  set_encoding(stream, value_of(options, "encoding"));
}

void write_header(JsonWriter& out, const StreamOptions& stream) {
  if (stream.header == Header::match)
    out.member("header", "match");
  else if (stream.header == Header::skip && stream.header_rows > 1)
    out.member("header", std::int64_t{stream.header_rows});
  else
    out.member("header", stream.header != Header::none);
}

/// Where there are any.
void write_names(JsonWriter& out, const char* member, const std::vector<std::string>& names) {
  if (!names.empty()) out.texts(member, names);
}

/// What is not usual of a dialect.
void write_rare(JsonWriter& out, const StreamOptions& stream) {
  const text::Dialect& dialect = stream.dialect;
  if (dialect.quotes != text::Quotes::copy) out.member("quotes", name_of(dialect.quotes));
  write_names(out, "null_strings", dialect.null_strings.all());
  if (dialect.trims_blanks) out.member("trim_blanks", true);
  if (dialect.is_ragged) out.member("ragged", true);
  if (!dialect.comment.empty()) out.member("comment", dialect.comment);
  if (dialect.skip_lines > 0) out.member("skip_lines", dialect.skip_lines);
  const bool is_usual = (stream.header_match == HeaderMatch::loose) == (stream.header == Header::by_name);
  const bool has_names = stream.header == Header::by_name || stream.header == Header::match;
  if (has_names && !is_usual) out.member("header_match", name_of(stream.header_match));
}

/// Where there are any.
void write_expressions(JsonWriter& out, const std::vector<Expression>& expressions) {
  if (expressions.empty()) return;
  out.key("expressions");
  out.open('{');
  for (const Expression& expression : expressions) out.member(expression.column, expression.sql);
  out.close('}');
}

/// What expressions and their columns depend on.
void write_fields(JsonWriter& out, const StreamOptions& stream, const FieldColumns& columns) {
  write_names(out, "field_names", columns.field_names);
  write_names(out, "columns", columns.columns);
  if (stream.path) out.member("path", *stream.path);
}

void write_line_end(JsonWriter& out, std::string_view line_end) {
  for (const auto& [name, bytes] : kLineEnds)
    if (line_end == bytes) out.member("line_end", name);
}

/// The options that every load has, and the end of the object.
void write_load(JsonWriter& out, const LoadOptions& options, const std::string& condition) {
  if (!condition.empty()) out.member("where", condition);
  out.member("on_conflict", name_of(options.on_conflict));
  if (options.reject_limit) out.member("reject_limit", *options.reject_limit);
  if (options.continues) out.member("continues", *options.continues);
  out.member("dry_run", options.dry_run);
  out.close('}');
}

}  // namespace

std::string describe_stream(const StreamOptions& stream, const FieldColumns& columns, const LoadOptions& options,
                            const std::string& condition) {
  const bool is_csv = stream.format == Format::csv;
  const text::Dialect& dialect = stream.dialect;
  const auto character = [](const char& c) { return std::string_view(&c, 1); };
  std::string json;
  JsonWriter out(json);
  out.open('{');
  out.member("format", is_csv ? "csv" : "text");
  write_header(out, stream);
  write_names(out, "header_names", columns.header_names);
  out.member("delimiter", character(dialect.delimiter));
  if (is_csv) {
    out.member("quote", character(dialect.quote));
    out.member("escape", character(dialect.escape));
    out.member("open_quote", name_of(dialect.open_quote));
  }
  out.member("null_string", dialect.null_string);
  if (dialect.default_string) out.member("default_string", *dialect.default_string);
  write_rare(out, stream);
  write_names(out, "force_not_null", stream.force_not_null);
  write_names(out, "force_null", stream.force_null);
  write_expressions(out, stream.expressions);
  if (!stream.expressions.empty()) write_fields(out, stream, columns);
  if (!stream.date_style.empty()) out.member("date_style", stream.date_style);
  if (!stream.session_date_style.empty()) out.member("session_date_style", stream.session_date_style);
  out.member("encoding", encoding_name(stream));
  write_line_end(out, stream.line_end);
  if (!stream.compression.empty()) out.member("compression", stream.compression);
  write_load(out, options, condition);
  return json;
}

std::string describe_avro(const AvroOptions& avro, const LoadOptions& options, const std::string& condition) {
  std::string json;
  JsonWriter out(json);
  out.open('{');
  out.member("format", "avro");
  out.member("match", avro.match == map::Match::name ? "name" : "position");
  write_expressions(out, avro.expressions);
  out.member("on_error", options.stops_at_reject ? "stop" : "reject");
  write_load(out, options, condition);
  return json;
}

std::string describe_json_file(bool is_array, std::string_view line_end, std::string_view compression,
                               const LoadOptions& options) {
  std::string json;
  JsonWriter out(json);
  out.open('{');
  out.member("format", "json");
  out.member("layout", is_array ? "array" : "lines");
  write_line_end(out, line_end);
  if (!compression.empty()) out.member("compression", compression);
  write_load(out, options, {});
  return json;
}

LoggedOptions read_logged_options(const std::string& json) {
  const Members options = text::read_json_row(pg::to_utf8(json)).value_or(Members{});
  LoggedOptions logged;
  const std::string format = value_of(options, "format");
  if (has(options, "on_conflict")) logged.on_conflict = on_conflict_by_name(value_of(options, "on_conflict"));
  logged.dry_run = has(options, "dry_run") && value_of(options, "dry_run") == "true";
  logged.is_filtered = has(options, "where");
  for (const auto& [name, bytes] : kLineEnds)
    if (has(options, "line_end") && value_of(options, "line_end") == name) logged.stream.line_end = bytes;
  if (format == "json" || format == "avro") {
    logged.format = format == "json" ? LoggedFormat::json : LoggedFormat::avro;
    logged.has_json_lines = has(options, "layout") && value_of(options, "layout") == "lines";
    return logged;
  }
  logged.stream.format = format == "csv" ? Format::csv : Format::text;
  read_stream(options, logged.stream);
  if (has(options, "skip_lines")) logged.skip_lines = number_of(value_of(options, "skip_lines"), 0);
  logged.header_rows = header_rows_of(value_of(options, "header"));
  return logged;
}

}  // namespace ferry::load
