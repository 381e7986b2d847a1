#include "load/bulk_rules.hpp"

#include <algorithm>

#include "pg/compat.hpp"
#include "pg/guard.hpp"

#include "pg/server.hpp"

extern "C" {
#include "catalog/pg_am.h"
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "optimizer/optimizer.h"
#include "storage/lock.h"
#include "utils/fmgroids.h"
#include "utils/typcache.h"
}

namespace ferry::load {

using pg::call;

namespace {

bool has_other_row_trigger(Relation table) {
  const TriggerDesc* const list = table->trigdesc;
  if (list == nullptr) return false;
  for (int i = 0; i < list->numtriggers; i++) {
    const Trigger& trigger = list->triggers[i];
    if (!TRIGGER_FOR_ROW(trigger.tgtype) || !TRIGGER_FOR_INSERT(trigger.tgtype) || trigger.tgenabled == TRIGGER_DISABLED)
      continue;
    if (trigger.tgfoid != F_RI_FKEY_CHECK_INS && trigger.tgfoid != F_UNIQUE_KEY_RECHECK) return true;
  }
  return list->trig_insert_new_table;
}

/// Whether an index has a column twice: its entries may then be longer than the row.
bool has_column_twice(Relation index) {
  const Form_pg_index form = index->rd_index;
  for (int i = 0; i < form->indnatts; i++)
    for (int j = 0; j < i; j++)
      if (form->indkey.values[i] == form->indkey.values[j]) return true;
  return false;
}

/// Whether functions of a user's compare the keys: they may raise.
bool has_operator_class_of_user(Relation index) {
  for (int i = 0; i < index->rd_index->indnkeyatts; i++)
    if (index->rd_opfamily[i] >= FirstNormalObjectId) return true;
  return false;
}

bool casts_to_mutable_domain(Node* node, void* unused);

bool is_mutable(Node* expression) {
  return contain_mutable_functions(expression) || casts_to_mutable_domain(expression, nullptr);
}

/// Whether a type has rules that may look at tables: a domain with a CHECK that is not immutable, or over such a type, and, to
/// be sure, every type of a user's that is made of others. Calls the server without a guard.
bool has_mutable_rule(Oid type) {
  const char kind = get_typtype(type);
  if (kind != TYPTYPE_DOMAIN)
    return type >= FirstNormalObjectId && (kind == TYPTYPE_COMPOSITE || kind == TYPTYPE_RANGE || kind == TYPTYPE_MULTIRANGE ||
                                           OidIsValid(get_element_type(type)));
  // lives as long as the context, which calls back into it when it is reset
  auto* const rules = static_cast<DomainConstraintRef*>(palloc0(sizeof(DomainConstraintRef)));
  InitDomainConstraintRef(type, rules, CurrentMemoryContext, false);
  for (int i = 0; i < list_length(rules->constraints); i++) {
    const auto* const rule = static_cast<DomainConstraintState*>(list_nth(rules->constraints, i));
    if (is_mutable(reinterpret_cast<Node*>(rule->check_expr))) return true;
  }
  return has_mutable_rule(getBaseType(type));
}

/// Whether an expression casts to a domain with such rules, which the server does not count among its functions. Calls the
/// server without a guard.
bool casts_to_mutable_domain(Node* node, void* unused) {
  if (node == nullptr) return false;
  if (IsA(node, CoerceToDomain) && has_mutable_rule(castNode(CoerceToDomain, node)->resulttype)) return true;
  return pg::compat::walk_expression(node, casts_to_mutable_domain, unused);
}

/// Whether a CHECK, or a domain that a default or a generated column casts to, may look at tables. Calls the server without a
/// guard.
bool has_mutable_expression(const TupleConstr* rules) {
  for (int i = 0; rules != nullptr && i < rules->num_check; i++)
    if (is_mutable(static_cast<Node*>(stringToNode(rules->check[i].ccbin)))) return true;
  for (int i = 0; rules != nullptr && i < rules->num_defval; i++)
    if (casts_to_mutable_domain(static_cast<Node*>(stringToNode(rules->defval[i].adbin)), nullptr)) return true;
  return false;
}

/// Whether what comes with a row may look at others of the table: those before it have to be there then.
bool find_independence(const Rules& rules) {
  Relation const table = rules.relation();
  if (has_other_row_trigger(table)) return false;
  return call([description = RelationGetDescr(table)] {
    if (has_mutable_expression(description->constr)) return false;
    for (int i = 0; i < description->natts; i++)
      if (!TupleDescAttr(description, i)->attisdropped && has_mutable_rule(TupleDescAttr(description, i)->atttypid)) return false;
    return true;
  });
}

}  // namespace

std::size_t fixed_row_bytes(const Rules& rules) {
  constexpr std::size_t kHeaderAndPadding = 8;
  std::size_t bytes = 0;
  for (const Column& column : rules.columns()) {
    const int width = TupleDescAttr(RelationGetDescr(rules.relation()), column.attribute - 1)->attlen;
    const bool is_text = column.type == TEXTOID || column.type == VARCHAROID;
    if (width < 0 && (!is_text || !column.loaded || column.default_value != nullptr)) return 0;
    bytes += kHeaderAndPadding + static_cast<std::size_t>(std::max(width, 0));
  }
  const TupleConstr* const constraints = RelationGetDescr(rules.relation())->constr;
  return constraints != nullptr && constraints->has_generated_stored ? 0 : bytes;
}

bool allows_bulk(Rules& rules, OnConflict on_conflict) {
  Relation const table = rules.relation();
  if (on_conflict == OnConflict::update || rules.has_row_security()) return false;
  if (table->rd_rel->relkind != RELKIND_RELATION || table->rd_rel->relispartition) return false;
  std::optional<bool>& known = rules.facts().rows_are_independent;
  if (!known) known = find_independence(rules);
  return *known;
}

bool may_look_at_tables(Node* expression) { return call(is_mutable, expression); }

bool has_other_writers(Relation table) {
  return call([table] {
    LOCKTAG tag;
    SET_LOCKTAG_RELATION(tag, table->rd_lockInfo.lockRelId.dbId, table->rd_lockInfo.lockRelId.relId);
    int count = 0;
    GetLockConflicts(&tag, ShareLock, &count);
    return count > 0;
  });
}

bool may_raise(Relation index, const IndexInfo* info) {
  return index->rd_rel->relam != BTREE_AM_OID || info->ii_Expressions != NIL || info->ii_Predicate != NIL ||
         has_column_twice(index) || has_operator_class_of_user(index);
}

}  // namespace ferry::load
