#include "load/table/self_references.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/concat.hpp"
#include "pg/compat.hpp"
#include "pg/memory.hpp"
#include "pg/names.hpp"
#include "pg/table/trigger_list.hpp"

#include "pg/server.hpp"

extern "C" {
#include "catalog/partition.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "utils/fmgroids.h"
}

namespace ferry::load {

using pg::call;
using pg::RowLocation;

namespace {

// What follows, up to Lookup, runs inside of one call() and one SPI connection, and lives in its memory.

/// A foreign key of one table, and the plan that finds the parent of a row.
struct Reference {
  Oid parent, parent_owner;
  bool is_full, parent_is_partitioned;
  int count;
  AttrNumber columns[INDEX_MAX_KEYS];
  SPIPlanPtr plan;
};

/// A table that rows were written to.
struct Child {
  Relation table;
  TupleTableSlot* row;
  List* references;
};

/// Runs as the owner of a parent, as the server's own check does.
template <class F>
auto as_owner(Oid owner, F&& body) {
  Oid user;
  int context;
  GetUserIdAndSecContext(&user, &context);
  SetUserIdAndSecContext(owner, context | SECURITY_LOCAL_USERID_CHANGE | SECURITY_NOFORCE_RLS);
  const auto result = body();
  SetUserIdAndSecContext(user, context);
  return result;
}

/// The query of the server's check, but for what it returns. Source: RI_FKey_check().
Reference* prepare(Relation child, HeapTuple tuple) {
  const auto* const form = reinterpret_cast<Form_pg_constraint>(GETSTRUCT(tuple));
  auto* const reference = static_cast<Reference*>(palloc0(sizeof(Reference)));
  AttrNumber parent_columns[INDEX_MAX_KEYS];
  Oid equal[INDEX_MAX_KEYS], types[INDEX_MAX_KEYS];
  DeconstructFkConstraintRow(tuple, &reference->count, reference->columns, parent_columns, equal, nullptr, nullptr, nullptr,
                             nullptr);
  Relation const parent = table_open(form->confrelid, RowShareLock);
  reference->parent = form->confrelid;
  reference->parent_owner = parent->rd_rel->relowner;
  reference->is_full = form->confmatchtype == FKCONSTR_MATCH_FULL;
  reference->parent_is_partitioned = parent->rd_rel->relkind == RELKIND_PARTITIONED_TABLE;
  StringInfoData query;
  initStringInfo(&query);
  appendStringInfo(&query, "SELECT x.tableoid, x.ctid FROM %s%s x", reference->parent_is_partitioned ? "" : "ONLY ",
                   pg::qualified_name(form->confrelid));
  for (int i = 0; i < reference->count; i++) {
    const Form_pg_attribute column = TupleDescAttr(RelationGetDescr(parent), parent_columns[i] - 1);
    types[i] = TupleDescAttr(RelationGetDescr(child), reference->columns[i] - 1)->atttypid;
    appendStringInfoString(&query, i == 0 ? " WHERE " : " AND ");
    generate_operator_clause(&query, psprintf("x.%s", quote_identifier(NameStr(column->attname))), column->atttypid, equal[i],
                             psprintf("$%d", i + 1), types[i]);
  }
  appendStringInfoString(&query, " FOR KEY SHARE OF x");
  table_close(parent, NoLock);
  reference->plan = as_owner(reference->parent_owner, [&] { return SPI_prepare(query.data, reference->count, types); });
  if (reference->plan == nullptr) elog(ERROR, "SPI_prepare failed: %s", SPI_result_code_string(SPI_result));
  return reference;
}

enum class Answer : std::uint8_t { no_key, missing, found };

/// Finds and locks the parent of a row.
Answer find_parent(const Reference& reference, TupleTableSlot* row, RowLocation* parent) {
  Datum values[INDEX_MAX_KEYS];
  int null_count = 0;
  for (int i = 0; i < reference.count; i++) {
    bool is_null = false;
    values[i] = slot_getattr(row, reference.columns[i], &is_null);
    null_count += is_null;
  }
  if (null_count > 0) return reference.is_full && null_count < reference.count ? Answer::missing : Answer::no_key;
  Snapshot test = InvalidSnapshot, crosscheck = InvalidSnapshot;
  if (IsolationUsesXactSnapshot() && reference.parent_is_partitioned) {
    CommandCounterIncrement();
    test = GetLatestSnapshot();
    crosscheck = GetTransactionSnapshot();
  }
  const int result = as_owner(reference.parent_owner, [&] {
    return SPI_execute_snapshot(reference.plan, values, nullptr, test, crosscheck, false, false, 1);
  });
  if (result != SPI_OK_SELECT) elog(ERROR, "SPI_execute_snapshot failed: %s", SPI_result_code_string(result));
  const bool is_found = SPI_processed > 0;
  if (is_found) {
    bool is_null;
    parent->table = DatumGetObjectId(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &is_null));
    parent->tid =
        *reinterpret_cast<ItemPointer>(DatumGetPointer(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 2, &is_null)));
  }
  SPI_freetuptable(SPI_tuptable);
  return is_found ? Answer::found : Answer::missing;
}

