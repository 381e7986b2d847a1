#include "pg/table/insert_rules.hpp"

#include "pg/server.hpp"

extern "C" {
#include "commands/trigger.h"
#include "rewrite/prs2lock.h"
#include "rewrite/rewriteDefine.h"
}

namespace ferry::pg {
namespace {

/// Whether it is a rule in the place of INSERT that the session applies.
bool takes_place(const RewriteRule& rule) {
  if (rule.event != CMD_INSERT || !rule.isInstead || rule.enabled == RULE_DISABLED) return false;
  const bool is_replica = SessionReplicationRole == SESSION_REPLICATION_ROLE_REPLICA;
  return rule.enabled != (is_replica ? RULE_FIRES_ON_ORIGIN : RULE_FIRES_ON_REPLICA);
}

bool returns_rows(const RewriteRule& rule) {
  for (int i = 0; i < list_length(rule.actions); i++)
    if (static_cast<const Query*>(list_nth(rule.actions, i))->returningList != NIL) return true;
  return false;
}

}  // namespace

bool has_instead_rule(Relation relation) {
  const RuleLock* const rules = relation->rd_rules;
  for (int i = 0; rules != nullptr && i < rules->numLocks; i++)
    if (takes_place(*rules->rules[i])) return true;
  return false;
}

std::optional<bool> allows_returning(Relation relation) {
  const RuleLock* const rules = relation->rd_rules;
  for (int i = 0; rules != nullptr && i < rules->numLocks; i++)
    if (takes_place(*rules->rules[i]) && returns_rows(*rules->rules[i])) return true;
  if (has_instead_rule(relation)) return false;
  const bool has_trigger = relation->trigdesc != nullptr && relation->trigdesc->trig_insert_instead_row;
  if (relation->rd_rel->relkind == RELKIND_VIEW && !has_trigger) return std::nullopt;
  return true;
}

}  // namespace ferry::pg
