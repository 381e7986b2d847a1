#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "avro/container.hpp"
#include "avro/decode.hpp"
#include "base/io.hpp"
#include "load/record/expression.hpp"
#include "load/record/source.hpp"
#include "map/read/row_reader.hpp"

namespace ferry::load {

struct AvroOptions {
  map::Match match = map::Match::name;
  std::vector<std::string> columns{};     ///< the columns to load; empty: all that the file has fields for
  std::vector<Expression> expressions{};  ///< whose columns are loaded, too
  std::string file{};                     ///< for the context of errors; empty: none
  std::size_t max_block_bytes = std::size_t{256} << 20;
  std::int64_t bytes_total = 0;  ///< of the file; 0: not known
};

/// Records of an Avro container file. A record's raw bytes are its binary encoding, its text is JSON. Values go from there into
/// the columns' types, with no text between where the types allow it.
class AvroSource : public Source {
 public:
  /// Reads the file's header. bytes outlives the source. context: what the context of errors while records are read begins with.
  /// Errors: 22P04 a malformed file.
  AvroSource(ByteSource& bytes, const AvroOptions& options, std::string context);

  [[nodiscard]] const avro::Schema& schema() const { return file_->schema(); }
  /// Finds the fields for targets; before the first record. The positions of the targets that have one: records have those fields
  /// in that order. Errors: 42804 a field that does not fit its column; those of map::RowReader.
  [[nodiscard]] const std::vector<std::size_t>& fill(const std::vector<map::ReadColumn>& columns);
  /// Behind those, records have the fields of the file with these names, as values of these types. Errors: as fill().
  void add_variables(const std::vector<map::ReadColumn>& fields);

  /// Errors, with file, block and record in the context: 22P04 a malformed file; 54000 a limit; 0A000 a codec.
  [[nodiscard]] bool read(Record& record) override;
  void split(const Record& record, Fields& out) override;
  [[nodiscard]] std::optional<std::size_t> failed_field() const override;
  [[nodiscard]] bool splits_without_errors() const override { return !variables_ && rows_->reads_without_errors(); }
  /// A number or a symbol may become a text.
  [[nodiscard]] bool texts_may_grow() const override { return rows_->makes_texts(); }
  [[nodiscard]] bool tell_location(std::int64_t first_row, std::int64_t last_row, std::span<char> out) const override;
  [[nodiscard]] RecordText text_of(const Record& record, std::size_t most_bytes) override;
  [[nodiscard]] bool may_leave_fields_out() const override { return false; }
  [[nodiscard]] std::int64_t bytes_total() const override { return options_.bytes_total; }
  [[nodiscard]] std::int64_t bytes_read() const override {
    return static_cast<std::int64_t>(bytes_.origin_bytes().value_or(file_->position()));
  }

 private:
  /// Where a block begins.
  struct BlockStart {
    std::int64_t first_row;
    std::uint64_t number;
  };

  bool next_block();
  [[nodiscard]] const BlockStart* block_of(std::int64_t row) const;

  ByteSource& bytes_;
  AvroOptions options_;
  std::string context_;
  std::unique_ptr<avro::ContainerReader> file_;
  std::unique_ptr<map::RowReader> rows_;
  avro::Block block_{};
  avro::Decoder decoder_{ByteView{}};
  bool ended_ = false;
  std::int64_t rows_read_ = 0, next_record_ = 0;  ///< of the file; of the block
  std::deque<BlockStart> blocks_;                 ///< those of the records that errors may still tell of
  std::vector<std::string> column_names_;
  std::vector<std::size_t> column_of_field_;
  std::vector<Datum> values_;  ///< by column, and behind them those of variables
  std::unique_ptr<bool[]> nulls_;
  std::unique_ptr<map::RowReader> variables_;  ///< null without any
  std::vector<std::string> variable_names_;
};

}  // namespace ferry::load
