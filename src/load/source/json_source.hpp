#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "load/record/loaded_column.hpp"
#include "load/record/source.hpp"
#include "load/source/json_literal.hpp"
#include "text/json_batch.hpp"

namespace ferry::load {

/// The rows of one table in a batch of JSON. A key names a column; an absent one takes the column's default, null is NULL.
class JsonSource : public Source {
 public:
  using Row = text::JsonBatch::Row;

  /// What is wrong with a row that has a value for a column of that name, which is none of those that are loaded.
  using NoSuchColumn = std::function<Problem(const std::string& name)>;

  /// rows: of batch. batch and rows outlive the source. columns: those that keys may name.
  JsonSource(const text::JsonBatch& batch, std::span<const Row> rows, std::vector<LoadedColumn> columns,
             NoSuchColumn no_such_column);
  /// For records that come from elsewhere, whose raw bytes are a row in UTF-8; has none of its own.
  JsonSource(std::vector<LoadedColumn> columns, NoSuchColumn no_such_column)
      : JsonSource(single_, {}, std::move(columns), std::move(no_such_column)) {}

  [[nodiscard]] bool read(Record& record) override;
  void split(const Record& record, Fields& out) override;
  [[nodiscard]] std::optional<std::size_t> failed_field() const override { return field_at_work_; }
  [[nodiscard]] RecordText text_of(const Record& record, std::size_t most_bytes) override;
  [[nodiscard]] bool splits_without_errors() const override { return splits_without_errors_; }
  [[nodiscard]] bool may_leave_fields_out() const override { return true; }
  [[nodiscard]] std::int64_t bytes_total() const override { return 0; }
  [[nodiscard]] std::int64_t bytes_read() const override { return bytes_; }

 private:
  bool put_as_before(std::span<const text::JsonView> members, std::vector<Field>& fields) const;
  std::optional<Problem> choose(std::span<const text::JsonView> members);
  std::optional<Problem> put_field(const text::JsonView& member, std::size_t at, Field& field);
  std::optional<Problem> write(const JsonLiterals::Shape& shape, const text::JsonView& member, std::string_view& value);
  [[nodiscard]] std::size_t find_column(std::string_view key, std::size_t member);
  [[nodiscard]] Problem unknown(const text::JsonView& member) const;
  const char* keep(std::string text);

  const text::JsonBatch& batch_;
  std::span<const Row> rows_;
  std::vector<LoadedColumn> columns_;
  NoSuchColumn no_such_column_;
  text::JsonBatch single_{};  ///< a row that does not come from the batch
  JsonLiterals literals_;
  bool is_utf8_;                               ///< the server's encoding
  bool splits_without_errors_;                 ///< nothing has to be looked up or converted
  std::vector<bool> takes_text_;               ///< whether a column's type takes the text of every scalar
  std::vector<std::string> names_;             ///< of the columns, in UTF-8
  std::vector<std::size_t> member_columns_;    ///< their indexes, by member of the row before
  std::vector<const text::JsonView*> chosen_;  ///< by column, its member
  std::deque<std::string> kept_;               ///< texts of fields that are not in the batch as they are needed
  std::optional<std::size_t> field_at_work_;   ///< the field that split() is at
  std::size_t next_ = 0;
  std::int64_t bytes_ = 0;
};

}  // namespace ferry::load
