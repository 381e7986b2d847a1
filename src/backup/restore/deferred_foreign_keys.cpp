#include "backup/restore/deferred_foreign_keys.hpp"

#include <algorithm>

#include "backup/restore/keys_elsewhere.hpp"
#include "pg/compat.hpp"
#include "pg/guard.hpp"
#include "pg/table/maintenance_memory.hpp"
#include "pg/table/trigger_list.hpp"

#include "pg/server.hpp"

extern "C" {
#include "access/relation.h"
#include "access/sysattr.h"
#include "catalog/partition.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_inherits.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "utils/fmgroids.h"
#include "utils/fmgrprotos.h"
#include "utils/rls.h"
}

namespace ferry::backup {
namespace {

using pg::call;

struct Constraint {
  Oid oid, table, parent, index;
  NameData name;
  bool is_validated;
};

/// Calls the server without a guard.
Constraint read_constraint(Oid oid, Oid* inherited_from) {
  HeapTuple const tuple = SearchSysCache1(CONSTROID, ObjectIdGetDatum(oid));
  if (!HeapTupleIsValid(tuple)) elog(ERROR, "cache lookup failed for constraint %u", oid);
  const auto* const form = reinterpret_cast<Form_pg_constraint>(GETSTRUCT(tuple));
  const Constraint found{oid, form->conrelid, form->confrelid, form->conindid, form->conname, form->convalidated};
  *inherited_from = form->conparentid;
  ReleaseSysCache(tuple);
  return found;
}

/// The constraint that this one was made for in a partition. Calls the server without a guard.
Constraint root_constraint(Oid oid) {
  Oid parent = InvalidOid;
  Constraint found = read_constraint(oid, &parent);
  while (OidIsValid(parent)) found = read_constraint(parent, &parent);
  return found;
}

bool is_check(const Trigger& trigger) { return trigger.tgfoid == F_RI_FKEY_CHECK_INS; }

void add_keys_of(Relation member, bool is_target, const List* partners, std::vector<DeferredForeignKey>& keys) {
  // a copy: what others do to the table may replace the relation's own at any look into the catalogs
  const TriggerDesc* const list = call(CopyTriggerDesc, member->trigdesc);
  for (int i = 0; list != nullptr && i < list->numtriggers; i++) {
    const Trigger& trigger = list->triggers[i];
    const bool is_referenced = RI_FKey_trigger_type(trigger.tgfoid) == RI_TRIGGER_PK;
    if (!is_referenced && !is_check(trigger)) continue;
    // a partition has those of its table again
    if ((trigger.tgisclone && !is_target) || !pg::fires(trigger)) continue;
    if (!call([&] { return list_member_oid(partners, trigger.tgconstrrelid); })) continue;
    const Oid oid = trigger.tgconstraint;
    Oid inherited_from = InvalidOid;
    // other rows may refer to any partition
    const Constraint found = is_referenced ? call(root_constraint, oid) : call(read_constraint, oid, &inherited_from);
    const auto is_same = [&](const DeferredForeignKey& key) { return key.constraint == found.oid; };
    if (std::any_of(keys.begin(), keys.end(), is_same)) continue;
    const Oid parent = is_referenced ? found.parent : trigger.tgconstrrelid;
    keys.push_back({found.oid, found.table, parent, found.index, NameStr(found.name), found.is_validated});
  }
}

/// The trigger by which a table or partition checks a constraint of its table, or null. Calls the server without a guard.
Trigger* find_check(Relation member, Oid constraint) {
  const TriggerDesc* const list = CopyTriggerDesc(member->trigdesc);
  for (int i = 0; list != nullptr && i < list->numtriggers; i++)
    if (is_check(list->triggers[i]) && root_constraint(list->triggers[i].tgconstraint).oid == constraint)
      return &list->triggers[i];
  return nullptr;
}

/// Checks the rows of one table or partition by the server's own trigger, which locks their parents and does not mind whether the
/// user may read these. Calls the server without a guard.
void check_rows(Relation member, Oid constraint, bool all_rows) {
  Trigger* const check = find_check(member, constraint);
  if (check == nullptr) return;
  Snapshot const snapshot = RegisterSnapshot(GetLatestSnapshot());
  TupleTableSlot* const slot = table_slot_create(member, nullptr);
  TableScanDesc const scan = table_beginscan_strat(member, snapshot, 0, nullptr, true, true);
  MemoryContext const row_context = AllocSetContextCreateInternal(CurrentMemoryContext, "pg_ferry row", ALLOCSET_SMALL_SIZES);
  MemoryContext const caller = MemoryContextSwitchTo(row_context);
  while (table_scan_getnextslot(scan, ForwardScanDirection, slot)) {
    CHECK_FOR_INTERRUPTS();
    bool is_null = false;
    const Datum writer = all_rows ? Datum{0} : slot_getsysattr(slot, MinTransactionIdAttributeNumber, &is_null);
    if (!all_rows && !TransactionIdIsCurrentTransactionId(DatumGetTransactionId(writer))) continue;
    LOCAL_FCINFO(info, 0);
    InitFunctionCallInfoData(*info, nullptr, 0, InvalidOid, nullptr, nullptr);
    TriggerData data{};
    data.type = T_TriggerData;
    data.tg_event = TRIGGER_EVENT_INSERT | TRIGGER_EVENT_ROW;
    data.tg_relation = member;
    data.tg_trigtuple = ExecFetchSlotHeapTuple(slot, false, nullptr);
    data.tg_trigslot = slot;
    data.tg_trigger = check;
    info->context = reinterpret_cast<Node*>(&data);
    RI_FKey_check_ins(info);
    MemoryContextReset(row_context);
  }
  MemoryContextSwitchTo(caller);
  MemoryContextDelete(row_context);
  table_endscan(scan);
  ExecDropSingleTupleTableSlot(slot);
  UnregisterSnapshot(snapshot);
}

/// Checks all rows by one query. False where the user may not read all of both tables. Calls the server without a guard.
bool check_by_query(Relation table, Relation parent, Oid constraint, char* name) {
  if (pg::compat::has_period(constraint)) return false;
  for (Relation const each : {table, parent})
    if (check_enable_rls(RelationGetRelid(each), InvalidOid, true) == RLS_ENABLED) return false;
  Trigger trigger{};
  trigger.tgname = name;
  trigger.tgconstraint = constraint;
  trigger.tgconstrrelid = RelationGetRelid(parent);
  const int memory = pg::limit_maintenance_memory();
  const bool is_done = RI_Initial_Check(&trigger, table, parent);
  pg::restore_maintenance_memory(memory);
  return is_done;
}

/// Calls body with each relation that has rows of the table.
template <class F>
void for_each_member(Oid table, F&& body) {
  const List* const members = members_of(table, AccessShareLock);
  for (int i = 0; i < list_length(members); i++) {
    Relation const member = call(relation_open, list_nth_oid(members, i), LOCKMODE{NoLock});
    if (member->rd_rel->relkind == RELKIND_RELATION) body(member);
    call(relation_close, member, LOCKMODE{NoLock});
  }
}

}  // namespace

List* members_of(Oid table, LOCKMODE lock) {
  return call([=] {
    if (get_rel_relkind(table) != RELKIND_PARTITIONED_TABLE) return list_make1_oid(table);
    return find_all_inheritors(table, lock, nullptr);
  });
}

List* family_of(Oid table) {
  List* const members = members_of(table);
  return call([=] { return list_concat(members, get_rel_relispartition(table) ? get_partition_ancestors(table) : NIL); });
}

void collect_deferred_foreign_keys(Oid table, const List* partners, std::vector<DeferredForeignKey>& keys) {
  const List* const members = members_of(table);
  for (int i = 0; i < list_length(members); i++) {
    Relation const member = call(relation_open, list_nth_oid(members, i), LOCKMODE{AccessShareLock});
    add_keys_of(member, RelationGetRelid(member) == table, partners, keys);
    call(relation_close, member, LOCKMODE{NoLock});
  }
}

void check_deferred_foreign_key(const DeferredForeignKey& key, bool all_rows, bool is_parent_locked) {
  char* const name = call(pstrdup, key.name.c_str());
  const Oid table = key.table, parent = key.parent, constraint = key.constraint;
  const Oid root = call(root_constraint, constraint).oid;
  if (call(is_elsewhere, Oid{parent})) {
    for_each_member(table, [=](Relation member) {
      const Trigger* const check = call(find_check, member, Oid{root});
      if (check != nullptr) check_rows_elsewhere(member, check->tgconstraint, all_rows);
    });
    return;
  }
  const bool is_done = all_rows && call([=] {
                         Relation const child = relation_open(table, AccessShareLock);
                         Relation const referenced = relation_open(parent, AccessShareLock);
                         const bool done = check_by_query(child, referenced, constraint, name);
                         relation_close(referenced, NoLock);
                         relation_close(child, NoLock);
                         return done;
                       });
  if (is_done && is_parent_locked) return;
  for_each_member(table, [=](Relation member) { call(check_rows, member, Oid{root}, bool{all_rows && !is_done}); });
}

}  // namespace ferry::backup
