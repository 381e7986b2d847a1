#pragma once

#include <cstdint>
#include <string_view>

#include "avro/block_encoder.hpp"
#include "base/bytes.hpp"
#include "export/export_position.hpp"
#include "export/shared_export.hpp"
#include "export/table_scan.hpp"
#include "map/write/row_writer.hpp"

#include "pg/server.hpp"

namespace ferry::exporter {

/// A block, and where in the table its rows are.
struct Piece {
  PieceHead head;
  ByteView block;
};

/// The share that one process, the leader or a worker, has in an export: takes the range of pages that is next and makes blocks
/// of its rows. A range is as long as will make one block, going by the range before.
class ExportShare {
 public:
  /// rows: of root, empty. All outlive the object. snapshot: the same in all processes.
  ExportShare(SharedJob& job, std::string_view context_prefix, Relation root, Relation table, Snapshot snapshot,
              map::RowWriter& rows);
  ExportShare(const ExportShare&) = delete;
  ExportShare& operator=(const ExportShare&) = delete;

  /// The next piece, valid until the next call; false where all pages are taken. Errors: those of RowWriter::append(), with row
  /// and column in the context, and of the codec.
  [[nodiscard]] bool make(Piece& piece);
  void end();

 private:
  bool take_range();

  SharedJob& job_;
  map::RowWriter& rows_;
  avro::BlockEncoder encoder_;
  TableScan scan_;
  ExportPosition position_;
  bool is_in_range_ = false;
  BlockNumber first_page_ = 0, page_count_;  ///< of the range
  std::size_t range_bytes_ = 0;              ///< of its rows, encoded
};

}  // namespace ferry::exporter
