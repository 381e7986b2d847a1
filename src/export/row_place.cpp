#include "export/row_place.hpp"

#include <cstdio>

#include "pg/server.hpp"

namespace ferry::exporter {

RowPlace::RowText RowPlace::row_text() const {
  RowText out;
  if (shared_scan_ == nullptr) {
    std::snprintf(out.text, sizeof out.text, "%lld", static_cast<long long>(rows_before_ + rows_.row_count() + 1));
    return out;
  }
  const ItemPointerData place = shared_scan_->place();
  std::snprintf(out.text, sizeof out.text, "(%u,%u)", static_cast<unsigned>(ItemPointerGetBlockNumberNoCheck(&place)),
                static_cast<unsigned>(ItemPointerGetOffsetNumberNoCheck(&place)));
  return out;
}

/// Called by the server while it makes an error; raises none.
void RowPlace::describe(void* self) {
  const auto& place = *static_cast<const RowPlace*>(self);
  const map::Column* const column = place.rows_.current_column();
  if (column == nullptr) return;
  // errcontext() by hand: it is a macro made for ereport()
  set_errcontext_domain(TEXTDOMAIN);
  errcontext_msg("%.*srow %s, column %s", static_cast<int>(place.prefix_.size()), place.prefix_.data(), place.row_text().text,
                 column->name.c_str());
}

}  // namespace ferry::exporter
