#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "load/record/source.hpp"
#include "load/source/expression_set.hpp"

namespace ferry::load {

/// The records of another source, some of whose columns are computed by expressions over its fields.
class ExpressionSource : public Source {
 public:
  /// Where the value of a column comes from.
  struct Origin {
    bool is_expression;
    std::size_t index;  ///< of the expression, or of the field of the other source
  };
  struct Plan {
    std::unique_ptr<ExpressionSet> expressions{};
    std::vector<Origin> columns{};         ///< of the load, in their order
    std::vector<std::size_t> variables{};  ///< the fields of the other source that the expressions' variables are
    bool looks_at_tables = false;          ///< an expression may look at tables
    std::deque<std::string> names{};       ///< of fields, where they are no columns
  };
  /// records outlives the source.
  ExpressionSource(Source& records, Plan plan);

  [[nodiscard]] bool read(Record& record) override;
  void split(const Record& record, Fields& out) override;
  [[nodiscard]] std::optional<std::size_t> failed_field() const override;
  [[nodiscard]] bool texts_may_grow() const override { return true; }
  [[nodiscard]] std::size_t most_records() const override { return most_records_; }
  [[nodiscard]] bool looks_at_tables() const override { return plan_.looks_at_tables; }
  [[nodiscard]] bool tell_location(std::int64_t first_row, std::int64_t last_row, std::span<char> out) const override {
    return records_.tell_location(first_row, last_row, out);
  }
  [[nodiscard]] RecordText text_of(const Record& record, std::size_t most_bytes) override {
    return records_.text_of(record, most_bytes);
  }
  [[nodiscard]] bool may_leave_fields_out() const override { return records_.may_leave_fields_out(); }
  [[nodiscard]] bool takes_whole_decimals() const override { return records_.takes_whole_decimals(); }
  [[nodiscard]] std::int64_t bytes_total() const override { return records_.bytes_total(); }
  [[nodiscard]] std::int64_t bytes_read() const override { return records_.bytes_read(); }

 private:
  /// How large the values of expressions are tells only those that were computed: the first records are few.
  static constexpr std::size_t kFirstRecords = 4;
  void compute(Fields& out);

  Source& records_;
  Plan plan_;
  Fields fields_;                         ///< of the other source
  std::vector<const Field*> values_;      ///< of the variables
  std::optional<std::size_t> computing_;  ///< the column at work
  std::size_t most_records_ = kFirstRecords;
  std::size_t largest_bytes_ = 0;  ///< of the values computed for a record since the last one was read
};

}  // namespace ferry::load
