#include "load/logged_options.hpp"

#include "base/concat.hpp"
#include "base/json_text.hpp"
#include "pg/encoding.hpp"
#include "text/json_batch.hpp"

#include "pg/server.hpp"

extern "C" {
#include "mb/pg_wchar.h"
}

namespace ferry::load {

namespace {

using Members = std::vector<text::JsonMember>;

const char* json_boolean(bool value) { return value ? "true" : "false"; }

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

void read_stream(const Members& options, StreamOptions& stream) {
  stream.dialect.delimiter = character_of(options, "delimiter");
  stream.dialect.null_string = value_of(options, "null_string");
  if (has(options, "default_string")) stream.dialect.default_string = value_of(options, "default_string");
  if (stream.format == Format::csv) {
    stream.dialect.quote = character_of(options, "quote");
    stream.dialect.escape = character_of(options, "escape");
    stream.dialect.open_quote = open_quote_by_name(value_of(options, "open_quote"));
  }
  // one that did not give columns their fields does not matter any more
  stream.header_names = names_if_any(options, "header_names");
  stream.header = stream.header_names.empty() ? Header::none : Header::by_name;
  stream.force_not_null = names_if_any(options, "force_not_null");
  stream.force_null = names_if_any(options, "force_null");
  if (has(options, "date_style")) stream.date_style = value_of(options, "date_style");
  const std::string encoding = value_of(options, "encoding");
  stream.encoding = pg_char_to_encoding(encoding.c_str());
  if (stream.encoding < 0) throw Error("22023", concat("encoding \"", encoding, "\" not recognized"));
}

std::string json_of_header(const StreamOptions& stream) {
  if (stream.header == Header::match) return "\"match\"";
  if (stream.header == Header::skip && stream.header_rows > 1) return std::to_string(stream.header_rows);
  return json_boolean(stream.header != Header::none);
}

/// A member with an array of names, where there are any.
std::string json_of_names(const char* member, const std::vector<std::string>& names) {
  std::string json;
  for (const std::string& name : names) json += concat(json.empty() ? "" : ", ", json_string(name));
  return names.empty() ? json : concat(", \"", member, "\": [", json, "]");
}

/// The options that every stream has, and the end of the object.
std::string json_of_load(const LoadOptions& options, const std::string& condition) {
  std::string json;
  if (!condition.empty()) json += concat(", \"where\": ", json_string(condition));
  json += concat(", \"on_conflict\": ", json_string(name_of(options.on_conflict)));
  if (options.reject_limit) json += concat(", \"reject_limit\": ", *options.reject_limit);
  return json + concat(", \"dry_run\": ", json_boolean(options.dry_run), "}");
}

}  // namespace

std::string describe_stream(const StreamOptions& stream, const std::vector<std::string>& header_names, const LoadOptions& options,
                            const std::string& condition) {
  const bool is_csv = stream.format == Format::csv;
  const text::Dialect& dialect = stream.dialect;
  const auto character = [](char c) { return json_string(std::string_view(&c, 1)); };
  std::string json = concat("{\"format\": ", is_csv ? "\"csv\"" : "\"text\"", ", \"header\": ", json_of_header(stream),
                            json_of_names("header_names", header_names), ", \"delimiter\": ", character(dialect.delimiter));
  if (is_csv)
    json += concat(", \"quote\": ", character(dialect.quote), ", \"escape\": ", character(dialect.escape),
                   ", \"open_quote\": ", json_string(name_of(dialect.open_quote)));
  json += concat(", \"null_string\": ", json_string(dialect.null_string));
  if (dialect.default_string) json += concat(", \"default_string\": ", json_string(*dialect.default_string));
  json += json_of_names("force_not_null", stream.force_not_null) + json_of_names("force_null", stream.force_null);
  if (!stream.date_style.empty()) json += concat(", \"date_style\": ", json_string(stream.date_style));
  json += concat(", \"encoding\": ", json_string(pg_encoding_to_char(stream.encoding)));
  return json + json_of_load(options, condition);
}

std::string describe_avro(const AvroOptions& avro, const LoadOptions& options, const std::string& condition) {
  return concat("{\"format\": \"avro\", \"match\": ", avro.match == map::Match::name ? "\"name\"" : "\"position\"",
                ", \"on_error\": ", options.stops_at_reject ? "\"stop\"" : "\"reject\"", json_of_load(options, condition));
}

LoggedOptions read_logged_options(const std::string& json) {
  const Members options = text::read_json_row(pg::to_utf8(json)).value_or(Members{});
  LoggedOptions logged;
  const std::string format = value_of(options, "format");
  if (format == "json") {
    logged.is_json = true;
    return logged;
  }
  if (format != "csv" && format != "text")
    throw Error("0A000", concat("rejects of format \"", format, "\" cannot be loaded again"))
        .hint("Run the COPY again once the rows or the table are corrected, with ON_CONFLICT skip for those that are loaded.");
  logged.stream.format = format == "csv" ? Format::csv : Format::text;
  read_stream(options, logged.stream);
  logged.on_conflict = on_conflict_by_name(value_of(options, "on_conflict"));
  logged.dry_run = value_of(options, "dry_run") == "true";
  logged.is_filtered = has(options, "where");
  return logged;
}

}  // namespace ferry::load
