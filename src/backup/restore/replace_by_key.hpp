#pragma once

#include <cstdint>

#include "backup/backup_rows.hpp"

#include "pg/server.hpp"

namespace ferry::backup {

/// Makes a table equal to source row by row, for tables that TRUNCATE must not empty: a row whose key is in both is changed in
/// place and never deleted, for that would cascade; a row with a new key is inserted; at the end the rows whose keys source
/// does not have are removed. Without a key all rows are removed first. Values of other unique keys may move between rows.
/// table: open, and locked against writers before the call, its partitions too. key: as find_key() tells. partners: a list of
/// OIDs; foreign keys between the table and these are the caller's to check. Returns how many rows were removed.
/// Errors: 23503 a row to remove is referenced, whatever the key's ON DELETE says; 23505 two rows of source with one key.
[[nodiscard]] std::int64_t replace_by_key(Relation table, BackupRows& source, Oid key, List* partners);

}  // namespace ferry::backup
