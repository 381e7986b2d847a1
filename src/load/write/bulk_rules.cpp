#include "load/write/bulk_rules.hpp"

#include <algorithm>

#include "load/table/table_access.hpp"
#include "pg/guard.hpp"

#include "pg/server.hpp"

extern "C" {
#include "access/relation.h"
#include "catalog/pg_am.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "storage/lock.h"
#include "utils/fmgroids.h"
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

/// Whether a CHECK or a generated column may look at tables.
bool has_looking_expression(TupleDesc description) {
  const TupleConstr* const rules = description->constr;
  for (int i = 0; rules != nullptr && i < rules->num_check; i++)
    if (may_look_at_tables(static_cast<Node*>(stringToNode(rules->check[i].ccbin)))) return true;
  for (int i = 0; rules != nullptr && i < rules->num_defval; i++)
    if (TupleDescAttr(description, rules->defval[i].adnum - 1)->attgenerated != '\0' &&
        may_look_at_tables(static_cast<Node*>(stringToNode(rules->defval[i].adbin))))
      return true;
  return false;
}

/// Whether what comes with a row of a table, or of a partition, may look at others: those before it have to be there then. Calls
/// the server without a guard.
bool may_look_at_rows(Relation table) {
  TupleDesc const description = RelationGetDescr(table);
  if (has_other_row_trigger(table) || has_looking_expression(description)) return true;
  for (int i = 0; i < description->natts; i++)
    if (!TupleDescAttr(description, i)->attisdropped && may_look_at_tables(TupleDescAttr(description, i)->atttypid)) return true;
  return false;
}

/// The same for a table and its partitions, which are noted in facts. Foreign ones are of another server.
bool find_independence(Relation table, TableFacts& facts) {
  if (call(may_look_at_rows, table)) return false;
  if (table->rd_rel->relkind != RELKIND_PARTITIONED_TABLE) return true;
  const List* const partitions = call([table] { return find_all_inheritors(RelationGetRelid(table), NoLock, nullptr); });
  bool is_independent = true;
  for (int i = 0; i < list_length(partitions) && is_independent; i++) {
    const Oid partition = list_nth_oid(partitions, i);
    facts.parents.push_back(partition);
    is_independent = call([partition] {
      Relation const open = try_relation_open(partition, AccessShareLock);
      if (open == nullptr) return true;
      const bool is_foreign = open->rd_rel->relkind == RELKIND_FOREIGN_TABLE;
      const bool may_look = is_foreign ? has_other_row_trigger(open) : may_look_at_rows(open);
      relation_close(open, AccessShareLock);
      return !may_look;
    });
  }
  return is_independent;
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
  if (table->rd_rel->relkind != RELKIND_RELATION && table->rd_rel->relkind != RELKIND_PARTITIONED_TABLE) return false;
  std::optional<bool>& known = rules.facts().rows_are_independent;
  if (!known) known = find_independence(table, rules.facts());
  return *known;
}

bool is_bulk_heap(Relation table) { return table->rd_rel->relkind == RELKIND_RELATION && !has_other_row_trigger(table); }

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
