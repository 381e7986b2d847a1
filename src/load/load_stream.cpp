#include "load/load_stream.hpp"

#include "base/concat.hpp"
#include "base/json_text.hpp"

#include "pg/server.hpp"

extern "C" {
#include "mb/pg_wchar.h"
#include "nodes/makefuncs.h"
#include "utils/ruleutils.h"
}

namespace ferry::load {

namespace {

std::string json_of_header(const StreamOptions& stream) {
  if (stream.header == Header::match) return "\"match\"";
  if (stream.header == Header::skip && stream.header_rows > 1) return std::to_string(stream.header_rows);
  return stream.header == Header::none ? "false" : "true";
}

std::string json_of(const std::vector<std::string>& names) {
  std::string json;
  for (const std::string& name : names) json += (json.empty() ? "[" : ", ") + json_string(name);
  return json + "]";
}

/// The filter as SQL.
std::string sql_of(List* filter, const Rules& rules) {
  Relation const relation = rules.relation();
  return pg::call([=] {
    List* const columns = deparse_context_for(RelationGetRelationName(relation), RelationGetRelid(relation));
    Node* const condition = reinterpret_cast<Node*>(make_ands_explicit(filter));
    return const_cast<const char*>(deparse_expression(condition, columns, false, false));
  });
}

/// The options column of ferry_loads.
std::string describe(const StreamOptions& stream, const LoadOptions& options, const Rules& rules) {
  const bool is_csv = stream.format == Format::csv;
  const auto character = [](char c) { return json_string(std::string_view(&c, 1)); };
  std::string json = concat("{\"format\": ", is_csv ? "\"csv\"" : "\"text\"", ", \"header\": ", json_of_header(stream),
                            ", \"delimiter\": ", character(stream.dialect.delimiter));
  if (is_csv)
    json += concat(", \"quote\": ", character(stream.dialect.quote), ", \"escape\": ", character(stream.dialect.escape));
  json += concat(", \"null_string\": ", json_string(stream.dialect.null_string));
  if (stream.dialect.default_string) json += concat(", \"default_string\": ", json_string(*stream.dialect.default_string));
  if (!stream.force_not_null.empty()) json += concat(", \"force_not_null\": ", json_of(stream.force_not_null));
  if (!stream.force_null.empty()) json += concat(", \"force_null\": ", json_of(stream.force_null));
  if (options.filter != nullptr) json += concat(", \"where\": ", json_string(sql_of(options.filter, rules)));
  json += concat(", \"encoding\": ", json_string(pg_encoding_to_char(stream.encoding)), ", \"on_conflict\": \"",
                 name_of(options.on_conflict), '"');
  if (options.reject_limit) json += concat(", \"reject_limit\": ", *options.reject_limit);
  return json + concat(", \"dry_run\": ", options.dry_run ? "true" : "false", "}");
}

}  // namespace

LoadSummary load_stream(ByteSource& bytes, const StreamOptions& stream, LoadOptions options, Rules& rules) {
  StreamSource source(bytes, stream, rules);
  for (const std::size_t place : rules.field_columns()) rules.check_may_insert(rules.columns()[place]);
  options.options_json = describe(stream, options, rules);
  return run_load(source, rules, options);
}

}  // namespace ferry::load
