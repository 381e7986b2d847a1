#include "backup/restore/keys_elsewhere.hpp"

#include <string>
#include <vector>

#include "base/concat.hpp"
#include "base/error.hpp"
#include "pg/guard.hpp"
#include "pg/names.hpp"
#include "pg/table/foreign_key.hpp"
#include "pg/table/table_engine.hpp"
#include "pg/table/trigger_list.hpp"

#include "pg/server.hpp"

extern "C" {
#include "access/sysattr.h"
#include "commands/trigger.h"
#include "executor/tuptable.h"
#include "utils/fmgroids.h"
}

namespace ferry::backup {
namespace {

using pg::call;

/// So many rows are asked about at once.
constexpr std::size_t kBatchRows = 1000;

[[noreturn]] void refuse(const pg::ForeignKeyDefinition& key, Relation table, TupleTableSlot* row) {
  std::string names, values;
  for (const AttrNumber attribute : key.attributes) {
    const Form_pg_attribute column = TupleDescAttr(RelationGetDescr(table), attribute - 1);
    const Datum value = row->tts_values[attribute - 1];
    const char* const shown = row->tts_isnull[attribute - 1] ? "null" : call(pg::output_text, Oid{column->atttypid}, value);
    names += concat(names.empty() ? "" : ", ", NameStr(column->attname));
    values += concat(values.empty() ? "" : ", ", shown);
  }
  throw Error("23503", concat("insert or update on table \"", RelationGetRelationName(table),
                              "\" violates foreign key constraint \"", key.name, '"'))
      .detail(concat("Key (", names, ")=(", values, ") is not present in table \"", key.parent_name, "\"."))
      .table(RelationGetRelationName(table))
      .constraint(key.name);
}

/// A scan of the rows whose key is checked. The functions call the server without a guard.
struct Rows {
  TableScanDesc scan;
  TupleTableSlot* scanned;
  bool all_rows;

  bool next(TupleTableSlot* into) const {
    while (table_scan_getnextslot(scan, ForwardScanDirection, scanned)) {
      CHECK_FOR_INTERRUPTS();
      bool is_null = false;
      const Datum writer = all_rows ? Datum{0} : slot_getsysattr(scanned, MinTransactionIdAttributeNumber, &is_null);
      if (!all_rows && !TransactionIdIsCurrentTransactionId(DatumGetTransactionId(writer))) continue;
      slot_getallattrs(ExecCopySlot(into, scanned));
      return true;
    }
    return false;
  }
};

}  // namespace

bool is_elsewhere(Oid parent) {
  Relation const table = table_open(parent, RowShareLock);
  const bool is = pg::has_rows_elsewhere(table);
  table_close(table, NoLock);
  return is;
}

List* parents_elsewhere(Relation member) {
  if (!pg::may_be_elsewhere()) return NIL;
  // a copy: what others do to the table may replace the relation's own at any look into the catalogs
  const TriggerDesc* const list = call(CopyTriggerDesc, member->trigdesc);
  List* parents = NIL;
  for (int i = 0; list != nullptr && i < list->numtriggers; i++) {
    const Trigger& trigger = list->triggers[i];
    if (trigger.tgfoid != F_RI_FKEY_CHECK_INS || !pg::fires(trigger) || !call(is_elsewhere, Oid{trigger.tgconstrrelid})) continue;
    if (pg::read_foreign_key(member, trigger.tgconstraint) == nullptr)
      call(pg::check_parents_are_stored_here, member, pg::InheritedKeys::checked, pg::RowUse::restore);
    parents = call(list_append_unique_oid, parents, Oid{trigger.tgconstrrelid});
  }
  return parents;
}

void check_rows_elsewhere(Relation member, Oid constraint, bool all_rows) {
  pg::ForeignKey key(pg::read_foreign_key(member, constraint));
  std::vector<TupleTableSlot*> slots(kBatchRows);
  Snapshot const snapshot = call([] { return RegisterSnapshot(GetLatestSnapshot()); });
  const Rows rows = call([=, &slots] {
    for (TupleTableSlot*& slot : slots) slot = MakeSingleTupleTableSlot(RelationGetDescr(member), &TTSOpsMinimalTuple);
    return Rows{table_beginscan_strat(member, snapshot, 0, nullptr, true, true), table_slot_create(member, nullptr), all_rows};
  });
  std::vector<bool> good;
  for (std::size_t count = slots.size(); count == slots.size();) {
    count = 0;
    call([&] {
      while (count < slots.size() && rows.next(slots[count])) count++;
    });
    if (count == 0 || key.check(slots.data(), count, good)) continue;
    for (std::size_t i = 0; i < count; i++)
      if (!good[i]) refuse(key.definition(), member, slots[i]);
  }
  call([=, &slots] {
    for (TupleTableSlot* const slot : slots) ExecDropSingleTupleTableSlot(slot);
    ExecDropSingleTupleTableSlot(rows.scanned);
    table_endscan(rows.scan);
    UnregisterSnapshot(snapshot);
  });
}

}  // namespace ferry::backup
