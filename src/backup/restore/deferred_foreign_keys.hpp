#pragma once

#include <string>
#include <vector>

#include "pg/server.hpp"

namespace ferry::backup {

/// A foreign key that is checked when all tables of a restore are filled, over whole tables at once: its rows and those that they
/// refer to come in any order then, also where tables refer to each other or to themselves.
struct DeferredForeignKey {
  Oid constraint, table, parent;  ///< table refers to parent
  Oid index;                      ///< of the columns that it refers to
  std::string name;
  bool is_validated;
};

/// The table with its partitions and their partitions; a list of OIDs.
[[nodiscard]] List* members_of(Oid table, LOCKMODE lock = NoLock);

/// The same, and those that it is a partition of; a list of OIDs.
[[nodiscard]] List* family_of(Oid table);

/// Adds the enforced foreign keys between the table (with its partitions) and one of partners, in either direction, but those
/// that keys has already. To be called after the last change of the table's rows that leaves those keys out.
void collect_deferred_foreign_keys(Oid table, const List* partners, std::vector<DeferredForeignKey>& keys);

/// Checks one, for all rows of the table or for those that this transaction has written. is_parent_locked: no other session can
/// write to the parent. Where one can, it does not see our rows and may remove their parents: these are locked then, as an
/// INSERT locks them. Errors: 23503.
void check_deferred_foreign_key(const DeferredForeignKey& key, bool all_rows, bool is_parent_locked);

}  // namespace ferry::backup
