#pragma once

#include <string>

#include "backup/backup_columns.hpp"

#include "pg/server.hpp"

namespace ferry::backup {

/// Matches the fields of a file with the columns of an open table by name. Generated columns are left to the server.
/// The expressions live in the current memory context.
/// Errors: 42804 no records; 42703 no column of the file exists; 23502 a column without values that must not be null.
[[nodiscard]] MatchedColumns match_restored(const avro::Schema& writer, const TableEntry& entry, Relation table);

/// Tells the user what is not restored of the file.
void report_left_out(const MatchedColumns& columns, const std::string& table_name);

}  // namespace ferry::backup
