#include "load/table/foreign_key_order.hpp"

#include <algorithm>
#include <cstdint>
#include <numeric>

#include "pg/guard.hpp"

#include "pg/server.hpp"

extern "C" {
#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/partition.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_inherits.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/relcache.h"
}

namespace ferry::load {

using pg::call;

namespace {

/// A foreign key of a table or of one of its partitions.
struct Key {
  Oid child, parent;
  int count;
  AttrNumber columns[INDEX_MAX_KEYS];
};

/// The foreign keys of one table, as the catalog has them, behind keys. Calls the server without a guard.
List* add_keys_of(Oid table, List* keys) {
  Relation const catalog = table_open(ConstraintRelationId, AccessShareLock);
  ScanKeyData scan_key;
  ScanKeyInit(&scan_key, Anum_pg_constraint_conrelid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(table));
  SysScanDesc const scan = systable_beginscan(catalog, ConstraintRelidTypidNameIndexId, true, nullptr, 1, &scan_key);
  while (HeapTuple const tuple = systable_getnext(scan)) {
    const auto* const form = reinterpret_cast<Form_pg_constraint>(GETSTRUCT(tuple));
    if (form->contype != CONSTRAINT_FOREIGN) continue;
    auto* const key = static_cast<Key*>(palloc(sizeof(Key)));
    key->child = table;
    key->parent = form->confrelid;
    AttrNumber parent_columns[INDEX_MAX_KEYS];
    Oid equal[INDEX_MAX_KEYS];
    DeconstructFkConstraintRow(tuple, &key->count, key->columns, parent_columns, equal, nullptr, nullptr, nullptr, nullptr);
    keys = lappend(keys, key);
  }
  systable_endscan(scan);
  table_close(catalog, AccessShareLock);
  return keys;
}

/// The keys of a table and of all its partitions, each of which may have foreign keys of its own, which only the catalog tells of
/// without opening them.
std::vector<Key> all_keys_of(Relation table) {
  std::vector<Key> keys;
  if (table->rd_rel->relkind != RELKIND_PARTITIONED_TABLE) {
    const List* const known = call(RelationGetFKeyList, table);
    for (int i = 0; i < list_length(known); i++) {
      const auto* const info = static_cast<const ForeignKeyCacheInfo*>(list_nth(known, i));
      Key& key = keys.emplace_back(Key{info->conrelid, info->confrelid, info->nkeys, {}});
      std::copy_n(info->conkey, info->nkeys, key.columns);
    }
    return keys;
  }
  const Oid whole = RelationGetRelid(table);
  const List* const found = call([whole] {
    List* all = NIL;
    const List* const parts = find_all_inheritors(whole, NoLock, nullptr);
    for (int i = 0; i < list_length(parts); i++) all = add_keys_of(list_nth_oid(parts, i), all);
    return all;
  });
  for (int i = 0; i < list_length(found); i++) keys.push_back(*static_cast<const Key*>(list_nth(found, i)));
  return keys;
}

/// Tarjan's search for circles, which comes to parents first.
class Walk {
 public:
  Walk(const std::vector<Relation>& tables, const HasValues& has_values, bool only_with_values)
      : tables_(tables), has_values_(has_values), only_with_values_(only_with_values) {}

  /// indexes: in ascending order. Tables elsewhere do not count.
  std::vector<std::size_t> order(const std::vector<std::size_t>& indexes) {
    lowest_.assign(tables_.size(), kOrdered);
    for (const std::size_t index : indexes) lowest_[index] = kUnseen;
    for (const std::size_t index : indexes)
      if (lowest_[index] == kUnseen) visit(index);
    return std::move(order_);
  }

 private:
  void visit(std::size_t index) {
    const std::size_t number = lowest_[index] = ++count_;
    const auto start = static_cast<std::ptrdiff_t>(open_.size());
    open_.push_back(index);
    for (const Key& key : all_keys_of(tables_[index]))
      if (!only_with_values_ || has_values(index, key)) visit_parent(index, key.parent);
    if (lowest_[index] < number) return;  // part of a circle that began before
    std::vector<std::size_t> circle(open_.begin() + start, open_.end());
    open_.resize(static_cast<std::size_t>(start));
    for (const std::size_t member : circle) lowest_[member] = kOrdered;
    std::sort(circle.begin(), circle.end());
    if (circle.size() > 1 && !only_with_values_) circle = Walk(tables_, has_values_, true).order(circle);
    order_.insert(order_.end(), circle.begin(), circle.end());
  }

  /// Rows for a partition may come by way of a table that it is part of.
  void visit_parent(std::size_t child, Oid parent) {
    const List* const above = call(get_rel_relispartition, parent) ? call(get_partition_ancestors, parent) : NIL;
    for (std::size_t i = 0; i < tables_.size(); i++) {
      const Oid table = RelationGetRelid(tables_[i]);
      if (table != parent && !list_member_oid(above, table)) continue;
      if (lowest_[i] == kUnseen) visit(i);
      lowest_[child] = std::min(lowest_[child], lowest_[i]);
    }
  }

  [[nodiscard]] bool has_values(std::size_t index, const Key& key) const {
    return std::all_of(key.columns, key.columns + key.count, [&](AttrNumber column) {
      const char* const name = call(get_attname, key.child, column, false);
      return has_values_(index, name);
    });
  }

  static constexpr std::size_t kUnseen = 0, kOrdered = SIZE_MAX;

  const std::vector<Relation>& tables_;
  const HasValues& has_values_;
  const bool only_with_values_;
  std::size_t count_ = 0;
  std::vector<std::size_t> lowest_;  ///< by index: the number of the first table that it is known to be in a circle with
  std::vector<std::size_t> open_;    ///< visited, and not in the order yet: there may be a circle
  std::vector<std::size_t> order_;
};

}  // namespace

std::vector<std::size_t> foreign_key_order(const std::vector<Relation>& tables, const HasValues& has_values) {
  std::vector<std::size_t> indexes(tables.size());
  std::iota(indexes.begin(), indexes.end(), std::size_t{0});
  return Walk(tables, has_values, false).order(indexes);
}

}  // namespace ferry::load
