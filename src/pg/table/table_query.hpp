#pragma once

#include "pg/server.hpp"

namespace ferry::pg {

/// SELECT columns FROM relation, which is open and locked: as the parser gives it to the rewriter, for the current user to run,
/// but without a look for the relation by its name. columns: a list of attribute numbers. with_children: those by inheritance, or
/// partitions; else ONLY. Calls the server without a guard.
[[nodiscard]] Query* select_from(Relation relation, const List* columns, bool with_children);

}  // namespace ferry::pg
