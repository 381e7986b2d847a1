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

/// The definitions of all that fire, by name.
ForeignKeyDefinitions read_definitions(Relation table) {
  ForeignKeyDefinitions definitions;
  // a copy: the relation's own goes when an invalidation arrives, which opening the parents lets in
  const TriggerDesc* const triggers = call(CopyTriggerDesc, table->trigdesc);
  for (int i = 0; triggers != nullptr && i < triggers->numtriggers; i++) {
    const Trigger& trigger = triggers->triggers[i];
    if (trigger.tgfoid != F_RI_FKEY_CHECK_INS || !pg::fires(trigger)) continue;
    auto key = pg::read_foreign_key(table, trigger.tgconstraint);
    definitions.are_all = definitions.are_all && key != nullptr;
    if (key == nullptr) continue;
    key->trigger_position = i;
    definitions.keys.push_back(std::move(key));
  }
  return definitions;
}

/// Reads the definitions and lets facts keep them, where nobody has done so for another role of the session.
ForeignKeyDefinitions read_and_keep(Relation table, TableFacts& facts) {
  ForeignKeyDefinitions definitions = read_definitions(table);
  if (facts.foreign_keys || facts.is_stale) return definitions;
  for (const auto& key : definitions.keys) {
    facts.parents.push_back(key->parent);
    key->keeps_plan = true;
  }
  facts.replication_role = SessionReplicationRole;
  facts.foreign_keys = definitions;
  return definitions;
}

ForeignKeyDefinitions definitions_of(Relation table, TableFacts& facts) {
  if (!facts.foreign_keys || facts.replication_role != SessionReplicationRole) return read_and_keep(table, facts);
  const ForeignKeyDefinitions kept = *facts.foreign_keys;
  for (const auto& key : kept.keys) call(LockRelationOid, key->parent, LOCKMODE{RowShareLock});
  // with its lock comes what others did to a parent until then
  return facts.is_stale ? read_definitions(table) : kept;
}

}  // namespace

ForeignKeys foreign_keys_of(Relation table, TableFacts& facts) {
  ForeignKeyDefinitions definitions = definitions_of(table, facts);
  ForeignKeys found{.are_all = definitions.are_all};
  for (auto& definition : definitions.keys) found.keys.emplace_back(std::move(definition));
  return found;
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
