#pragma once

#include <string>
#include <vector>

#include "backup/backup_columns.hpp"

#include "pg/server.hpp"

namespace ferry::backup {

/// Matches the fields of a file with the columns of an open table by name, generated columns among them. What has no
/// counterpart is told in the lists of names. Errors: 42804 no records.
[[nodiscard]] MatchedColumns match_compared(const avro::Schema& writer, const TableEntry& entry, Relation table);

/// The primary key of an open table: attribute numbers in the order of its index; empty where there is none.
[[nodiscard]] std::vector<AttrNumber> primary_key(Relation table);

/// Tells the user which columns are in the table or in its backup alone, or have another type by now.
void report_not_compared(const MatchedColumns& columns, const std::string& table_name);

}  // namespace ferry::backup
