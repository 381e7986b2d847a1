#pragma once

#include "backup/backup_rows.hpp"
#include "backup/restore/restore_target.hpp"

#include "pg/server.hpp"

namespace ferry::backup {

/// Adds the rows of source to an open table, with every check but those of foreign keys between the table and one of partners, a
/// list of OIDs. Mode upsert: a row whose primary key is there already takes the place of that row, and columns that source has
/// not keep what they have. Where the table is empty and its storage is of this transaction, indexes are built at the end.
/// Errors: the server's, with the position in the file.
void add_rows(Relation table, BackupRows& source, Mode mode, List* partners);

}  // namespace ferry::backup
