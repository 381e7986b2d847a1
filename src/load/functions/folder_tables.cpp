#include "load/functions/folder_tables.hpp"

#include "base/concat.hpp"
#include "base/error.hpp"
#include "pg/arguments.hpp"
#include "pg/compat.hpp"
#include "pg/encoding.hpp"
#include "pg/guard.hpp"
#include "text/column_names.hpp"
#include "text/json_batch.hpp"

#include "pg/server.hpp"

extern "C" {
#include "catalog/catalog.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_collation.h"
#include "nodes/makefuncs.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
}

namespace ferry::load {
namespace {

bool matches(const std::string& text, const std::string& expression) {
  const Datum text_datum = pg::text_datum(text), expression_datum = pg::text_datum(expression);
  return pg::call(
      [=] { return DatumGetBool(DirectFunctionCall2Coll(textregexeq, DEFAULT_COLLATION_OID, text_datum, expression_datum)); });
}

/// A table of the user's that can be filled by a load, in the list of names of its name.
Oid find_table(List* names) {
  const RangeVar* const name = makeRangeVarFromNameList(names);
  const Oid table = RangeVarGetRelid(name, AccessShareLock, true);
  if (!OidIsValid(table) || IsCatalogRelationOid(table)) return InvalidOid;
  const char kind = get_rel_relkind(table);
  return kind == RELKIND_RELATION || kind == RELKIND_PARTITIONED_TABLE || kind == RELKIND_FOREIGN_TABLE ? table : InvalidOid;
}

/// The same for a name in one piece, whatever is in it.
Oid find_table_exactly(const std::string& name, const std::string& schema = {}) {
  const char* const table_name = name.c_str();
  const char* const schema_name = schema.empty() ? nullptr : schema.c_str();
  return pg::call([=] {
    List* const table = list_make1(makeString(const_cast<char*>(table_name)));
    return find_table(schema_name == nullptr ? table : lcons(makeString(const_cast<char*>(schema_name)), table));
  });
}

Oid find_table_by_stem(const std::string& stem) {
  if (const Oid table = find_table_exactly(stem); OidIsValid(table)) return table;
  if (const std::size_t dot = stem.find('.'); dot != std::string::npos && dot > 0)
    if (const Oid table = find_table_exactly(stem.substr(dot + 1), stem.substr(0, dot)); OidIsValid(table)) return table;
  const std::string plain = text::plain_name(pg::shown_in_utf8(stem));
  return plain.empty() ? InvalidOid : find_table_exactly(pg::shown_from_utf8(plain));
}

}  // namespace

FolderMapping::FolderMapping(const std::string& json) {
  const std::string utf8 = pg::to_utf8(json);
  const std::vector<std::string> objects = utf8.starts_with('[') ? text::read_json_rows(utf8) : std::vector{utf8};
  for (std::size_t place = 0; place < objects.size(); place++) add(objects[place], place);
}

void FolderMapping::add(const std::string& object, std::size_t place) {
  const auto members = text::read_json_row(object);
  if (!members)
    throw Error("22023", "mapping must be an object of regular expressions and names of tables, or an array of such objects");
  for (const text::JsonMember& member : *members) {
    Rule rule{pg::from_utf8(member.key), pg::from_utf8(member.value), place};
    if (member.kind != text::JsonKind::text)
      throw Error("22023", concat("mapping of \"", rule.expression, "\" is not the name of a table"));
    (void)matches({}, rule.expression);
    const char* const name = rule.table.c_str();
    pg::call([name] { (void)makeRangeVarFromNameList(pg::compat::parse_qualified_name(name)); });
    rules_.push_back(std::move(rule));
  }
}

std::optional<std::string> FolderMapping::find(const std::string& file_name) const {
  const Rule* found = nullptr;
  for (const Rule& rule : rules_) {
    if (found != nullptr && rule.place != found->place) break;
    if ((found != nullptr && rule.table == found->table) || !matches(file_name, rule.expression)) continue;
    if (found != nullptr)
      throw Error("22023", concat("both \"", found->expression, "\" and \"", rule.expression, "\" of mapping match"))
          .detail("An array of objects, one for each expression, says which comes first.");
    found = &rule;
  }
  return found == nullptr ? std::nullopt : std::optional(found->table);
}

Oid find_folder_table(const std::string& name) {
  const char* const text = name.c_str();
  return pg::call([text] { return find_table(pg::compat::parse_qualified_name(text)); });
}

Oid table_by_file_name(const std::string& file_name) {
  const std::string stem = without_endings(file_name);
  if (const Oid table = find_table_by_stem(stem); OidIsValid(table)) return table;
  const std::size_t last = stem.find_last_not_of("0123456789-_. ");
  return last == std::string::npos || last + 1 == stem.size() ? InvalidOid : find_table_by_stem(stem.substr(0, last + 1));
}

}  // namespace ferry::load
