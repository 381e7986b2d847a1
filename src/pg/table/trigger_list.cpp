#include "pg/table/trigger_list.hpp"

#include "pg/compat.hpp"
#include "pg/table/unvalidated.hpp"

extern "C" {
#include "catalog/pg_constraint.h"
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "utils/fmgroids.h"
}

namespace ferry::pg {

namespace {

/// The function that checks what the function of an ON DELETE or ON UPDATE action would change. It is that of NO ACTION and not
/// of RESTRICT: where another row has the key by the end of the bracket, nothing is to change.
Oid without_action(Oid function) {
  switch (function) {
    case F_RI_FKEY_CASCADE_DEL:
    case F_RI_FKEY_SETNULL_DEL:
    case F_RI_FKEY_SETDEFAULT_DEL:
      return F_RI_FKEY_NOACTION_DEL;
    case F_RI_FKEY_CASCADE_UPD:
    case F_RI_FKEY_SETNULL_UPD:
    case F_RI_FKEY_SETDEFAULT_UPD:
      return F_RI_FKEY_NOACTION_UPD;
    default:
      return function;
  }
}

bool is_check(const Trigger& trigger) { return trigger.tgfoid == F_RI_FKEY_CHECK_INS || trigger.tgfoid == F_RI_FKEY_CHECK_UPD; }

/// Whether a constraint or one that it was made for, in the table of its partition, is one of these.
bool is_or_descends(Oid constraint, const List* constraints) {
  while (OidIsValid(constraint) && !list_member_oid(constraints, constraint)) {
    HeapTuple const tuple = SearchSysCache1(CONSTROID, ObjectIdGetDatum(constraint));
    if (!HeapTupleIsValid(tuple)) return false;
    constraint = reinterpret_cast<Form_pg_constraint>(GETSTRUCT(tuple))->conparentid;
    ReleaseSysCache(tuple);
  }
  return OidIsValid(constraint);
}

}  // namespace

void keep_constraint_triggers(TriggerDesc* list) {
  int kept = 0;
  for (int i = 0; i < list->numtriggers; i++) {
    Trigger trigger = list->triggers[i];
    const bool of_constraint = trigger.tgisinternal && (RI_FKey_trigger_type(trigger.tgfoid) != RI_TRIGGER_NONE ||
                                                        trigger.tgfoid == F_UNIQUE_KEY_RECHECK);
    if (!of_constraint || (is_check(trigger) && !is_validated(trigger.tgconstraint))) continue;
    trigger.tgfoid = without_action(trigger.tgfoid);
    list->triggers[kept++] = trigger;
  }
  list->numtriggers = kept;
  list->trig_insert_before_row = list->trig_update_before_row = list->trig_delete_before_row = false;
  list->trig_insert_instead_row = list->trig_update_instead_row = list->trig_delete_instead_row = false;
  list->trig_insert_new_table = list->trig_update_old_table = list->trig_update_new_table = list->trig_delete_old_table = false;
}

void make_immediate(TriggerDesc* list) {
  // the flags decide when an event is queued; SET CONSTRAINTS would fire the caller's pending events too
  for (int i = 0; i < list->numtriggers; i++) list->triggers[i].tgdeferrable = list->triggers[i].tginitdeferred = false;
}

void leave_out_checks(TriggerDesc* list, const List* referenced) {
  int kept = 0;
  for (int i = 0; i < list->numtriggers; i++) {
    const Trigger trigger = list->triggers[i];
    if (is_check(trigger) && list_member_oid(referenced, trigger.tgconstrrelid) && !compat::has_period(trigger.tgconstraint))
      continue;
    list->triggers[kept++] = trigger;
  }
  list->numtriggers = kept;
}

Bitmapset* find_checks_of(const TriggerDesc* list, const List* constraints) {
  Bitmapset* checks = nullptr;
  for (int i = 0; i < list->numtriggers; i++) {
    const Trigger& trigger = list->triggers[i];
    if (is_check(trigger) && is_or_descends(trigger.tgconstraint, constraints)) checks = bms_add_member(checks, i);
  }
  return checks;
}

void leave_out_checks_of(TriggerDesc* list, const List* constraints) {
  const Bitmapset* const checks = find_checks_of(list, constraints);
  int kept = 0;
  for (int i = 0; i < list->numtriggers; i++)
    if (!bms_is_member(i, checks)) list->triggers[kept++] = list->triggers[i];
  list->numtriggers = kept;
}

void leave_out_foreign_keys(TriggerDesc* list, const List* partners) {
  int kept = 0;
  for (int i = 0; i < list->numtriggers; i++) {
    const Trigger trigger = list->triggers[i];
    const bool of_key = trigger.tgisinternal && RI_FKey_trigger_type(trigger.tgfoid) != RI_TRIGGER_NONE;
    if (of_key && list_member_oid(partners, trigger.tgconstrrelid)) continue;
    list->triggers[kept++] = trigger;
  }
  list->numtriggers = kept;
}

bool fires(const Trigger& trigger) {
  if (SessionReplicationRole == SESSION_REPLICATION_ROLE_REPLICA)
    return trigger.tgenabled == TRIGGER_FIRES_ON_REPLICA || trigger.tgenabled == TRIGGER_FIRES_ALWAYS;
  return trigger.tgenabled == TRIGGER_FIRES_ON_ORIGIN || trigger.tgenabled == TRIGGER_FIRES_ALWAYS;
}

bool has_row_transition(const TriggerDesc* list) {
  for (int i = 0; list != nullptr && i < list->numtriggers; i++) {
    const Trigger& trigger = list->triggers[i];
    const bool has_table = trigger.tgnewtable != nullptr || trigger.tgoldtable != nullptr;
    const bool is_for_new_rows = (trigger.tgtype & (TRIGGER_TYPE_INSERT | TRIGGER_TYPE_UPDATE)) != 0;
    if (has_table && TRIGGER_FOR_ROW(trigger.tgtype) && is_for_new_rows) return true;
  }
  return false;
}

bool has_row_insert_trigger_of_user(const TriggerDesc* list) {
  for (int i = 0; list != nullptr && i < list->numtriggers; i++) {
    const Trigger& trigger = list->triggers[i];
    if (!trigger.tgisinternal && TRIGGER_FOR_ROW(trigger.tgtype) && TRIGGER_FOR_INSERT(trigger.tgtype)) return true;
  }
  return false;
}

}  // namespace ferry::pg
