#pragma once

#include <vector>

#include "load/record/record.hpp"
#include "pg/table/foreign_key.hpp"

namespace ferry::load {

struct TableFacts;

/// Foreign keys that a row inserted into a table has to pass.
struct ForeignKeys {
  std::vector<pg::ForeignKey> keys{};  ///< in the order in which the server fires their triggers
  bool are_all = true;                 ///< else some need the server's own trigger: see pg::read_foreign_key()
};

/// Those of table whose trigger fires. facts: of the table, keep what was found out.
[[nodiscard]] ForeignKeys foreign_keys_of(Relation table, TableFacts& facts);

/// What is wrong with a row of table that pg::ForeignKey::check() did not find good.
[[nodiscard]] Problem violation_of(const pg::ForeignKey& key, Relation table, TupleTableSlot* slot);

}  // namespace ferry::load
