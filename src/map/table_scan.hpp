#pragma once

#include <cstddef>

#include "map/row_writer.hpp"
#include "pg/page_scan.hpp"

#include "pg/server.hpp"

extern "C" {
#include "access/tupconvert.h"
}

namespace ferry::map {

/// All rows of a table, or of a partition as rows of its root, on their way from a scan into a RowWriter. The functions call the
/// server without a guard; after an error the abort of the (sub)transaction cleans up.
class TableScan {
 public:
  /// shared: of a scan that several processes share; then snapshot is not used. rows: of the table root.
  void begin(Relation root, Relation table, Snapshot snapshot, ParallelTableScanDesc shared, RowWriter& rows);

  /// Appends rows until the block is full; false at the scan's end, after which it must not be called. An interrupt stops it.
  bool append_to(RowWriter& rows, std::size_t block_bytes);
  void end();

  /// Of the row at work.
  [[nodiscard]] ItemPointerData place() const { return has_pages_ ? pages_.place() : slot_->tts_tid; }

 private:
  bool append_page_rows(RowWriter& rows, std::size_t block_bytes);
  bool append_slots(RowWriter& rows, std::size_t block_bytes);

  TableScanDesc scan_ = nullptr;
  TupleTableSlot *slot_ = nullptr, *root_slot_ = nullptr;
  TupleConversionMap* map_ = nullptr;
  pg::PageScan pages_;
  bool has_pages_ = false;
};

}  // namespace ferry::map
