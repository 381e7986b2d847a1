#pragma once

#include <cstdint>
#include <string>

#include "pg/server.hpp"

namespace ferry::pg {

/// The name of a sequence for messages, with its schema where the search_path does not find it.
[[nodiscard]] std::string sequence_name(Oid sequence);

/// Opens and locks a sequence until the end of the transaction; null where it is gone, or is a temporary one of another session,
/// which nobody else may look at. Calls the server without a guard.
[[nodiscard]] Relation try_open_sequence(Oid sequence);

/// Moves a sequence past value: forward only. Without the user's UPDATE privilege on it a NOTICE says what was not done; kind,
/// such as "loaded", is its word for the value. Like setval(), it is not undone by a rollback.
void advance_sequence(Oid sequence, std::int64_t value, const char* kind);

}  // namespace ferry::pg
