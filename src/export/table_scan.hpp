#pragma once

#include <cstddef>

#include "map/write/row_writer.hpp"
#include "pg/table/page_scan.hpp"

#include "pg/server.hpp"

extern "C" {
#include "access/tupconvert.h"
}

namespace ferry::exporter {

/// All rows of a table, or of a partition as rows of its root, on their way from a scan into a RowWriter. The functions call the
/// server without a guard; after an error the abort of the (sub)transaction cleans up.
class TableScan {
 public:
  /// Of all rows, in the order of the table. rows: of root.
  void begin(Relation root, Relation table, Snapshot snapshot, map::RowWriter& rows);

  /// Of rows in ranges of pages, in their order; the table is a heap. In a serializable transaction somebody else locks it
  /// against the writes of others.
  void begin_ranges(Relation root, Relation table, Snapshot snapshot, map::RowWriter& rows);

  /// Before the first row of begin_ranges(), and after the last row of each range. page_count: not 0.
  void set_range(BlockNumber first_page, BlockNumber page_count);

  /// Appends rows until the block is full; false at the end of the scan or range, after which it must not be called until there
  /// is another range. An interrupt stops it.
  bool append_to(map::RowWriter& rows, std::size_t block_bytes);
  void end();

  /// Of the row at work.
  [[nodiscard]] ItemPointerData tid() const { return has_pages_ ? pages_.tid() : slot_->tts_tid; }

 private:
  void begin(Relation root, Relation table, map::RowWriter& rows);
  bool append_page_rows(map::RowWriter& rows, std::size_t block_bytes);
  bool append_slots(map::RowWriter& rows, std::size_t block_bytes);

  TableScanDesc scan_ = nullptr;
  TupleTableSlot *slot_ = nullptr, *root_slot_ = nullptr;
  TupleConversionMap* map_ = nullptr;
  pg::PageScan pages_;
  bool has_pages_ = false;
};

}  // namespace ferry::exporter
