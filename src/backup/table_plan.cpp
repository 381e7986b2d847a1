#include "backup/table_plan.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "base/concat.hpp"
#include "base/error.hpp"
#include "pg/guard.hpp"
#include "pg/table/table_engine.hpp"

#include "pg/server.hpp"

extern "C" {
#include "access/genam.h"
#include "access/relation.h"
#include "access/xlog.h"
#include "catalog/catalog.h"
#include "catalog/dependency.h"
#include "catalog/indexing.h"
#include "catalog/pg_inherits.h"
#include "executor/spi.h"
#include "storage/lmgr.h"
#include "utils/fmgroids.h"
#include "utils/rls.h"
#include "utils/timestamp.h"
}

namespace ferry::backup {
namespace {

/// Calls visit(tuple), which calls the server without a guard, for each row of a catalog that matches the key.
template <class F>
void scan_catalog(Oid catalog_oid, Oid index, AttrNumber attribute, Oid value, Snapshot snapshot, F&& visit) {
  pg::call([=, &visit] {
    ScanKeyData key;
    ScanKeyInit(&key, attribute, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(value));
    Relation const catalog = table_open(catalog_oid, AccessShareLock);
    SysScanDesc const scan = systable_beginscan(catalog, index, OidIsValid(index), snapshot, 1, &key);
    for (HeapTuple tuple = systable_getnext(scan); HeapTupleIsValid(tuple); tuple = systable_getnext(scan)) visit(tuple);
    systable_endscan(scan);
    table_close(catalog, AccessShareLock);
  });
}

/// The children in pg_inherits that snapshot sees; null: those of now.
void append_children(Oid parent, Snapshot snapshot, std::vector<Oid>& out) {
  scan_catalog(InheritsRelationId, InheritsParentIndexId, Anum_pg_inherits_inhparent, parent, snapshot, [&out](HeapTuple tuple) {
    const auto* const row = reinterpret_cast<Form_pg_inherits>(GETSTRUCT(tuple));
    if (!row->inhdetachpending) out.push_back(row->inhrelid);
  });
}

/// Whether another engine stores a table. It is locked for that, before its turn; false if it is gone.
bool is_of_engine(Oid table) {
  if (!pg::may_be_elsewhere()) return false;
  Relation const relation = pg::call(try_relation_open, table, LOCKMODE{AccessShareLock});
  if (relation == nullptr) return false;
  const bool is = !pg::call(pg::is_stored_here, relation);
  pg::call(relation_close, relation, LOCKMODE{NoLock});
  return is;
}

std::vector<Oid> members_of(Oid table, Snapshot snapshot) {
  std::vector<Oid> members{table};
  const bool is_partitioned = pg::call(get_rel_relkind, table) == RELKIND_PARTITIONED_TABLE;
  for (std::size_t i = 0; i < members.size(); i++) {
    append_children(members[i], snapshot, members);
    // the children of an inheritance parent are tables of their own, unless they are what an engine makes of the parent
    if (i == 0 && !is_partitioned && members.size() > 1 && !is_of_engine(table)) members.resize(1);
  }
  std::sort(members.begin(), members.end());
  return members;
}

/// Whether a table is what an engine makes of another one: a child by inheritance of one that it stores.
bool is_part_of_engine_table(Oid table, Snapshot snapshot) {
  if (!pg::may_be_elsewhere() || pg::call(get_rel_relispartition, table)) return false;
  std::vector<Oid> family{table};
  for (std::size_t i = 0; i < family.size(); i++) {
    if (i > 0 && is_of_engine(family[i])) return true;
    scan_catalog(
        InheritsRelationId, InheritsRelidSeqnoIndexId, Anum_pg_inherits_inhrelid, family[i], snapshot,
        [&family](HeapTuple tuple) { family.push_back(reinterpret_cast<Form_pg_inherits>(GETSTRUCT(tuple))->inhparent); });
  }
  return false;
}

/// By their names. snapshot: the active one, or null.
std::vector<Oid> tables_of_schema(Oid schema, Snapshot snapshot) {
  // a query, and no scan of the catalog: what an engine hides from queries is its own
  constexpr const char* kQuery =
      "SELECT oid FROM pg_catalog.pg_class WHERE relnamespace OPERATOR(pg_catalog.=) $1"
      " AND relkind OPERATOR(pg_catalog.=) ANY ('{r,p}'::pg_catalog.\"char\"[]) AND relpersistence OPERATOR(pg_catalog.<>) 't'"
      " ORDER BY relname";
  const bool with_active_snapshot = snapshot != nullptr;
  List* const found = pg::call([=] {
    MemoryContext const caller = CurrentMemoryContext;
    Oid types[] = {OIDOID};
    Datum values[] = {ObjectIdGetDatum(schema)};
    SPI_connect();
    if (const int result = SPI_execute_with_args(kQuery, 1, types, values, nullptr, with_active_snapshot, 0);
        result != SPI_OK_SELECT)
      elog(ERROR, "could not list tables: %s", SPI_result_code_string(result));
    List* oids = NIL;
    MemoryContext const own = MemoryContextSwitchTo(caller);
    for (uint64 i = 0; i < SPI_processed; i++) {
      bool is_null;
      const Oid oid = DatumGetObjectId(SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1, &is_null));
      if (!OidIsValid(getExtensionOfObject(RelationRelationId, oid))) oids = lappend_oid(oids, oid);
    }
    MemoryContextSwitchTo(own);
    SPI_finish();
    return oids;
  });
  std::vector<Oid> tables;
  for (int i = 0; i < list_length(found); i++)
    if (const Oid table = list_nth_oid(found, i); !is_part_of_engine_table(table, snapshot)) tables.push_back(table);
  return tables;
}

bool contains(const std::vector<Oid>& sorted, Oid oid) { return std::binary_search(sorted.begin(), sorted.end(), oid); }

std::vector<PlannedTable> plan(const Request& request, Snapshot snapshot) {
  const std::vector<Oid> tables = OidIsValid(request.schema) ? tables_of_schema(request.schema, snapshot) : request.tables;
  std::vector<PlannedTable> planned;
  for (const Oid table : tables) {
    const auto is_same = [table](const PlannedTable& other) { return other.table == table; };
    if (std::any_of(planned.begin(), planned.end(), is_same)) continue;
    planned.push_back({table, members_of(table, snapshot)});
  }
  if (!OidIsValid(request.schema)) return planned;
  std::vector<Oid> partitions;
  for (const PlannedTable& table : planned)
    std::copy_if(table.members.begin(), table.members.end(), std::back_inserter(partitions),
                 [&](Oid member) { return member != table.table; });
  std::sort(partitions.begin(), partitions.end());
  planned.erase(std::remove_if(planned.begin(), planned.end(),
                               [&](const PlannedTable& table) { return contains(partitions, table.table); }),
                planned.end());
  return planned;
}

void lock(const std::vector<PlannedTable>& planned) {
  std::vector<Oid> oids;
  for (const PlannedTable& table : planned) oids.insert(oids.end(), table.members.begin(), table.members.end());
  std::sort(oids.begin(), oids.end());
  oids.erase(std::unique(oids.begin(), oids.end()), oids.end());
  for (const Oid oid : oids) pg::call(LockRelationOid, oid, LOCKMODE{AccessShareLock});
}

Snapshot push_snapshot() {
  return pg::call([] { return PushActiveSnapshot(GetTransactionSnapshot()), GetActiveSnapshot(); });
}

void check_is_table(Relation relation) {
  const std::string name = RelationGetRelationName(relation);
  const char kind = relation->rd_rel->relkind;
  if (kind != RELKIND_RELATION && kind != RELKIND_PARTITIONED_TABLE)
    throw Error("42809", concat("\"", name, "\" is not a table")).hint("Only tables and partitioned tables can be backed up.");
  if (IsSystemRelation(relation)) throw Error("42501", concat("cannot back up system catalog \"", name, '"'));
  if (relation->rd_rel->relpersistence == RELPERSISTENCE_TEMP)
    throw Error("0A000", concat("cannot back up temporary table \"", name, '"'));
}

void check_may_read(Relation relation) {
  const Oid table = RelationGetRelid(relation);
  const char* const name = RelationGetRelationName(relation);
  pg::call([=] {
    if (pg_class_aclcheck(table, GetUserId(), ACL_SELECT) != ACLCHECK_OK &&
        pg_attribute_aclcheck_all(table, GetUserId(), ACL_SELECT, ACLMASK_ALL) != ACLCHECK_OK)
      aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_TABLE, name);
  });
  if (pg::call(check_enable_rls, table, Oid{InvalidOid}, false) == RLS_ENABLED)
    throw Error("42501", concat("row-level security policies would hide rows of table \"", name, '"'))
        .hint("Do this as a role with BYPASSRLS, or as the owner of the table if row-level security is not forced on it.");
}

