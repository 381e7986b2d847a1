#include "pg/table/table_engine.hpp"

#include <cstdint>
#include <memory>
#include <unordered_set>

#include "pg/compat.hpp"
#include "pg/memory.hpp"
#include "pg/table/table_query.hpp"
#include "pg/table/trigger_list.hpp"

#include "pg/server.hpp"

extern "C" {
#include "catalog/partition.h"
#include "catalog/pg_am.h"
#include "catalog/pg_inherits.h"
#include "commands/trigger.h"
#include "nodes/makefuncs.h"
#include "optimizer/paths.h"
#include "optimizer/planner.h"
#include "parser/parsetree.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
}

namespace ferry::pg {

namespace {

/// By which extensions change plans.
struct PlannerHooks {
  planner_hook_type planner = planner_hook;
  set_rel_pathlist_hook_type scans = set_rel_pathlist_hook;
  create_upper_paths_hook_type upper = create_upper_paths_hook;

  bool operator==(const PlannerHooks&) const = default;
  [[nodiscard]] bool are_none() const { return planner == nullptr && scans == nullptr && upper == nullptr; }
};

/// The relations of which this session knows that they are stored here.
struct Known {
  std::unordered_set<Oid> relations{};
  PlannerHooks hooks{};       ///< under which this is so
  std::uint64_t changes = 0;  ///< of any relation, so many were heard of
};

/// Called by the server, in the middle of anything.
void forget(Datum known, Oid relation) {
  auto* const all = reinterpret_cast<Known*>(DatumGetPointer(known));
  all->changes++;
  if (OidIsValid(relation))
    all->relations.erase(relation);
  else
    all->relations.clear();
}

/// What is known under the hooks of now.
Known& known() {
  static Known* const all = [] {
    Known* const made = std::make_unique<Known>().release();  // as long as the session, which has one place for the callback
    CacheRegisterRelcacheCallback(forget, PointerGetDatum(made));
    return made;
  }();
  if (const PlannerHooks hooks; all->hooks != hooks) {
    all->relations.clear();
    all->hooks = hooks;
  }
  return *all;
}

/// INSERT INTO relation SELECT all columns FROM relation, as it is before rules, policies and defaults come in, and for nobody to
/// run. Children of relation are left out; where there are none, it is not said that they are, since ONLY may mean to an engine
/// what is left in the relation itself.
Query* copy_onto_itself(Relation relation) {
  Query* const insert = makeNode(Query);
  insert->commandType = CMD_INSERT;
  insert->resultRelation = 1;
  insert->canSetTag = true;
  List* columns = NIL;
  for (int i = 0; i < RelationGetNumberOfAttributes(relation); i++) {
    const Form_pg_attribute column = TupleDescAttr(RelationGetDescr(relation), i);
    if (column->attisdropped || column->attgenerated != '\0') continue;
    columns = lappend_int(columns, column->attnum);
    Var* const value =
        makeVar(2, static_cast<AttrNumber>(list_length(columns)), column->atttypid, column->atttypmod, column->attcollation, 0);
    TargetEntry* const target =
        makeTargetEntry(reinterpret_cast<Expr*>(value), column->attnum, pstrdup(NameStr(column->attname)), false);
    insert->targetList = lappend(insert->targetList, target);
  }
  Query* const select = select_from(relation, columns, !relation->rd_rel->relhassubclass);
  ParseState* const into = make_parsestate(nullptr);
  addRangeTableEntryForRelation(into, relation, AccessShareLock, nullptr, false, false);
  addRangeTableEntryForSubquery(into, select, makeAlias("*SELECT*", NIL), false, true);
  compat::set_range_table(insert, into);
  RangeTblRef* const rows = makeNode(RangeTblRef);
  rows->rtindex = 2;
  insert->jointree = makeFromExpr(list_make1(rows), nullptr);
  return insert;
}

bool is_at(const PlannedStmt& planned, Index rtindex, Relation relation) {
  return rtindex > 0 && rt_fetch(rtindex, planned.rtable)->relid == RelationGetRelid(relation);
}

/// Whether a plan scans the relation itself, or nothing.
bool scans_plainly(const PlannedStmt& planned, const Plan* plan, Relation relation) {
  const auto is_scan_of_it = [&] { return is_at(planned, reinterpret_cast<const Scan*>(plan)->scanrelid, relation); };
  switch (nodeTag(plan)) {
    case T_Result:
      return outerPlan(plan) == nullptr;
    case T_SeqScan:
    case T_IndexScan:
    case T_IndexOnlyScan:
    case T_BitmapHeapScan:
      return is_scan_of_it();
    case T_CustomScan:
      // an access method's own way to the rows that it gives to everybody
      return relation->rd_tableam != nullptr && relation->rd_rel->relam != HEAP_TABLE_AM_OID && is_scan_of_it();
    default:
      return false;
  }
}

bool is_plain(const PlannedStmt& planned, Relation relation) {
  if (!IsA(planned.planTree, ModifyTable)) return false;
  const auto* const modify = castNode(ModifyTable, planned.planTree);
  return modify->operation == CMD_INSERT && list_length(modify->resultRelations) == 1 &&
         is_at(planned, static_cast<Index>(linitial_int(modify->resultRelations)), relation) &&
         scans_plainly(planned, outerPlan(&modify->plan), relation);
}

/// Asks the planner.
bool is_planned_plainly(Relation relation) {
  MemoryContext const context = AllocSetContextCreate(CurrentMemoryContext, "pg_ferry plan", ALLOCSET_DEFAULT_SIZES);
  constexpr int kNoOptions = 0;
  const bool is = in_context(
      context, [relation] { return is_plain(*compat::plan_query(copy_onto_itself(relation), "INSERT", kNoOptions), relation); });
  MemoryContextDelete(context);
  return is;
}

/// What is said of a relation whose rows are elsewhere.
const char* elsewhere(Relation relation) {
  const char* const partition =
      relation->rd_rel->relispartition
          ? psprintf(", a partition of \"%s\",", get_rel_name(get_partition_parent(RelationGetRelid(relation), true)))
          : "";
  return psprintf("An extension stores the rows of table \"%s\"%s elsewhere, where INSERT and SELECT find them.",
                  RelationGetRelationName(relation), partition);
}

[[noreturn]] void refuse(Relation relation, RowUse use) {
  constexpr struct {
    const char *message, *hint;
  } kWords[] = {
      {"cannot load into table \"%s\"",
       "Load into an ordinary table, and from there by INSERT ... SELECT, which goes through the extension."},
      {"cannot restore table \"%s\"",
       "INSERT into it those rows that read_avro() reads from the backup's file; that goes through the extension."},
  };
  const auto& words = kWords[static_cast<int>(use)];
  ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg(words.message, RelationGetRelationName(relation)),
                  errdetail_internal("%s", elsewhere(relation)), errhint("%s", words.hint)));
}