/// The table's keys that refer to one of the given tables and whose triggers fire.
Child* open_child(Oid table, const List* referenced) {
  auto* const child = static_cast<Child*>(palloc0(sizeof(Child)));
  child->table = table_open(table, RowExclusiveLock);
  child->row = table_slot_create(child->table, nullptr);
  // a copy: the relation's own goes when an invalidation arrives
  const TriggerDesc* const list = CopyTriggerDesc(child->table->trigdesc);
  for (int i = 0; list != nullptr && i < list->numtriggers; i++) {
    const Trigger& trigger = list->triggers[i];
    if (trigger.tgfoid != F_RI_FKEY_CHECK_INS || !list_member_oid(referenced, trigger.tgconstrrelid) || !pg::fires(trigger) ||
        pg::compat::has_period(trigger.tgconstraint))
      continue;
    HeapTuple const tuple = SearchSysCache1(CONSTROID, ObjectIdGetDatum(trigger.tgconstraint));
    if (!HeapTupleIsValid(tuple)) elog(ERROR, "cache lookup failed for constraint %u", trigger.tgconstraint);
    child->references = lappend(child->references, prepare(child->table, tuple));
    ReleaseSysCache(tuple);
  }
  return child;
}

auto key_of_location(const RowLocation& location) {
  return std::tuple(location.table, ItemPointerGetBlockNumberNoCheck(&location.tid),
                    ItemPointerGetOffsetNumberNoCheck(&location.tid));
}

/// What is known of rows, by their indexes in an array.
struct Lookup {
  std::vector<WrittenRow>& rows;  ///< ordered by location
  List* referenced;
  std::vector<bool> orphan{};
  std::vector<std::pair<std::uint32_t, std::uint32_t>> edges{};  ///< parent, child

  /// Asks for the parents of all rows. Calls the server without a guard.
  void ask() {
    if (SPI_connect() != SPI_OK_CONNECT) elog(ERROR, "SPI_connect failed");
    Child* child = nullptr;
    for (std::size_t i = 0; i < rows.size(); i++) {
      CHECK_FOR_INTERRUPTS();
      WrittenRow& row = rows[i];
      if (child == nullptr || RelationGetRelid(child->table) != row.location.table) {
        if (child != nullptr) close(child);
        child = open_child(row.location.table, referenced);
      }
      // one that was updated or deleted since is not checked any more, or was with the update
      if (table_tuple_fetch_row_version(child->table, &row.location.tid, SnapshotSelf, child->row))
        ask_for(*child, static_cast<std::uint32_t>(i));
      ExecClearTuple(child->row);
    }
    if (child != nullptr) close(child);
    SPI_finish();
  }

  void ask_for(const Child& child, std::uint32_t i) {
    ListCell* cell;
    foreach (cell, child.references) {
      RowLocation parent;
      const Answer answer = find_parent(*static_cast<Reference*>(lfirst(cell)), child.row, &parent);
      if (answer == Answer::missing) orphan[i] = true;
      if (answer != Answer::found) continue;
      const auto at = std::lower_bound(rows.begin(), rows.end(), parent, [](const WrittenRow& row, const RowLocation& location) {
        return key_of_location(row.location) < key_of_location(location);
      });
      if (at != rows.end() && key_of_location(at->location) == key_of_location(parent))
        edges.emplace_back(static_cast<std::uint32_t>(at - rows.begin()), i);
    }
  }

