#pragma once

#include "pg/server.hpp"

extern "C" {
#include "nodes/parsenodes.h"
}

namespace ferry::copy {

/// Whether a statement that says nothing of errors is a load because pg_ferry.on_error says reject: a COPY FROM in text or CSV
/// into a table that loads take. Not while a dump is restored, not with FREEZE, not in a database without the extension, not for
/// the extension's own tables, which a dump restores; and not in a function that is SECURITY DEFINER, where the setting is that
/// of somebody else. Locks the table as COPY does. Calls the server without a guard.
[[nodiscard]] bool is_load_by_setting(const CopyStmt& statement);

}  // namespace ferry::copy
