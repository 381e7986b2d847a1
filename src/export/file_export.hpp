#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "avro/container.hpp"
#include "export/export_position.hpp"
#include "export/table_export.hpp"
#include "map/types/table.hpp"
#include "map/write/row_writer.hpp"
#include "pg/progress.hpp"

#include "pg/server.hpp"

namespace ferry::exporter {

/// Rows on their way into a container file, of tables or of a query: they are gathered in blocks and written, and the progress is
/// shown. The schema, the sync marker, the writer and the progress are its own.
class FileExport {
 public:
  /// Prepares for rows of table, which outlives the object; nothing is written yet. progress: with table and kind.
  /// Errors: 22023 names that Avro does not allow.
  FileExport(const map::Table& table, const FileOptions& options, const pg::ExportProgress& progress);
  FileExport(const FileExport&) = delete;
  FileExport& operator=(const FileExport&) = delete;

  /// Writes the file's header; blocks go there, too. sink outlives the object.
  void begin(ByteSink& sink);
  /// Adds the row in slot to the block. Calls the server without a guard. Errors: those of map::RowWriter::append(), with the
  /// row and the column in the context.
  void append(TupleTableSlot* slot);
  [[nodiscard]] bool is_block_full() const { return rows_.is_full(options_.block_bytes); }
  /// Writes the block, which may be empty, and begins the next.
  void write_block();
  /// Writes all rows of an open table that the active snapshot sees. leaf: root, or one of its leaf partitions.
  void write_all(Relation root, Relation leaf);
  /// All rows are written.
  void finish() const { progress_.end(); }

  [[nodiscard]] const std::string& schema_json() const { return schema_json_; }
  [[nodiscard]] std::int64_t row_count() const { return progress_.rows; }

 private:
  void show_progress(std::int64_t rows);

  const map::Table& table_;
  FileOptions options_;
  std::string schema_json_;
  avro::SyncMarker sync_marker_;
  map::RowWriter rows_;
  ExportPosition position_;
  std::optional<avro::ContainerWriter> file_;
  pg::ExportProgress progress_;
};

}  // namespace ferry::exporter
