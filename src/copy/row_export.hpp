#pragma once

#include <cstdint>
#include <string>

#include "avro/container.hpp"
#include "copy/avro_options.hpp"
#include "map/row_writer.hpp"
#include "map/types.hpp"
#include "pg/progress.hpp"

#include "pg/server.hpp"

namespace ferry::copy {

/// Rows on their way into a container file: they are gathered in blocks and written, and the progress is shown.
class RowExport {
 public:
  /// Prepares for rows of table; nothing is written yet. name: of the table in the context of errors; empty for a query.
  /// progress: with table and kind. Errors: 22023 names that Avro does not allow.
  RowExport(const map::Table& table, const ExportOptions& options, std::string name, const pg::ExportProgress& progress);
  RowExport(const RowExport&) = delete;
  RowExport& operator=(const RowExport&) = delete;

  /// Writes the file's header; blocks go there, too. sink outlives the object.
  void begin(ByteSink& sink);
  /// Adds the row in slot to the block. Calls the server without a guard. Errors: those of map::RowWriter::append(), with the
  /// row and the column in the context.
  void append(TupleTableSlot* slot);
  /// Adds rows of a scan until the block is full; false at the scan's end. Calls the server without a guard.
  bool append_from(TableScanDesc scan, TupleTableSlot* slot);
  [[nodiscard]] bool is_block_full() const {
    return rows_.size_bytes() >= options_.block_bytes || rows_.row_count() >= kMaxBlockRows;
  }
  /// Writes the block, which may be empty, and begins the next.
  void write_block();
  /// All rows are written.
  void finish() const { progress_.end(); }
  [[nodiscard]] std::int64_t row_count() const { return progress_.rows; }

 private:
  /// Rows of no column take no bytes.
  static constexpr std::int64_t kMaxBlockRows = 1'000'000;
  static void describe_place(void* self);
  template <class F>
  auto at_place(F&& body);
  /// Of the row at work, from 1.
  [[nodiscard]] std::int64_t row_number() const { return progress_.rows + rows_.row_count() + 1; }

  ExportOptions options_;
  std::string name_, schema_json_;
  map::RowWriter rows_;
  std::optional<avro::ContainerWriter> file_;
  pg::ExportProgress progress_;
};

}  // namespace ferry::copy
