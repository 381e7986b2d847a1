#pragma once

#include <cstdint>
#include <string>

#include "pg/table/column_sequence.hpp"

#include "pg/server.hpp"

namespace ferry::pg {

/// The name of a sequence for messages, with its schema where the search_path does not find it.
[[nodiscard]] std::string sequence_name(Oid sequence);

/// Opens and locks a sequence until the end of the transaction; null where it is gone, or is a temporary one of another session,
/// which nobody else may look at. Calls the server without a guard.
[[nodiscard]] Relation try_open_sequence(Oid sequence);

/// Moves the sequence that feeds a column past value: forward only. It takes the user's UPDATE privilege on it, and where the
/// column does not own it that of the table's owner, too, who may have named any sequence; else a NOTICE says what was not done.
/// kind, such as "loaded", is its word for the value. Like setval(), it is not undone by a rollback.
void advance_sequence(const ColumnSequence& from, Oid table_owner, std::int64_t value, const char* kind);

}  // namespace ferry::pg
