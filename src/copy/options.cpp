#include "copy/options.hpp"

#include <cstring>

#include "copy/dialect_options.hpp"
#include "copy/error_setting.hpp"
#include "pg/compat.hpp"
#include "pg/guard.hpp"
#include "settings.hpp"

#include "pg/server.hpp"

extern "C" {
#include "commands/copy.h"
#include "commands/defrem.h"
#include "mb/pg_wchar.h"
#include "utils/fmgrprotos.h"
#include "utils/formatting.h"
}

namespace ferry::copy {

using pg::call;

namespace {

bool is_named(const DefElem& option, const char* name) { return std::strcmp(option.defname, name) == 0; }

/// What the options say that the server does not know of.
struct OwnOptions {
  bool has_on_error = false, has_on_conflict = false, has_reject_limit = false, has_compression = false, has_encoding = false,
       has_expressions = false;
  load::OnConflict on_conflict = load::OnConflict::reject;
  int64 reject_limit = 0;
  DialectOptions dialect{};
  pg::Compression compression = pg::Compression::automatic;
  text::WideEncoding wide_encoding = text::WideEncoding::none;  ///< which the server does not know
  const char* expressions = nullptr;                            ///< as JSON; null: none
  List* others = NIL;
};

/// Calls the server without a guard.
pg::Compression read_compression(ParseState* state, DefElem* option) {
  const char* const name = defGetString(option);
  if (pg_strcasecmp(name, "auto") == 0) return pg::Compression::automatic;
  if (pg_strcasecmp(name, "none") == 0) return pg::Compression::none;
  ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("COPY %s \"%s\" not recognized", "COMPRESSION", name),
                  errhint("Choose \"auto\" or \"none\"."), parser_errposition(state, option->location)));
}

/// Calls the server without a guard.
OwnOptions take_own_options(ParseState* state, const CopyStmt& statement) {
  OwnOptions own;
  const auto once = [state](DefElem* option, bool* seen) {
    if (*seen) errorConflictingDefElem(option, state);
    *seen = true;
  };
  for (int i = 0; i < list_length(statement.options); i++) {
    auto* const option = static_cast<DefElem*>(list_nth(statement.options, i));
    if (is_named(*option, "on_error")) {
      once(option, &own.has_on_error);
    } else if (is_named(*option, "on_conflict")) {
      once(option, &own.has_on_conflict);
      own.on_conflict = read_on_conflict(state, option);
    } else if (is_named(*option, "reject_limit")) {
      once(option, &own.has_reject_limit);
      own.reject_limit = read_reject_limit(state, option);
    } else if (is_named(*option, "compression")) {
      once(option, &own.has_compression);
      own.compression = read_compression(state, option);
    } else if (is_named(*option, "expressions")) {
      once(option, &own.has_expressions);
      own.expressions = read_json(option);
    } else if (is_named(*option, "encoding")) {
      once(option, &own.has_encoding);
      own.wide_encoding = text::wide_encoding_by_name(defGetString(option));
      if (own.wide_encoding == text::WideEncoding::none) own.others = lappend(own.others, option);
    } else if (!take_dialect_option(state, option, own.dialect)) {
      own.others = lappend(own.others, option);
    }
  }
  return own;
}

/// Calls the server without a guard.
CopyFormatOptions* read_server_options(ParseState* state, List* options) {
  for (int i = 0; i < list_length(options); i++)  // the server knows it, but not from SQL
    if (auto* const option = static_cast<DefElem*>(list_nth(options, i)); is_named(*option, "convert_selectively"))
      ereport(ERROR, (errcode(ERRCODE_SYNTAX_ERROR), errmsg("option \"%s\" not recognized", option->defname),
                      parser_errposition(state, option->location)));
  auto* const result = static_cast<CopyFormatOptions*>(palloc0(sizeof(CopyFormatOptions)));
  ProcessCopyOptions(state, result, true, options);
  if (pg::compat::is_binary(*result))
    ereport(ERROR, (errcode(ERRCODE_SYNTAX_ERROR), errmsg("only ON_ERROR STOP is allowed in BINARY mode")));
  if (result->freeze)
    ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("COPY FREEZE cannot be used with ON_ERROR reject")));
  return result;
}

/// The columns of an option such as FORCE_NULL, which have to be among those that are loaded.
std::vector<std::string> forced_columns(const char* option, List* names, bool all, Relation table, List* loaded) {
  if (all) return names_of(table, loaded);
  if (names == NIL) return {};
  List* const attributes = call([=] {
    List* const found = CopyGetAttnums(RelationGetDescr(table), table, names);
    for (int i = 0; i < list_length(found); i++)
      if (!list_member_int(loaded, list_nth_int(found, i)))
        ereport(ERROR, (errcode(ERRCODE_INVALID_COLUMN_REFERENCE),
                        errmsg("%s column \"%s\" not referenced by COPY", option,
                               NameStr(TupleDescAttr(RelationGetDescr(table), list_nth_int(found, i) - 1)->attname))));
    return found;
  });
  return names_of(table, attributes);
}

void set_header(const CopyFormatOptions& from, load::StreamOptions& stream) {
  if (from.header_line == COPY_HEADER_FALSE) return;
  stream.header = from.header_line == COPY_HEADER_MATCH ? load::Header::match : load::Header::skip;
  if (stream.header == load::Header::skip) stream.header_rows = static_cast<int>(from.header_line);
}

}  // namespace

