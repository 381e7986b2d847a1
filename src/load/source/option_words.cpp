#include "load/source/option_words.hpp"

#include <initializer_list>

#include "base/concat.hpp"
#include "base/error.hpp"

#include "pg/server.hpp"

namespace ferry::load {

namespace {

template <class Choice>
Choice choice_by_name(const char* option, const std::string& name, std::initializer_list<Choice> choices, const char* hint) {
  for (const Choice choice : choices)
    if (name == name_of(choice)) return choice;
  throw Error("22023", concat(option, " \"", name, "\" not recognized")).hint(hint);
}

}  // namespace

text::OpenQuote open_quote_by_name(const std::string& name) {
  using text::OpenQuote;
  return choice_by_name("open_quote", name, {OpenQuote::reject, OpenQuote::resume}, "Choose \"reject\" or \"resume\".");
}

text::Quotes quotes_by_name(const std::string& name) {
  using text::Quotes;
  return choice_by_name("quotes", name, {Quotes::copy, Quotes::strict, Quotes::none}, "Choose \"copy\", \"strict\" or \"none\".");
}

HeaderMatch header_match_by_name(const std::string& name) {
  return choice_by_name("header_match", name, {HeaderMatch::exact, HeaderMatch::loose}, "Choose \"loose\" or \"exact\".");
}

const char* name_of(text::OpenQuote open_quote) { return open_quote == text::OpenQuote::resume ? "resume" : "reject"; }

const char* name_of(text::Quotes quotes) {
  switch (quotes) {
    case text::Quotes::strict:
      return "strict";
    case text::Quotes::none:
      return "none";
    default:
      return "copy";
  }
}

const char* name_of(HeaderMatch match) { return match == HeaderMatch::loose ? "loose" : "exact"; }

}  // namespace ferry::load
