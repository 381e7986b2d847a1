#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "load/source/json_source.hpp"
#include "text/json_reader.hpp"

namespace ferry::load {

/// The rows of a JSON file in UTF-8: JSON lines, or one array.
class JsonFileSource : public Source {
 public:
  /// bytes outlives the source. The others are those of JsonSource.
  JsonFileSource(ByteSource& bytes, std::int64_t bytes_total, std::vector<LoadedColumn> columns,
                 JsonSource::NoSuchColumn no_such_column);

  /// How the file is laid out; known when a record was read.
  [[nodiscard]] const text::JsonReader& reader() const { return reader_; }
  /// A WARNING of an array whose rest became one reject, if that has several lines: it is easily overlooked.
  void warn_of_broken_array() const;

  [[nodiscard]] bool read(Record& record) override;
  void split(const Record& record, Fields& out) override { rows_.split(record, out); }
  [[nodiscard]] std::optional<std::size_t> failed_field() const override { return rows_.failed_field(); }
  [[nodiscard]] bool splits_without_errors() const override { return rows_.splits_without_errors(); }
  [[nodiscard]] RecordText text_of(const Record& record, std::size_t most_bytes) override {
    return rows_.text_of(record, most_bytes);
  }
  [[nodiscard]] bool may_leave_fields_out() const override { return true; }
  [[nodiscard]] std::int64_t bytes_total() const override { return bytes_total_; }
  [[nodiscard]] std::int64_t bytes_read() const override {
    return static_cast<std::int64_t>(bytes_.origin_bytes().value_or(reader_.bytes_consumed()));
  }

 private:
  ByteSource& bytes_;
  std::int64_t bytes_total_;
  text::JsonReader reader_;
  JsonSource rows_;
  std::int64_t broken_line_ = 0,
               broken_lines_ = 0;  ///< where the rest of an array that is one reject starts; how many it takes in
};

/// What is wrong with a text, in UTF-8 or not, that is to be one row; nothing where it is JSON.
[[nodiscard]] std::optional<Problem> json_row_problem(std::string_view raw);

/// Whether a problem is that of the rest of an array, which is no row even where it is JSON.
[[nodiscard]] bool is_of_broken_array(const Problem& problem);

}  // namespace ferry::load
