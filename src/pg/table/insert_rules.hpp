#pragma once

#include <optional>

#include "pg/guard.hpp"

extern "C" {
#include "utils/rel.h"
}

namespace ferry::pg {

/// Whether a rule of a relation takes the place of INSERT in this session. relation: open.
bool has_instead_rule(Relation relation);

/// Whether an INSERT into a relation may have RETURNING, as its own rules and triggers say; nothing for a view that leaves it to
/// the relation behind it. Rules in the place of INSERT have to say what they return. relation: open. Calls the server without a
/// guard.
std::optional<bool> allows_returning(Relation relation);

}  // namespace ferry::pg
