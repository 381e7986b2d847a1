#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.hpp"
#include "map/types.hpp"
#include "map/output_settings.hpp"
#include "map/value_writer.hpp"

#include "pg/server.hpp"

namespace ferry::map {

/// Encodes rows as Avro records of record_schema(), one after the other into the payload of a block. Rows go from the tuple
/// into the payload with no copy between, but for values that are compressed or out of line.
class RowWriter {
 public:
  /// The writer belongs to the current memory context.
  RowWriter(const Table& table, Profile profile);
  RowWriter(const RowWriter&) = delete;
  RowWriter& operator=(const RowWriter&) = delete;

  /// Appends the row in slot, which has the row type of the table. Calls the server without a guard of its own: to be used
  /// inside pg::call(), many rows in one. Errors, after which the payload is unspecified: 22P05 text that has no form in UTF-8;
  /// 22021 text that is not of the database's encoding; in profile interop 22003, 22008, 2202E values that have no form.
  void append(TupleTableSlot* slot);

  /// Output functions go by settings (OutputSettings), which append() sets for each row where a column needs them. Between
  /// these two calls they are set once; nothing of the user's may run there. Both call the server without a guard.
  void begin_batch();
  void end_batch();

  /// The column whose value was being written when append() raised; null between rows.
  [[nodiscard]] const Column* current_column() const { return current_; }

  [[nodiscard]] std::int64_t row_count() const { return row_count_; }
  [[nodiscard]] std::size_t size_bytes() const { return values_.size_bytes(); }
  /// Valid until the next append() or clear().
  [[nodiscard]] ByteView payload() const { return values_.bytes(); }
  /// Begins the next block.
  void clear() { values_.clear(), row_count_ = 0; }

 private:
  struct Step {
    int at;  ///< in the row
    bool is_nullable;
    ValueNode node;
  };

  void append_values(const Datum* values, const bool* nulls);

  Table table_;
  std::vector<Step> steps_;  ///< as the columns of table_
  ValueWriter values_;
  std::size_t fixed_bytes_ = 0;  ///< of a row: branches and values of a fixed size
  std::int64_t row_count_ = 0;
  int attribute_count_ = 0;  ///< of the row, up to the last column that is written
  const Column* current_ = nullptr;
  OutputSettings settings_;
  bool needs_settings_ = false, is_in_batch_ = false;
  MemoryContext row_context_;
};

}  // namespace ferry::map
