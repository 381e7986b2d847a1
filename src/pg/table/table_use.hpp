#pragma once

#include "pg/compat.hpp"

#include "pg/server.hpp"

extern "C" {
#include "executor/executor.h"
}

namespace ferry::pg {

/// The server's check of privileges, as a function asks for it beside the statement that called it. Where a module looks at such
/// checks, as pgaudit and security modules do, it sees a statement of its own with this table in it. permissions: of the one
/// table in state. Calls the server without a guard. Errors: 42501; what the module raises.
void check_permissions(const ParseState* state, compat::Permissions* permissions);

/// Shows to such modules that a function uses an open table, for which no statement of SQL is run. use: ACL_SELECT and so
/// on, of all columns; the right to it has been checked. Errors: what the module raises.
void show_use_to_others(Relation table, AclMode use);

/// Costs nothing where there is no such module.
inline void show_use(Relation table, AclMode use) {
  if (ExecutorCheckPerms_hook != nullptr) show_use_to_others(table, use);
}

}  // namespace ferry::pg