  static void close(Child* child) {
    ExecDropSingleTupleTableSlot(child->row);
    table_close(child->table, NoLock);
  }

  /// Makes orphans of all whose parent is one.
  void close_over() {
    std::vector<std::uint32_t> queue;
    for (std::size_t i = 0; i < orphan.size(); i++)
      if (orphan[i]) queue.push_back(static_cast<std::uint32_t>(i));
    std::sort(edges.begin(), edges.end());
    while (!queue.empty()) {
      const std::uint32_t parent = queue.back();
      queue.pop_back();
      for (auto edge = std::lower_bound(edges.begin(), edges.end(), std::pair(parent, std::uint32_t{0}));
           edge != edges.end() && edge->first == parent; ++edge) {
        if (orphan[edge->second]) continue;
        orphan[edge->second] = true;
        queue.push_back(edge->second);
      }
    }
  }
};

}  // namespace

bool may_share_rows(Oid table, Oid other) {
  return call([=] {
    return table == other || (get_rel_relispartition(table) && list_member_oid(get_partition_ancestors(table), other)) ||
           (get_rel_relispartition(other) && list_member_oid(get_partition_ancestors(other), table));
  });
}

SelfReferences::SelfReferences(Relation table) : table_(table), context_(CurrentMemoryContext) {}

bool SelfReferences::is_violation(const pg::CaughtError& error) {
  if (error.sqlstate != "23503" || error.constraint.empty()) return false;
  const auto [known, is_new] = known_.try_emplace(concat(error.schema, "\n", error.table, "\n", error.constraint), false);
  if (!is_new) return known->second;
  const char* const schema = error.schema.c_str();
  const char* const table = error.table.c_str();
  const char* const constraint = error.constraint.c_str();
  const Oid own = RelationGetRelid(table_);
  const Oid referenced = call([=] {
    const Oid space = get_namespace_oid(schema, true);
    const Oid child = OidIsValid(space) ? get_relname_relid(table, space) : InvalidOid;
    const bool is_own = child == own || (OidIsValid(child) && get_rel_relispartition(child) &&
                                         list_member_oid(get_partition_ancestors(child), own));
    const Oid found = is_own ? get_relation_constraint_oid(child, constraint, true) : InvalidOid;
    HeapTuple const tuple = OidIsValid(found) ? SearchSysCache1(CONSTROID, ObjectIdGetDatum(found)) : nullptr;
    if (!HeapTupleIsValid(tuple)) return InvalidOid;
    const auto* const form = reinterpret_cast<Form_pg_constraint>(GETSTRUCT(tuple));
    const Oid parent = form->contype == CONSTRAINT_FOREIGN && !pg::compat::has_period(found) ? form->confrelid : InvalidOid;
    ReleaseSysCache(tuple);
    return parent;
  });
  known->second = OidIsValid(referenced) && may_share_rows(own, referenced);
  return known->second;
}

List* SelfReferences::tables() {
  if (tables_ != NIL) return tables_;
  const Oid own = RelationGetRelid(table_);
  MemoryContext const context = context_;
  tables_ = call([=] {
    return pg::in_context(context, [own] {
      // the rows of a child by inheritance are none of its parent's, as far as foreign keys go
      const bool is_partitioned = get_rel_relkind(own) == RELKIND_PARTITIONED_TABLE;
      List* const tables = is_partitioned ? find_all_inheritors(own, NoLock, nullptr) : list_make1_oid(own);
      return get_rel_relispartition(own) ? list_concat(tables, get_partition_ancestors(own)) : tables;
    });
  });
  return tables_;
}

std::vector<std::uint32_t> SelfReferences::find_orphans(std::vector<WrittenRow>& rows, bool with_dependents) {
  std::sort(rows.begin(), rows.end(),
            [](const WrittenRow& a, const WrittenRow& b) { return key_of_location(a.location) < key_of_location(b.location); });
  Lookup lookup{rows, tables()};
  lookup.orphan.assign(rows.size(), false);
  call([&lookup] { lookup.ask(); });
  if (with_dependents) lookup.close_over();
  std::vector<std::uint32_t> orphans;
  for (std::size_t i = 0; i < rows.size(); i++)
    if (lookup.orphan[i]) orphans.push_back(rows[i].number);
  return orphans;
}

}  // namespace ferry::load
