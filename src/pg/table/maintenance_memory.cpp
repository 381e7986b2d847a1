#include "pg/table/maintenance_memory.hpp"

#include "pg/server.hpp"

extern "C" {
#include "utils/guc.h"
}

namespace ferry::pg {

int limit_maintenance_memory() {
  constexpr int kDefaultKb = 64 << 10;
  const int level = NewGUCNestLevel();
  if (maintenance_work_mem == kDefaultKb)
    set_config_option("maintenance_work_mem", "8MB", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
  return level;
}

void restore_maintenance_memory(int level) { AtEOXact_GUC(true, level); }

}  // namespace ferry::pg