/// Under REPEATABLE READ and higher the snapshot may be older than the lock. A table rewritten in between reads as empty then.
void check_not_rewritten(Relation relation) {
  bool is_same = false;
  scan_catalog(RelationRelationId, ClassOidIndexId, Anum_pg_class_oid, RelationGetRelid(relation), GetActiveSnapshot(),
               [&is_same, relation](HeapTuple tuple) {
                 is_same = reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple))->relfilenode == relation->rd_rel->relfilenode;
               });
  if (!is_same)
    throw Error("40001", concat("could not back up table \"", RelationGetRelationName(relation),
                                "\": it was created or rewritten after the transaction's snapshot was taken"));
}

/// Whether the rows of a member can be had, all of them.
void check_member(Relation member) {
  const char* const name = RelationGetRelationName(member);
  const char kind = member->rd_rel->relkind;
  if (kind == RELKIND_RELATION && member->rd_rel->relpersistence == RELPERSISTENCE_UNLOGGED && RecoveryInProgress())
    throw Error("0A000", concat("cannot back up unlogged table \"", name, "\" during recovery"));
  if (IsolationUsesXactSnapshot()) check_not_rewritten(member);
}

}  // namespace

Plan lock_and_snapshot(const Request& request) {
  if (IsolationUsesXactSnapshot()) {
    std::vector<PlannedTable> planned = plan(request, push_snapshot());
    lock(planned);
    return {std::move(planned), GetCurrentTransactionStartTimestamp()};
  }
  for (;;) {
    pg::check_interrupts();
    std::vector<PlannedTable> planned = plan(request, nullptr);
    lock(planned);
    const TimestampTz now = GetCurrentTimestamp();
    if (plan(request, push_snapshot()) == planned) return {std::move(planned), now};
    pg::call(PopActiveSnapshot);
  }
}

