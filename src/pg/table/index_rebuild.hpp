#pragma once

#include "pg/server.hpp"

extern "C" {
#include "utils/rel.h"
}

/// Filling a table whose storage nobody else can see: its rows first and then its indexes, each in one go.
namespace ferry::pg {

/// Whether the table is empty, its storage was made in this transaction (by CREATE TABLE or TRUNCATE), and nothing in this
/// session has it open but the caller, once. Calls the server without a guard.
bool may_rebuild_indexes(Relation table);

/// Builds all indexes of the table from its rows, in the memory of limit_maintenance_memory(). Nobody may have them open. Errors:
/// 23505 rows that a unique index refuses. Calls the server without a guard.
void rebuild_indexes(Relation table);

}  // namespace ferry::pg
