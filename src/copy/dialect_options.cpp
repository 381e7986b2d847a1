#include "copy/dialect_options.hpp"

#include <algorithm>
#include <cstring>
#include <initializer_list>
#include <iterator>

#include "base/concat.hpp"
#include "pg/compat.hpp"
#include "pg/guard.hpp"

#include "pg/server.hpp"

extern "C" {
#include "commands/defrem.h"
}

namespace ferry::copy {

using pg::call;

namespace {

struct Name {
  const char* name;
  DefElem* DialectOptions::*option;
};

constexpr Name kNames[] = {
    {"skip_lines", &DialectOptions::skip_lines},
    {"comment", &DialectOptions::comment},
    {"null_strings", &DialectOptions::null_strings},
    {"trim_blanks", &DialectOptions::trim_blanks},
    {"ragged", &DialectOptions::ragged},
    {"quotes", &DialectOptions::quotes},
    {"open_quote", &DialectOptions::open_quote},
    {"header_match", &DialectOptions::header_match},
};

const Name* find_name(const DefElem& option) {
  const auto* const found = std::find_if(std::begin(kNames), std::end(kNames),
                                         [&](const Name& name) { return std::strcmp(option.defname, name.name) == 0; });
  return found == std::end(kNames) ? nullptr : found;
}

/// The choice that an option names, in any case. name: of the option. Calls the server without a guard.
template <class Choice>
Choice read_choice(ParseState* state, DefElem* option, std::initializer_list<Choice> choices, const char* name,
                   const char* hint) {
  const char* const given = defGetString(option);
  for (const Choice choice : choices)
    if (pg_strcasecmp(given, load::name_of(choice)) == 0) return choice;
  ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("COPY %s \"%s\" not recognized", name, given),
                  errhint("%s", hint), parser_errposition(state, option->location)));
}

/// One text, or several in parentheses.
std::vector<std::string> read_texts(DefElem* option) {
  if (option->arg == nullptr || !IsA(option->arg, List)) return {call(defGetString, option)};
  std::vector<std::string> texts;
  auto* const list = reinterpret_cast<List*>(option->arg);
  for (int i = 0; i < list_length(list); i++) texts.emplace_back(strVal(list_nth(list, i)));
  return texts;
}

void check_format(const DialectOptions& options, const load::StreamOptions& stream) {
  const bool is_text = stream.format == load::Format::text;
  for (const auto& [option, name] : {std::pair{options.quotes, "QUOTES"}, std::pair{options.open_quote, "OPEN_QUOTE"}})
    if (option != nullptr && is_text) throw Error("0A000", concat("COPY ", name, " requires CSV mode"));
  if (options.header_match != nullptr && stream.header != load::Header::match)
    throw Error("22023", "COPY HEADER_MATCH requires HEADER to be set to match");
}

void set_quotes(ParseState* state, const DialectOptions& options, text::Dialect& dialect) {
  using text::OpenQuote, text::Quotes;
  if (DefElem* const option = options.quotes; option != nullptr)
    dialect.quotes = call([=] {
      return read_choice(state, option, {Quotes::copy, Quotes::strict, Quotes::none}, "QUOTES",
                         "Choose \"copy\", \"strict\" or \"none\".");
    });
  if (DefElem* const option = options.open_quote; option != nullptr)
    dialect.open_quote = call([=] {
      return read_choice(state, option, {OpenQuote::reject, OpenQuote::resume}, "OPEN_QUOTE", "Choose \"reject\" or \"resume\".");
    });
}

}  // namespace

bool is_dialect_option(const DefElem& option) { return find_name(option) != nullptr; }

bool take_dialect_option(ParseState* state, DefElem* option, DialectOptions& options) {
  const Name* const name = find_name(*option);
  if (name == nullptr) return false;
  if (options.*name->option != nullptr) errorConflictingDefElem(option, state);
  options.*name->option = option;
  return true;
}

void set_dialect(ParseState* state, const DialectOptions& options, load::StreamOptions& stream) {
  using load::HeaderMatch;
  check_format(options, stream);
  text::Dialect& dialect = stream.dialect;
  set_quotes(state, options, dialect);
  if (options.skip_lines != nullptr) {
    dialect.skip_lines = call(defGetInt32, options.skip_lines);
    load::check_skip_lines("COPY SKIP_LINES", dialect.skip_lines);
  }
  if (options.comment != nullptr) {
    dialect.comment = call(defGetString, options.comment);
    load::check_comment("COPY COMMENT", dialect.comment);
  }
  if (options.null_strings != nullptr) dialect.null_strings = read_texts(options.null_strings);
  const bool has_quotes = stream.format == load::Format::csv && dialect.quotes != text::Quotes::none;
  for (const std::string& text : dialect.null_strings.all())
    load::check_null_string("COPY NULL_STRINGS", text, dialect, has_quotes);
  if (options.trim_blanks != nullptr) dialect.trims_blanks = call(defGetBoolean, options.trim_blanks);
  if (options.ragged != nullptr) dialect.is_ragged = call(defGetBoolean, options.ragged);
  if (DefElem* const option = options.header_match; option != nullptr)
    stream.header_match = call([=] {
      return read_choice(state, option, {HeaderMatch::exact, HeaderMatch::loose}, "HEADER_MATCH",
                         "Choose \"loose\" or \"exact\".");
    });
}

}  // namespace ferry::copy
