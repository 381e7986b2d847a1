#pragma once

#include "pg/compat.hpp"

#include "pg/server.hpp"

extern "C" {
#include "nodes/parsenodes.h"
#include "parser/parse_node.h"
}

namespace ferry::copy {

/// Whether the statement reads or writes what a URL stands for, and no file. Calls nothing that raises.
[[nodiscard]] bool is_elsewhere(const CopyStmt& statement);

/// The roles that may read and write files and run programs; a URL needs none of them, see pg::StorePlace. Calls the server
/// without a guard. Errors: 42501.
void check_role(const CopyStmt& statement);

/// Makes the columns with those numbers members of a set, as the server keeps sets of columns. Calls the server without a guard.
[[nodiscard]] Bitmapset* column_set(List* attributes);

}  // namespace ferry::copy