const DefElem* find_reject_option(const CopyStmt& statement) {
  for (int i = 0; i < list_length(statement.options); i++) {
    const auto* const option = static_cast<const DefElem*>(list_nth(statement.options, i));
    if (is_named(*option, "on_error") && option->arg != nullptr && IsA(option->arg, String) &&
        pg_strcasecmp(strVal(option->arg), "reject") == 0)
      return option;
  }
  return nullptr;
}

const DefElem* find_lone_option(const CopyStmt& statement) {
  if (!statement.is_from || find_reject_option(statement) != nullptr) return nullptr;
  for (int i = 0; i < list_length(statement.options); i++) {
    const auto* const option = static_cast<const DefElem*>(list_nth(statement.options, i));
    if (is_named(*option, "on_conflict") || is_dialect_option(*option) || is_named(*option, "compression") ||
        is_named(*option, "expressions") || (!pg::compat::kKnowsRejectLimit && is_named(*option, "reject_limit")))
      return option;
  }
  return nullptr;
}

void check_use(ParseState* state, const CopyStmt& statement) {
  if (const DefElem* const option = find_lone_option(statement); option != nullptr && !is_load_by_setting(statement))
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                    errmsg("COPY %s requires %s to be set to %s", asc_toupper(option->defname, std::strlen(option->defname)),
                           "ON_ERROR", "reject"),
                    parser_errposition(state, option->location)));
  if (statement.is_from) return;
  ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("COPY %s cannot be used with %s", "ON_ERROR", "COPY TO"),
                  parser_errposition(state, find_reject_option(statement)->location)));
}

std::vector<std::string> names_of(Relation table, List* attributes) {
  std::vector<std::string> names;
  for (int i = 0; i < list_length(attributes); i++)
    names.emplace_back(NameStr(TupleDescAttr(RelationGetDescr(table), list_nth_int(attributes, i) - 1)->attname));
  return names;
}

load::OnConflict read_on_conflict(ParseState* state, DefElem* option) {
  const char* const name = defGetString(option);
  for (const auto choice : {load::OnConflict::reject, load::OnConflict::skip, load::OnConflict::update})
    if (pg_strcasecmp(name, load::name_of(choice)) == 0) return choice;
  ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("COPY %s \"%s\" not recognized", "ON_CONFLICT", name),
                  errhint("Choose \"reject\", \"skip\" or \"update\"."), parser_errposition(state, option->location)));
}

const char* read_json(DefElem* option) {
  const Datum json = DirectFunctionCall1(jsonb_in, CStringGetDatum(defGetString(option)));
  return DatumGetCString(DirectFunctionCall1(jsonb_out, json));
}

std::int64_t read_reject_limit(ParseState* state, DefElem* option) {
  const int64 limit = defGetInt64(option);
  if (limit < 0)
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                    errmsg("REJECT_LIMIT (%lld) must not be negative", static_cast<long long>(limit)),
                    parser_errposition(state, option->location)));
  return limit;
}

Options read_options(ParseState* state, const CopyStmt& statement, Relation table, List* attributes) {
  const CopyStmt* const copy = &statement;
  const OwnOptions own = call([=] { return take_own_options(state, *copy); });
  const CopyFormatOptions& given = *call(read_server_options, state, own.others);

  Options options;
  load::StreamOptions& stream = options.stream;
  stream.format = pg::compat::is_csv(given) ? load::Format::csv : load::Format::text;
  stream.dialect.delimiter = given.delim[0];
  stream.dialect.null_string = given.null_print;
  if (const char* const marker = pg::compat::default_marker(given); marker != nullptr) stream.dialect.default_string = marker;
  if (stream.format == load::Format::csv) {
    stream.dialect.quote = given.quote[0];
    stream.dialect.escape = given.escape[0];
    stream.ends_at_marker = pg::compat::kMarkerEndsCsv && statement.filename == nullptr;
  }
  set_header(given, stream);
  set_dialect(state, own.dialect, stream);
  if (statement.attlist != NIL) stream.columns = names_of(table, attributes);
  const bool all_not_null = pg::compat::forces_all_not_null(given), all_null = pg::compat::forces_all_null(given);
  stream.force_not_null = forced_columns("FORCE_NOT_NULL", given.force_notnull, all_not_null, table, attributes);
  stream.force_null = forced_columns("FORCE_NULL", given.force_null, all_null, table, attributes);
  stream.encoding = given.file_encoding < 0 ? pg_get_client_encoding() : given.file_encoding;
  load::set_wide_encoding(stream, own.wide_encoding);
  stream.marks_encoding = !own.has_encoding;
  if (own.expressions != nullptr) stream.expressions = load::read_expressions(own.expressions);
  stream.max_record_bytes = static_cast<std::size_t>(settings::max_record_bytes);
  options.compression = own.compression;
  if (own.has_compression && own.compression == pg::Compression::none) stream.compression = "none";
  options.load.on_conflict = own.on_conflict;
  if (own.has_reject_limit) options.load.reject_limit = own.reject_limit;
  return options;
}

}  // namespace ferry::copy
