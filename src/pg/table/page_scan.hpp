#pragma once

#include <algorithm>
#include <cstddef>

#include "pg/compat.hpp"

#include "pg/server.hpp"

extern "C" {
#include "access/heapam.h"
#include "access/relscan.h"
#include "pgstat.h"
#include "storage/bufmgr.h"
}

namespace ferry::pg {

/// The rows of a sequential scan, or of one of a range of pages, as they lie on the pages of a heap. The server's scan finds a
/// page's visible rows at once and then puts them one by one into a slot; here the slot is left out. Everything else, what is
/// visible, locked, counted and predicate-locked (of a range: not that), remains the scan's doing. Calls the server without a
/// guard.
class PageScan {
 public:
  /// The next row of a scan of all pages, or of the range that the scan has; false at the end.
  static bool next_row(TableScanDesc scan, TupleTableSlot* slot) {
    const bool has_range = (scan->rs_flags & SO_TYPE_TIDRANGESCAN) != 0;
    return has_range ? table_scan_getnextslot_tidrange(scan, ForwardScanDirection, slot)
                     : table_scan_getnextslot(scan, ForwardScanDirection, slot);
  }

  /// Whether a scan of that table, begun with an MVCC snapshot, can be read this way.
  static bool fits(Relation table) { return table->rd_tableam == GetHeapamTableAmRoutine(); }

  PageScan() = default;
  /// scan: of a table that fits, without keys, not begun yet; to be ended by the caller. slot: of the table.
  PageScan(TableScanDesc scan, TupleTableSlot* slot) : scan_(reinterpret_cast<HeapScanDesc>(scan)), slot_(slot) {}

  /// The next row, valid until the call after it; null at the end, after which there must be no further call until the scan has
  /// another range. May be called after an interruption of any length. Interrupts are checked once a page.
  HeapTupleHeader next() {
    if (!is_on_page_ || scan_->rs_cindex + 1 >= scan_->rs_ntuples) return next_page();
    scan_->rs_cindex++;
    pgstat_count_heap_getnext(scan_->rs_base.rs_rd);
    if (scan_->rs_cindex + kPrefetchRows < scan_->rs_ntuples) __builtin_prefetch(row_at(scan_->rs_cindex + kPrefetchRows));
    return row_at(scan_->rs_cindex);
  }

  /// Of the row that next() returned.
  [[nodiscard]] ItemPointerData tid() const {
    ItemPointerData tid;
    ItemPointerSet(&tid, scan_->rs_cblock, scan_->rs_vistuples[scan_->rs_cindex]);
    return tid;
  }

 private:
  /// So far ahead rows are asked for: memory answers slowly, and rows lie on the page backwards.
  static constexpr int kPrefetchRows = 16;

  template <class Index>
  [[nodiscard]] HeapTupleHeader row_at(Index index) const {
    Page const page = BufferGetPage(scan_->rs_cbuf);
    return reinterpret_cast<HeapTupleHeader>(PageGetItem(page, PageGetItemId(page, scan_->rs_vistuples[index])));
  }

  HeapTupleHeader next_page() {
    is_on_page_ = next_row(&scan_->rs_base, slot_);
    if (!is_on_page_) return nullptr;
    // not in a function of its own, whose calls the compiler would leave out as those of one without effect
    const auto end = std::min(scan_->rs_cindex + kPrefetchRows, scan_->rs_ntuples);
    for (auto row = scan_->rs_cindex; row < end; row++) __builtin_prefetch(row_at(row));
    return row_at(scan_->rs_cindex);
  }

  HeapScanDesc scan_ = nullptr;
  TupleTableSlot* slot_ = nullptr;
  bool is_on_page_ = false;
};

}  // namespace ferry::pg
