#pragma once

#include <string>
#include <vector>

#include "pg/server.hpp"

namespace ferry::backup {

/// A foreign key that is checked when all tables of a restore are filled, over whole tables at once: its rows and those that they
/// refer to come in any order then, also where tables refer to each other or to themselves.
struct LateKey {
  Oid constraint, table, parent;  ///< table refers to parent
  std::string name;
  bool is_validated;
};

/// The table with its partitions and their partitions, and those that it is a partition of; a list of OIDs.
[[nodiscard]] List* family_of(Oid table);

/// Adds the enforced foreign keys between the table (with its partitions) and one of partners, in either direction, but those
/// that keys has already. To be called after the last change of the table's rows that leaves those keys out.
void collect_late_keys(Oid table, const List* partners, std::vector<LateKey>& keys);

/// Checks one. all_rows: of the table; else, where ALTER TABLE ... NOT VALID lets old rows break the key, those that this
/// transaction has written. Errors: 23503.
void check_late_key(const LateKey& key, bool all_rows);

}  // namespace ferry::backup