[[noreturn]] void refuse_key(Relation table, Oid constraint, Relation parent, RowUse use) {
  ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                  errmsg("cannot check foreign key \"%s\" of table \"%s\"", get_constraint_name(constraint),
                         RelationGetRelationName(table)),
                  errdetail_internal("%s", elsewhere(parent)),
                  errhint("%s", use == RowUse::restore
                                    ? "INSERT the rows that read_avro() reads from the backup's file; INSERT checks the key."
                                    : "Load into a table without that key, and from there by INSERT ... SELECT. INSERT, and COPY "
                                      "without ON_ERROR reject, check the key.")));
}

/// The table, or the first of its partitions, that is not stored here; else InvalidOid.
Oid find_elsewhere(Relation table) {
  if (!may_be_elsewhere()) return InvalidOid;
  if (!is_stored_here(table)) return RelationGetRelid(table);
  const bool is_partitioned = table->rd_rel->relkind == RELKIND_PARTITIONED_TABLE;
  const List* const members = is_partitioned ? find_all_inheritors(RelationGetRelid(table), RowShareLock, nullptr) : NIL;
  for (int i = 0; i < list_length(members); i++) {
    Relation const member = table_open(list_nth_oid(members, i), NoLock);
    const bool is_here = is_stored_here(member);
    table_close(member, NoLock);
    if (!is_here) return list_nth_oid(members, i);
  }
  return InvalidOid;
}

}  // namespace

bool may_be_elsewhere() { return !PlannerHooks().are_none(); }

bool is_stored_here(Relation relation) {
  if (!may_be_elsewhere() || relation->rd_rel->relkind == RELKIND_FOREIGN_TABLE) return true;
  Known& all = known();
  const Oid oid = RelationGetRelid(relation);
  if (all.relations.count(oid) > 0) return true;
  const std::uint64_t changes = all.changes;
  if (!is_planned_plainly(relation)) return false;
  constexpr std::size_t kMostRelations = 10'000;
  if (all.relations.size() >= kMostRelations) all.relations.clear();
  if (all.changes == changes) all.relations.insert(oid);
  return true;
}

bool has_rows_elsewhere(Relation table) { return OidIsValid(find_elsewhere(table)); }

void check_is_stored_here(Relation relation, RowUse use) {
  if (!is_stored_here(relation)) refuse(relation, use);
}

namespace {

/// A foreign key, and the table at another engine that it refers to.
struct KeyElsewhere {
  Oid constraint = InvalidOid, table = InvalidOid;
};

/// The first of them whose trigger fires; of a partition, without the keys that it inherits where they are left out.
KeyElsewhere find_key_elsewhere(Relation table, InheritedKeys inherited) {
  if (!may_be_elsewhere()) return {};
  // the list is made anew whenever an invalidation arrives, with the same keys: they cannot change under the lock
  for (int i = 0; table->trigdesc != nullptr && i < table->trigdesc->numtriggers; i++) {
    const Trigger& trigger = table->trigdesc->triggers[i];
    if (trigger.tgfoid != F_RI_FKEY_CHECK_INS || !fires(trigger)) continue;
    if (trigger.tgisclone && inherited == InheritedKeys::left_out) continue;
    const Oid constraint = trigger.tgconstraint;
    Relation const parent = table_open(trigger.tgconstrrelid, RowShareLock);
    const Oid elsewhere = find_elsewhere(parent);
    table_close(parent, NoLock);
    if (OidIsValid(elsewhere)) return {constraint, elsewhere};
  }
  return {};
}

}  // namespace

bool refers_elsewhere(Relation table) { return OidIsValid(find_key_elsewhere(table, InheritedKeys::checked).table); }

void check_parents_are_stored_here(Relation table, InheritedKeys inherited, RowUse use) {
  const KeyElsewhere key = find_key_elsewhere(table, inherited);
  if (OidIsValid(key.table)) refuse_key(table, key.constraint, table_open(key.table, NoLock), use);
}

}  // namespace ferry::pg
