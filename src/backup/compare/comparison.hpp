#pragma once

#include <vector>

#include "backup/backup_rows.hpp"
#include "pg/arguments.hpp"

#include "pg/server.hpp"

namespace ferry::backup {

/// The table of a comparison.
struct ComparedTable {
  Relation relation;         ///< open
  std::vector<Oid> members;  ///< as in PlannedTable, and is_elsewhere
  bool is_elsewhere;
  std::vector<AttrNumber> key;  ///< attribute numbers, all of them of columns that are compared

  /// Whether its rows are in its partitions, or in what an engine makes of it.
  [[nodiscard]] bool with_children() const { return is_elsewhere || relation->rd_rel->relkind == RELKIND_PARTITIONED_TABLE; }
};

/// Compares the rows of source with those of the table that the active snapshot shows, and adds (change, key, columns) to result
/// for each difference, in the order of the key. Both sides are sorted by it, each in work_mem and on disk beyond that.
/// Errors: those of reading either side; 42883 a type of the key that has no order; XX002 the
/// index of the key is not in its order; 40001 a partition was attached meanwhile.
void compare(const ComparedTable& table, BackupRows& source, pg::ResultRows& result);

}  // namespace ferry::backup
