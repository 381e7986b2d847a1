#pragma once

#include "backup/backup_rows.hpp"
#include "backup/restore/restore_target.hpp"

#include "pg/server.hpp"

// Tables whose rows another engine stores are restored by SQL statements, which are what that engine sees.
namespace ferry::backup {

/// Whether statements write into the table what the backup has, and nothing else. Calls the server without a guard.
/// Errors: 0A000 a rule, or a trigger of a user that INSERT, or UPDATE in mode upsert, would fire; 42501 row-level security that
/// applies to the user; of upsert those of pg::TableWriter::check_replaceable().
void check_statements_suffice(Relation table, Mode mode);

/// How many rows SELECT shows of a table, its children included. Calls the server without a guard.
[[nodiscard]] std::int64_t count_by_query(Oid table);

/// Inserts all rows of source; in mode upsert a row takes the place of the one with its primary key. Foreign keys and all other
/// constraints are the engine's to check. Errors: those of INSERT; 22000 rows did not go in.
void add_rows_by_statements(Relation table, BackupRows& source, Mode mode);

}  // namespace ferry::backup