Relation open_checked(PlannedTable& planned) {
  Relation const table = pg::call(try_relation_open, planned.table, LOCKMODE{NoLock});
  if (table == nullptr && IsolationUsesXactSnapshot())
    throw Error("40001", concat("could not back up table with OID ", planned.table,
                                ": it was dropped after the transaction's snapshot was taken"));
  if (table == nullptr) throw Error("42P01", concat("table with OID ", planned.table, " does not exist"));
  check_is_table(table);
  check_may_read(table);
  for (const Oid oid : planned.members) {
    Relation const member = pg::call(try_relation_open, oid, LOCKMODE{NoLock});
    if (member == nullptr)
      throw Error("40001", concat("could not back up table \"", RelationGetRelationName(table),
                                  "\": a partition was dropped after the transaction's snapshot was taken"));
    check_member(member);
    planned.has_foreign_rows |= member->rd_rel->relkind == RELKIND_FOREIGN_TABLE;
    planned.is_elsewhere |= planned.has_foreign_rows || !pg::call(pg::is_stored_here, member);
    pg::call(relation_close, member, LOCKMODE{NoLock});
  }
  return table;
}

std::vector<Relation> open_leaves(const PlannedTable& planned, Relation table) {
  if (table->rd_rel->relkind == RELKIND_RELATION) return {table};
  std::vector<Relation> leaves;
  for (const Oid oid : planned.members) {
    Relation const member = pg::call(relation_open, oid, LOCKMODE{NoLock});
    if (member->rd_rel->relkind == RELKIND_RELATION)
      leaves.push_back(member);
    else
      pg::call(relation_close, member, LOCKMODE{NoLock});
  }
  return leaves;
}

void close_leaves(const std::vector<Relation>& leaves, Relation table) {
  for (Relation leaf : leaves)
    if (leaf != table) pg::call(relation_close, leaf, LOCKMODE{NoLock});
}

}  // namespace ferry::backup
