#include "export/table_scan.hpp"

#include "pg/server.hpp"

extern "C" {
#include "access/tableam.h"
#include "executor/tuptable.h"
}

namespace ferry::exporter {

void TableScan::begin(Relation root, Relation table, Snapshot snapshot, map::RowWriter& rows) {
  // not where other scans of the table happen to be
  constexpr bool kMayBeginAnywhere = false;
  scan_ = table_beginscan_strat(table, snapshot, 0, nullptr, true, kMayBeginAnywhere);
  begin(root, table, rows);
}

void TableScan::begin_ranges(Relation root, Relation table, Snapshot snapshot, map::RowWriter& rows) {
  // as table_beginscan_tidrange(), but a large table does not push all else out of the buffers
  constexpr uint32 kFlags = SO_TYPE_TIDRANGESCAN | SO_ALLOW_PAGEMODE | SO_ALLOW_STRAT;
  scan_ = table->rd_tableam->scan_begin(table, snapshot, 0, nullptr, nullptr, kFlags);
  begin(root, table, rows);
}

void TableScan::begin(Relation root, Relation table, map::RowWriter& rows) {
  slot_ = table_slot_create(table, nullptr);
  if (table != root) map_ = convert_tuples_by_name(RelationGetDescr(table), RelationGetDescr(root));
  if (map_ != nullptr) {
    root_slot_ = MakeSingleTupleTableSlot(RelationGetDescr(root), &TTSOpsVirtual);
    return;
  }
  has_pages_ = pg::PageScan::fits(table) && rows.take_stored_rows(slot_->tts_tupleDescriptor);
  if (has_pages_) pages_ = pg::PageScan(scan_, slot_);
}

void TableScan::set_range(BlockNumber first_page, BlockNumber page_count) {
  ItemPointerData first, last;
  ItemPointerSet(&first, first_page, FirstOffsetNumber);
  ItemPointerSet(&last, first_page + page_count - 1, MaxOffsetNumber);
  table_rescan_tidrange(scan_, &first, &last);
}

bool TableScan::append_to(map::RowWriter& rows, std::size_t block_bytes) {
  rows.begin_batch();
  const bool has_more = has_pages_ ? append_page_rows(rows, block_bytes) : append_slots(rows, block_bytes);
  rows.end_batch();
  return has_more;
}

bool TableScan::append_page_rows(map::RowWriter& rows, std::size_t block_bytes) {
  while (!rows.is_full(block_bytes)) {
    HeapTupleHeader const row = pages_.next();
    if (row == nullptr) return false;
    rows.append_stored(row);
  }
  return true;
}

bool TableScan::append_slots(map::RowWriter& rows, std::size_t block_bytes) {
  while (!rows.is_full(block_bytes)) {
    CHECK_FOR_INTERRUPTS();
    if (!pg::PageScan::next_row(scan_, slot_)) return false;
    rows.append(map_ == nullptr ? slot_ : execute_attr_map_slot(map_->attrMap, slot_, root_slot_));
  }
  return true;
}

void TableScan::end() {
  table_endscan(scan_);
  ExecDropSingleTupleTableSlot(slot_);
  if (root_slot_ != nullptr) ExecDropSingleTupleTableSlot(root_slot_);
}

}  // namespace ferry::exporter
