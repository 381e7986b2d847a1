#include "pg/table/error_names.hpp"

#include <algorithm>
#include <cctype>
#include <string_view>
#include <utility>
#include <vector>

#include "pg/server.hpp"

extern "C" {
#include "catalog/pg_constraint.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
}

namespace ferry::pg {

namespace {

/// A name in quotes within a text: where it begins, and how long it is.
struct Quoted {
  std::size_t at, size;
};

std::vector<Quoted> quoted_names(std::string_view text) {
  std::vector<Quoted> names;
  for (std::size_t open = text.find('"'); open != std::string_view::npos;) {
    const std::size_t close = text.find('"', open + 1);
    if (close == std::string_view::npos) break;
    names.push_back({open + 1, close - open - 1});
    open = text.find('"', close + 1);
  }
  return names;
}

/// The first position from there on that is no digit.
std::size_t skip_number(std::string_view name, std::size_t at) {
  while (at < name.size() && std::isdigit(static_cast<unsigned char>(name[at])) != 0) at++;
  return at;
}

/// "name_102439" without the number of a shard; the same where there is none.
std::string_view without_shard(std::string_view name) {
  const std::size_t underscore = name.rfind('_');
  if (underscore == std::string_view::npos || underscore + 1 == name.size()) return name;
  return skip_number(name, underscore + 1) == name.size() ? name.substr(0, underscore) : name;
}

/// "1_12_name" without the numbers of a constraint and a chunk.
std::string_view without_chunk(std::string_view name) {
  for (int i = 0; i < 2; i++) {
    const std::size_t end = skip_number(name, 0);
    if (end == 0 || end == name.size() || name[end] != '_') return name;
    name.remove_prefix(end + 1);
  }
  return name;
}

/// Whether the relation has that name, a constraint or an index by it, or a foreign key to a table by it.
bool is_known(const std::string& name, Relation relation) {
  const char* const text = name.c_str();
  return call([text, relation] {
    if (strcmp(text, RelationGetRelationName(relation)) == 0) return true;
    const Oid table = RelationGetRelid(relation);
    if (OidIsValid(get_relation_constraint_oid(table, text, true))) return true;
    List* const indexes = RelationGetIndexList(relation);
    for (int i = 0; i < list_length(indexes); i++)
      if (strcmp(text, get_rel_name(list_nth_oid(indexes, i))) == 0) return true;
    List* const keys = RelationGetFKeyList(relation);
    for (int i = 0; i < list_length(keys); i++)
      if (strcmp(text, get_rel_name(static_cast<ForeignKeyCacheInfo*>(list_nth(keys, i))->confrelid)) == 0) return true;
    return false;
  });
}

/// What the relation knows by a name, as far as that differs from it by numbers alone.
std::string known_name(const std::string& name, Relation relation) {
  if (is_known(name, relation)) return name;
  for (const std::string_view without : {without_shard(name), without_chunk(name)})
    if (without != name && is_known(std::string(without), relation)) return std::string(without);
  return name;
}

void strip_numbers(std::string& text, Relation relation) {
  const std::vector<Quoted> names = quoted_names(text);
  for (auto name = names.rbegin(); name != names.rend(); name++)
    text.replace(name->at, name->size, known_name(text.substr(name->at, name->size), relation));
}

/// The columns in "Key (a, b)=(1, 2)", where all are the relation's; else nothing.
std::string columns_of_key(const std::string& detail, Relation relation) {
  const std::size_t end = detail.find(")=("), begin = detail.find('(');
  if (end == std::string::npos || begin >= end) return {};
  std::string names = detail.substr(begin + 1, end - begin - 1);
  for (std::size_t at = 0; at < names.size();) {
    const std::size_t stop = std::min(names.find(", ", at), names.size());
    const std::string name = names.substr(at, stop - at);
    if (call(get_attnum, RelationGetRelid(relation), name.c_str()) <= 0) return {};
    at = stop + 2;
  }
  return names;
}

std::string name_at(const std::string& text, const Quoted& name) { return text.substr(name.at, name.size); }

}  // namespace

CaughtError with_names_of(CaughtError error, Relation relation) {
  for (std::string* const text : {&error.message, &error.detail, &error.hint}) strip_numbers(*text, relation);
  if (!error.constraint.empty()) error.constraint = known_name(error.constraint, relation);
  const std::vector<Quoted> names = quoted_names(error.message);
  if (names.empty()) return error;
  const bool is_of_constraint =
      error.sqlstate == "23505" || error.sqlstate == "23503" || error.sqlstate == "23514" || error.sqlstate == "23P01";
  if (is_of_constraint && error.constraint.empty()) error.constraint = name_at(error.message, names.back());
  if (!error.column.empty()) return error;
  if (error.sqlstate == "23502") error.column = name_at(error.message, names.front());
  if (error.sqlstate == "23505" || error.sqlstate == "23503") error.column = columns_of_key(error.detail, relation);
  if (error.column.empty() && error.table.empty()) return error;
  error.table = RelationGetRelationName(relation);
  error.schema = call(get_namespace_name, RelationGetNamespace(relation));
  return error;
}

}  // namespace ferry::pg
