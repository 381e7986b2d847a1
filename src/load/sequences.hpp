#pragma once

#include <cstdint>

#include "pg/server.hpp"

namespace ferry::load {

/// Moves a sequence past value: forward only. Without the user's UPDATE privilege on it a NOTICE says what was not done. Like
/// setval(), it is not undone by a rollback.
void advance_sequence(Oid sequence, std::int64_t value);

}  // namespace ferry::load
