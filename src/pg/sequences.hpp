#pragma once

#include <cstdint>

#include "pg/server.hpp"

namespace ferry::pg {

/// Moves a sequence past value: forward only. Without the user's UPDATE privilege on it a NOTICE says what was not done; kind,
/// such as "loaded", is its word for the value. Like setval(), it is not undone by a rollback.
void advance_sequence(Oid sequence, std::int64_t value, const char* kind);

}  // namespace ferry::pg
