#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/bytes.hpp"
#include "map/types/output_settings.hpp"
#include "map/types/table.hpp"
#include "map/write/stored_column.hpp"
#include "map/write/value_writer.hpp"

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

  /// Takes rows of a heap by append_stored(), too, from now on: those of a table with that descriptor, which has the columns at
  /// the order and with the types that the table written has them. descriptor stays. False where columns are not written in the
  /// order in which they are stored: only append() will do then.
  [[nodiscard]] bool take_stored_rows(TupleDesc descriptor);
  /// The same as append() for a row as a heap stores it. Precondition: take_stored_rows() was true.
  void append_stored(HeapTupleHeader row);

  /// Output functions go by settings (OutputSettings), which append() sets for each row where a column needs them. Between
  /// these two calls they are set once; nothing of the user's may run there. Both call the server without a guard.
  void begin_batch();
  void end_batch();

  /// The column whose value was being written when append() raised; null between rows.
  [[nodiscard]] const Column* current_column() const {
    return current_stored_ != nullptr && current_stored_->node != nullptr ? column_of(*current_stored_) : current_;
  }

  /// Whether parallel workers may write such rows.
  [[nodiscard]] bool is_parallel_safe() const {
    return std::all_of(steps_.begin(), steps_.end(), [](const Step& step) { return step.node.is_parallel_safe; });
  }
  /// Whether a block of that size is full. Rows of no column take no bytes.
  [[nodiscard]] bool is_full(std::size_t block_bytes) const {
    return values_.size_bytes() >= block_bytes || row_count_ >= kMaxBlockRows;
  }
  [[nodiscard]] std::int64_t row_count() const { return row_count_; }
  [[nodiscard]] std::size_t size_bytes() const { return values_.size_bytes(); }
  /// Valid until the next append() or clear().
  [[nodiscard]] ByteView payload() const { return values_.bytes(); }
  /// Begins the next block.
  void clear() { values_.clear(), row_count_ = 0; }

 private:
  static constexpr std::int64_t kMaxBlockRows = 1'000'000;
  struct Step {
    int at;  ///< in the row
    bool is_nullable;
    ValueNode node;
  };

  template <class F>
  void append_row(F&& put_values);
  void append_values(const Datum* values, const bool* nulls);
  void append_deformed(HeapTupleHeader row);
  [[noreturn]] void fail_null(const Column& column) const;
  [[nodiscard]] const Column* column_of(const StoredColumn& stored) const { return &table_.columns[stored.column]; }

  Table table_;
  std::vector<Step> steps_;           ///< as the columns of table_
  std::vector<StoredColumn> stored_;  ///< the columns of rows of a heap, up to the last that is written
  TupleDesc descriptor_ = nullptr;    ///< of such rows
  ValueWriter values_;
  /// Of a row: branches, values of a fixed size, and what encode_long() may write after the last.
  std::size_t fixed_bytes_ = avro::kMaxLongBytes;
  std::int64_t row_count_ = 0;
  int attribute_count_ = 0;  ///< of the row, up to the last column that is written
  const Column* current_ = nullptr;
  const StoredColumn* current_stored_ = nullptr;
  OutputSettings settings_;
  bool needs_settings_ = false, is_in_batch_ = false;
  MemoryContext row_context_;
};

}  // namespace ferry::map
