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

void read_csv(const Members& options, CsvOptions& csv) {
  csv.dialect = {.delimiter = character_of(options, "delimiter"),
                 .quote = character_of(options, "quote"),
                 .escape = character_of(options, "escape"),
                 .null_string = value_of(options, "null_string")};
  csv.header = value_of(options, "header") == "true";
  if (csv.header) csv.header_names = names_of(options, "header_names");
  const std::string encoding = value_of(options, "encoding");
  csv.encoding = pg_char_to_encoding(encoding.c_str());
  if (csv.encoding < 0) throw Error("22023", concat("encoding \"", encoding, "\" not recognized"));
}

}  // namespace

std::string describe_csv(const CsvOptions& csv, const std::vector<std::string>& header_names, const LoadOptions& options) {
  const auto character = [](char c) { return json_string(std::string_view(&c, 1)); };
  std::string json = concat("{\"format\": \"csv\", \"header\": ", json_boolean(csv.header));
  if (csv.header) {
    std::string names;
    for (const std::string& name : header_names) names += concat(names.empty() ? "" : ", ", json_string(name));
    json += concat(", \"header_names\": [", names, "]");
  }
  json += concat(", \"delimiter\": ", character(csv.dialect.delimiter), ", \"quote\": ", character(csv.dialect.quote),
                 ", \"escape\": ", character(csv.dialect.escape), ", \"null_string\": ", json_string(csv.dialect.null_string),
                 ", \"encoding\": ", json_string(pg_encoding_to_char(csv.encoding)),
                 ", \"on_conflict\": ", json_string(name_of(options.on_conflict)));
  if (options.reject_limit) json += concat(", \"reject_limit\": ", *options.reject_limit);
  return json + concat(", \"dry_run\": ", json_boolean(options.dry_run), "}");
}

LoggedOptions read_logged_options(const std::string& json) {
  const Members options = text::read_json_row(pg::to_utf8(json)).value_or(Members{});
  LoggedOptions logged;
  const std::string format = value_of(options, "format");
  if (format == "json") {
    logged.format = LoggedOptions::Format::json;
    return logged;
  }
  if (format != "csv") throw Error("0A000", concat("rejects of format \"", format, "\" cannot be loaded again"));
  read_csv(options, logged.csv);
  logged.on_conflict = on_conflict_by_name(value_of(options, "on_conflict"));
  logged.dry_run = value_of(options, "dry_run") == "true";
  return logged;
}

}  // namespace ferry::load
