#include "map/table_scan.hpp"

#include "pg/compat.hpp"

#include "pg/server.hpp"

extern "C" {
#include "executor/tuptable.h"
}

namespace ferry::map {

void TableScan::begin(Relation root, Relation table, Snapshot snapshot, ParallelTableScanDesc shared, RowWriter& rows) {
  scan_ = shared == nullptr ? pg::compat::begin_table_scan(table, snapshot) : pg::compat::begin_parallel_scan(table, shared);
  slot_ = table_slot_create(table, nullptr);
  if (table != root) map_ = convert_tuples_by_name(RelationGetDescr(table), RelationGetDescr(root));
  if (map_ != nullptr) {
    root_slot_ = MakeSingleTupleTableSlot(RelationGetDescr(root), &TTSOpsVirtual);
    return;
  }
  has_pages_ = pg::PageScan::fits(table) && rows.take_stored_rows(slot_->tts_tupleDescriptor);
  if (has_pages_) pages_ = pg::PageScan(scan_, slot_);
}

bool TableScan::append_to(RowWriter& rows, std::size_t block_bytes) {
  rows.begin_batch();
  const bool has_more = has_pages_ ? append_page_rows(rows, block_bytes) : append_slots(rows, block_bytes);
  rows.end_batch();
  return has_more;
}

bool TableScan::append_page_rows(RowWriter& rows, std::size_t block_bytes) {
  while (!rows.is_full(block_bytes)) {
    HeapTupleHeader const row = pages_.next();
    if (row == nullptr) return false;
    rows.append_stored(row);
  }
  return true;
}

bool TableScan::append_slots(RowWriter& rows, std::size_t block_bytes) {
  while (!rows.is_full(block_bytes)) {
    CHECK_FOR_INTERRUPTS();
    if (!table_scan_getnextslot(scan_, ForwardScanDirection, slot_)) return false;
    rows.append(map_ == nullptr ? slot_ : execute_attr_map_slot(map_->attrMap, slot_, root_slot_));
  }
  return true;
}

void TableScan::end() {
  table_endscan(scan_);
  ExecDropSingleTupleTableSlot(slot_);
  if (root_slot_ != nullptr) ExecDropSingleTupleTableSlot(root_slot_);
}

}  // namespace ferry::map
