#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "avro/container.hpp"
#include "copy/avro_options.hpp"
#include "export/row_place.hpp"
#include "map/write/row_writer.hpp"
#include "map/types/types.hpp"
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
  [[nodiscard]] bool is_block_full() const { return rows_.is_full(options_.block_bytes); }
  /// Writes the block, which may be empty, and begins the next.
  void write_block();
  /// Writes all rows of an open table, leaf: root, or one of its leaf partitions. table: the columns, of root.
  void write_all(Relation root, Relation leaf, const map::Table& table);
  /// All rows are written.
  void finish() const { progress_.end(); }
  [[nodiscard]] std::int64_t row_count() const { return progress_.rows; }

 private:
  void show_progress(std::int64_t rows);

  ExportOptions options_;
  std::string place_prefix_, schema_json_;
  avro::SyncMarker sync_marker_;
  map::RowWriter rows_;
  exporter::RowPlace place_;
  std::optional<avro::ContainerWriter> file_;
  pg::ExportProgress progress_;
};

}  // namespace ferry::copy
