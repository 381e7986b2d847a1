#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "backup/folder.hpp"
#include "backup/restore/restore_target.hpp"

namespace ferry::backup {

/// One table of a restore, and what came of it.
struct TableRestore {
  std::string name;  ///< as the user named it
  RestoreTarget target;
  LockedTarget locked{};  ///< from when it is locked on
  const TableEntry* entry;
  bool is_beside = false;  ///< the target is not the table that was backed up, which nothing is to happen to
  std::string path;        ///< of its file
  std::int64_t rows_restored = 0, rows_removed = 0;
  double elapsed_ms = 0;  ///< those of all tables together are the time that all of it took
};

/// Restores the tables in the current transaction, and puts them in the order in which they were filled. Their foreign keys among
/// each other are checked when all of them are filled. Errors: whatever keeps one of them from it; nothing has changed then.
void restore_all(std::vector<TableRestore>& tables, Mode mode);

}  // namespace ferry::backup
