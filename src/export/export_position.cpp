#include "export/export_position.hpp"

#include <cstdio>

#include "pg/server.hpp"

namespace ferry::exporter {

void ExportPosition::tell(std::span<char> out) const {
  out[0] = '\0';
  const map::Column* const column = rows_.current_column();
  if (column == nullptr) return;
  char row[32];
  if (shared_scan_ == nullptr) {
    std::snprintf(row, sizeof row, "%lld", static_cast<long long>(rows_before_ + rows_.row_count() + 1));
  } else {
    const ItemPointerData tid = shared_scan_->tid();
    std::snprintf(row, sizeof row, "(%u,%u)", static_cast<unsigned>(ItemPointerGetBlockNumberNoCheck(&tid)),
                  static_cast<unsigned>(ItemPointerGetOffsetNumberNoCheck(&tid)));
  }
  std::snprintf(out.data(), out.size(), "%.*srow %s, column %s", static_cast<int>(prefix_.size()), prefix_.data(), row,
                column->name.c_str());
}

}  // namespace ferry::exporter
