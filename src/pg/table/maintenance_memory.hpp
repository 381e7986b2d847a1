#pragma once

#include "pg/server.hpp"

namespace ferry::pg {

/// Gives sorts and hash tables of the server's maintenance work 8 MB where maintenance_work_mem is at its default of 64 MB: a
/// load or a restore keeps within its bound of memory then, and is not slower for it. Who has set it to something else has meant
/// it. Returns what to give to restore_maintenance_memory(); an abort of the (sub)transaction does that, too. Calls the server
/// without a guard, and so does the other one.
[[nodiscard]] int limit_maintenance_memory();
void restore_maintenance_memory(int level);

}  // namespace ferry::pg
