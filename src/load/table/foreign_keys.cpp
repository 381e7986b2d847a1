#include "load/table/foreign_keys.hpp"

#include <algorithm>

#include "base/concat.hpp"
#include "load/table/table_facts.hpp"
#include "pg/names.hpp"
#include "pg/table/trigger_list.hpp"

#include "pg/server.hpp"

extern "C" {
#include "commands/trigger.h"
#include "storage/lmgr.h"
#include "utils/fmgroids.h"
#include "utils/rls.h"
}

namespace ferry::load {

using pg::call;
using pg::ForeignKey;

namespace {

using Definitions = std::vector<std::shared_ptr<pg::ForeignKeyDefinition>>;

/// The definitions of all that fire, in the order in which the server fires them: by name; nothing where one is not for us.
std::optional<Definitions> read_definitions(Relation table) {
  Definitions keys;
  // a copy: the relation's own goes when an invalidation arrives, which opening the parents lets in
  const TriggerDesc* const triggers = call(CopyTriggerDesc, table->trigdesc);
  for (int i = 0; triggers != nullptr && i < triggers->numtriggers; i++) {
    const Trigger& trigger = triggers->triggers[i];
    if (trigger.tgfoid != F_RI_FKEY_CHECK_INS || !pg::fires(trigger)) continue;
    auto key = pg::read_foreign_key(table, trigger.tgconstraint);
    if (!key) return std::nullopt;
    key->trigger_position = i;
    keys.push_back(std::move(key));
  }
  return keys;
}

/// Reads the definitions and lets facts keep them, where nobody has done so for another role of the session.
std::optional<Definitions> read_and_keep(Relation table, TableFacts& facts) {
  std::optional<Definitions> keys = read_definitions(table);
  if (facts.foreign_keys || facts.is_stale) return keys;
  if (keys)
    for (const auto& key : *keys) {
      facts.parents.push_back(key->parent);
      key->keeps_plan = true;
    }
  facts.replication_role = SessionReplicationRole;
  facts.foreign_keys = keys;
  return keys;
}

}  // namespace

std::optional<std::vector<ForeignKey>> foreign_keys_of(Relation table, TableFacts& facts) {
  std::optional<Definitions> definitions;
  if (facts.foreign_keys && facts.replication_role == SessionReplicationRole) {
    definitions = *facts.foreign_keys;
    if (definitions)
      for (const auto& key : *definitions) call(LockRelationOid, key->parent, LOCKMODE{RowShareLock});
  }
  // with its lock comes what others did to a parent until then
  if (!definitions && !(facts.foreign_keys && !*facts.foreign_keys && facts.replication_role == SessionReplicationRole))
    definitions = read_and_keep(table, facts);
  else if (definitions && facts.is_stale)
    definitions = read_definitions(table);
  if (!definitions) return std::nullopt;
  std::vector<ForeignKey> keys;
  for (auto& definition : *definitions) keys.emplace_back(std::move(definition));
  return keys;
}

namespace {

/// The key of a row, "(a, b)=(1, 2)", as the server shows it to those who may read it; else nothing. Source:
/// ri_ReportViolation().
std::string shown_key(const pg::ForeignKeyDefinition& key, Relation table, TupleTableSlot* slot) {
  const Oid relation = RelationGetRelid(table);
  std::string names, values;
  for (const AttrNumber attribute : key.attributes) {
    const Form_pg_attribute column = TupleDescAttr(RelationGetDescr(table), attribute - 1);
    const char* const value = call([=]() -> const char* {
      if (check_enable_rls(relation, InvalidOid, true) == RLS_ENABLED) return nullptr;
      if (pg_class_aclcheck(relation, GetUserId(), ACL_SELECT) != ACLCHECK_OK &&
          pg_attribute_aclcheck(relation, attribute, GetUserId(), ACL_SELECT) != ACLCHECK_OK)
        return nullptr;
      return pg::output_text(column->atttypid, slot->tts_values[attribute - 1]);
    });
    if (value == nullptr) return {};
    names += concat(names.empty() ? "" : ", ", NameStr(column->attname));
    (values += attribute == key.attributes.front() ? "" : ", ") += value;
  }
  return concat("(", names, ")=(", values, ")");
}

}  // namespace

Problem violation_of(const ForeignKey& key, Relation table, TupleTableSlot* slot) {
  const pg::ForeignKeyDefinition& definition = key.definition();
  const auto is_null = [slot](AttrNumber attribute) { return slot->tts_isnull[attribute - 1]; };
  auto columns = definition.attributes;
  std::sort(columns.begin(), columns.end());
  std::string names;
  for (const AttrNumber attribute : columns)
    names += concat(names.empty() ? "" : ", ", NameStr(TupleDescAttr(RelationGetDescr(table), attribute - 1)->attname));
  std::string detail;
  if (std::any_of(columns.begin(), columns.end(), is_null)) {
    detail = "MATCH FULL does not allow mixing of null and nonnull key values.";
  } else {
    const std::string shown = shown_key(definition, table, slot);
    detail = concat(shown.empty() ? "Key" : "Key ", shown, " is not present in table \"", definition.parent_name, "\".");
  }
  return {.sqlstate = "23503",
          .column = std::move(names),
          .constraint = definition.name,
          .reason = concat("insert or update on table \"", RelationGetRelationName(table),
                           "\" violates foreign key constraint \"", definition.name, "\""),
          .detail = std::move(detail)};
}

}  // namespace ferry::load
