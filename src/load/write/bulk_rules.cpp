#include "load/write/bulk_rules.hpp"

#include <algorithm>

#include "load/table/table_access.hpp"
#include "pg/guard.hpp"

#include "pg/server.hpp"

extern "C" {
#include "access/relation.h"
#include "catalog/dependency.h"
#include "catalog/pg_am.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_language.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "storage/lock.h"
#include "utils/fmgroids.h"
}

namespace ferry::load {

using pg::call;

namespace {

/// Whether a trigger is one by which the server keeps a key, of either side of a foreign key.
bool is_of_key(const Trigger& trigger) {
  return trigger.tgfoid == F_UNIQUE_KEY_RECHECK ||
         (trigger.tgisinternal && RI_FKey_trigger_type(trigger.tgfoid) != RI_TRIGGER_NONE);
}

/// Whether an extension made the function in C: an engine guards its tables by such triggers.
bool is_of_extension(Oid function) {
  HeapTuple const tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
  if (!HeapTupleIsValid(tuple)) return false;
  const bool is_in_c = reinterpret_cast<Form_pg_proc>(GETSTRUCT(tuple))->prolang == ClanguageId;
  ReleaseSysCache(tuple);
  return is_in_c && OidIsValid(getExtensionOfObject(ProcedureRelationId, function));
}

/// Notes the row triggers that are not those of keys.
void add_triggers(Relation table, RowCompany& company) {
  const TriggerDesc* const list = table->trigdesc;
  if (list == nullptr) return;
  for (int i = 0; i < list->numtriggers; i++) {
    const Trigger& trigger = list->triggers[i];
    if (!TRIGGER_FOR_ROW(trigger.tgtype) || trigger.tgenabled == TRIGGER_DISABLED || is_of_key(trigger)) continue;
    if (TRIGGER_FOR_UPDATE(trigger.tgtype)) company.update_triggers = true;
    if (!TRIGGER_FOR_INSERT(trigger.tgtype)) continue;
    (TRIGGER_FOR_BEFORE(trigger.tgtype) ? company.before_triggers : company.after_triggers) = true;
    if (!is_of_extension(trigger.tgfoid)) company.user_triggers = true;
  }
  if (list->trig_insert_new_table) company.after_triggers = company.user_triggers = true;
  if (list->trig_update_old_table || list->trig_update_new_table) company.update_triggers = true;
}

bool has_other_row_trigger(Relation table) {
  RowCompany company;
  add_triggers(table, company);
  return company.before_triggers || company.after_triggers;
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
  const TupleConstr* const constraints = description->constr;
  for (int i = 0; constraints != nullptr && i < constraints->num_check; i++)
    if (may_look_at_tables(static_cast<Node*>(stringToNode(constraints->check[i].ccbin)))) return true;
  for (int i = 0; constraints != nullptr && i < constraints->num_defval; i++)
    if (TupleDescAttr(description, constraints->defval[i].adnum - 1)->attgenerated != '\0' &&
        may_look_at_tables(static_cast<Node*>(stringToNode(constraints->defval[i].adbin))))
      return true;
  return false;
}

/// Notes what comes with the rows of a table or partition; of a foreign one its triggers alone: its server does the rest. Calls
/// the server without a guard.
void add_company(Relation table, RowCompany& company) {
  add_triggers(table, company);
  if (table->rd_rel->relkind == RELKIND_FOREIGN_TABLE) {
    company.foreign_tables = true;
    return;
  }
  TupleDesc const description = RelationGetDescr(table);
  company.looking_expressions = company.looking_expressions || has_looking_expression(description);
  for (int i = 0; i < description->natts && !company.looking_types; i++)
    company.looking_types =
        !TupleDescAttr(description, i)->attisdropped && may_look_at_tables(TupleDescAttr(description, i)->atttypid);
}

/// Of a table and its partitions, which are noted in facts.
RowCompany find_company(Relation table, TableFacts& facts) {
  RowCompany company;
  call([table, &company] { add_company(table, company); });
  if (table->rd_rel->relkind != RELKIND_PARTITIONED_TABLE) return company;
  const List* const partitions = call([table] { return find_all_inheritors(RelationGetRelid(table), NoLock, nullptr); });
  for (int i = 0; i < list_length(partitions); i++) {
    const Oid partition = list_nth_oid(partitions, i);
    facts.parents.push_back(partition);
    call([partition, &company] {
      Relation const open = try_relation_open(partition, AccessShareLock);
      if (open == nullptr) return;
      add_company(open, company);
      relation_close(open, AccessShareLock);
    });
  }
  return company;
}

}  // namespace

std::size_t fixed_row_bytes(const TargetTable& target) {
  constexpr std::size_t kHeaderAndPadding = 8;
  std::size_t bytes = 0;
  for (const TargetColumn& column : target.columns()) {
    const int width = TupleDescAttr(RelationGetDescr(target.relation()), column.attribute - 1)->attlen;
    const bool is_text = column.type == TEXTOID || column.type == VARCHAROID;
    if (width < 0 && (!is_text || !column.loaded || column.default_value != nullptr)) return 0;
    bytes += kHeaderAndPadding + static_cast<std::size_t>(std::max(width, 0));
  }
  const TupleConstr* const constraints = RelationGetDescr(target.relation())->constr;
  return constraints != nullptr && constraints->has_generated_stored ? 0 : bytes;
}

const RowCompany& row_company_of(TargetTable& target) {
  std::optional<RowCompany>& known = target.facts().row_company;
  if (!known) known = find_company(target.relation(), target.facts());
  return *known;
}

bool allows_bulk(TargetTable& target, OnConflict on_conflict) {
  const char kind = target.relation()->rd_rel->relkind;
  if (target.has_row_security()) return false;
  if (kind != RELKIND_RELATION && kind != RELKIND_PARTITIONED_TABLE) return false;
  const RowCompany& company = row_company_of(target);
  if (on_conflict == OnConflict::update && company.update_triggers) return false;
  return !company.looking_types && !company.looking_expressions && !company.before_triggers && !company.after_triggers;
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
