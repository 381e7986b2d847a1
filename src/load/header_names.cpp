#include "load/header_names.hpp"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "base/concat.hpp"
#include "pg/encoding.hpp"
#include "pg/guard.hpp"

#include "pg/server.hpp"

extern "C" {
#include "catalog/pg_collation.h"
#include "mb/pg_wchar.h"
#include "utils/formatting.h"
}

namespace ferry::load {

namespace {

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

/// A name as the server would cut it.
std::string_view cut(std::string_view name) {
  return name.size() < NAMEDATALEN ? name : pg::whole_characters(name.substr(0, NAMEDATALEN - 1), GetDatabaseEncoding());
}

std::vector<std::string_view> columns_of(Relation table) {
  std::vector<std::string_view> names;
  TupleDesc const description = RelationGetDescr(table);
  for (int i = 0; i < description->natts; i++)
    if (!TupleDescAttr(description, i)->attisdropped) names.emplace_back(NameStr(TupleDescAttr(description, i)->attname));
  return names;
}

/// The columns of a table by their keys.
std::unordered_map<std::string, std::vector<std::string_view>> columns_by_key(Relation table) {
  std::unordered_map<std::string, std::vector<std::string_view>> columns;
  for (const std::string_view name : columns_of(table)) columns[loose_key(name)].push_back(name);
  return columns;
}

}  // namespace

std::string loose_key(std::string_view name) {
  std::string letters;
  for (const char c : cut(name))
    if (!is_space(c) && c != '_' && c != '-') letters += c;
  const char* const text = letters.c_str();
  return pg::call(str_tolower, text, letters.size(), Oid{DEFAULT_COLLATION_OID});
}

std::vector<std::string> columns_named(const std::vector<std::string>& names, HeaderMatch how, Relation table) {
  const std::vector<std::string_view> all = columns_of(table);
  const std::unordered_set<std::string_view> columns(all.begin(), all.end());
  std::unordered_set<std::string_view> taken;
  std::vector<std::string> named;
  bool is_done = true;
  for (const std::string& name : names) {
    const bool is_blank = std::all_of(name.begin(), name.end(), is_space);
    named.emplace_back(is_blank ? std::string_view() : how == HeaderMatch::loose ? cut(name) : name);
    const auto found = columns.find(named.back());
    if (found != columns.end()) taken.insert(*found);
    is_done = is_done && (is_blank || found != columns.end());
  }
  if (is_done || how == HeaderMatch::exact) return named;
  const auto by_key = columns_by_key(table);
  for (std::size_t i = 0; i < named.size(); i++) {
    if (named[i].empty() || columns.contains(named[i])) continue;
    const auto like = by_key.find(loose_key(names[i]));
    const bool is_found = like != by_key.end() && like->second.size() == 1 && !taken.contains(like->second.front());
    named[i] = is_found ? std::string(like->second.front()) : names[i];
  }
  return named;
}

void explain_unmatched(Error& error, const HeaderLine& header, const std::vector<std::string>& columns, HeaderMatch how,
                       Relation table) {
  if (!header.hint.empty()) {
    error.hint(header.hint);
    return;
  }
  const std::vector<std::string_view> all = columns_of(table);
  const auto unmatched = std::find_if(columns.begin(), columns.end(), [&all](const std::string& name) {
    return !name.empty() && std::find(all.begin(), all.end(), name) == all.end();
  });
  if (unmatched == columns.end()) return;
  const auto by_key = columns_by_key(table);
  const auto like = by_key.find(loose_key(*unmatched));
  if (like == by_key.end()) return;
  std::string list;
  for (const std::string_view name : like->second) list += concat(list.empty() ? "\"" : ", \"", name, '"');
  const bool is_one = like->second.size() == 1;
  error.detail(concat(is_one ? "Column " : "Each of the columns ", list, ' ', kDiffersLoosely));
  if (is_one && how == HeaderMatch::exact) error.hint(kLooseHint);
}

}  // namespace ferry::load
