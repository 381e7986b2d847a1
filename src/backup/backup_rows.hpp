#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "avro/container.hpp"
#include "avro/decode.hpp"
#include "backup/backup_columns.hpp"
#include "backup/hashing_source.hpp"
#include "map/read/row_reader.hpp"
#include "pg/error_context.hpp"
#include "pg/guard.hpp"
#include "pg/progress.hpp"

#include "pg/server.hpp"

namespace ferry::backup {

/// The rows of a table in a backup, one after the other.
class BackupRows {
 public:
  using MatchColumns = MatchedColumns (*)(const avro::Schema& writer, const TableEntry& entry, Relation table);

  /// Matches the columns of the file with those of table, an open one; see MatchedColumns. It belongs to the current memory
  /// context. Errors: those of match and make_reader(); 22P04 a damaged file.
  BackupRows(const std::string& path, const TableEntry& entry, Relation table, pg::Operation operation, MatchColumns match);

  /// Reads the next block of the file; false at its end, which is then checked against the manifest.
  [[nodiscard]] bool next_block();
  /// Decodes the next row of the block into slot, which is empty, and adds the defaults of columns that the file has not; false
  /// at the block's end. In the current memory context. Calls the server without a guard of its own: to be used inside
  /// guarded().
  [[nodiscard]] bool next_row(TupleTableSlot* slot, ExprContext* expressions);
  /// Tells errors until the next next_row() that they are about a row that it gave, so many before the last one.
  void look_back(std::int64_t rows) { looked_back_ = rows; }
  /// pg::call() with the position in the file added to errors, the server's and our own. body calls the server without a guard.
  template <class F>
  void guarded(F&& body) {
    pg::call([&] { pg::with_context([this](std::span<char> out) { tell_position(out); }, body); });
  }

  [[nodiscard]] std::int64_t rows_read() const { return rows_read_; }
  [[nodiscard]] std::int64_t bytes() const { return entry_.bytes; }
  /// Bytes of the block that are decoded.
  [[nodiscard]] std::size_t position() const { return decoder_.position(); }
  [[nodiscard]] const MatchedColumns& columns() const { return columns_; }

 private:
  void tell_position(std::span<char> out) const;

  std::string path_, table_name_;
  const TableEntry& entry_;
  HashingSource source_;
  avro::ContainerReader container_;
  MatchedColumns columns_;
  map::RowReader rows_;
  std::vector<Datum> values_;  ///< of the columns that are read
  std::unique_ptr<bool[]> nulls_;
  avro::Block block_;
  avro::Decoder decoder_;
  std::int64_t next_record_ = 0, looked_back_ = 0, rows_read_ = 0;
  pg::LoadProgress progress_;
};

}  // namespace ferry::backup
