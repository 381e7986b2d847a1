#pragma once

#include "pg/server.hpp"

extern "C" {
#include "nodes/execnodes.h"
}

/// Constraints that are NOT VALID: rows that are older may break them. The functions call the server without a guard.
namespace ferry::pg {

/// What ExecConstraints() is to be given instead of target, so that it passes over a CHECK or a NOT NULL that is not valid:
/// target itself where it has none. Its list of CHECKs has room for all of them. made: of the same estate, those that were made
/// before.
[[nodiscard]] ResultRelInfo* validated_part(ResultRelInfo* target, EState* estate, List** made);

/// Whether a constraint of a table is valid, or is none.
[[nodiscard]] bool is_validated(Oid constraint);

}  // namespace ferry::pg
