#pragma once

#include <vector>

#include "backup/manifest.hpp"
#include "backup/table_plan.hpp"

namespace ferry::backup {

/// Tells the user what of the tables a backup of them will not have or cannot give back: rows of children by inheritance that are
/// not in it, and values that have no form in which they come back as they are. The tables are locked.
void report_shortcomings(const std::vector<PlannedTable>& tables);

/// Tells the user which tables of a backup do not show its snapshot.
void report_missing_snapshot(const Manifest& manifest);

}  // namespace ferry::backup
