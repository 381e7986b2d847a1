#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "load/rules.hpp"
#include "load/source.hpp"
#include "text/json_batch.hpp"

namespace ferry::load {

/// The rows of one table in a batch of JSON. A key names a column; an absent one takes the column's default, null is NULL.
class JsonSource : public Source {
 public:
  /// rows: the text of each row in UTF-8. rules outlives the source.
  JsonSource(std::vector<std::string> rows, Rules& rules) : rows_(std::move(rows)), rules_(rules) {}

  [[nodiscard]] bool read(Record& record) override;
  void split(const Record& record, Fields& out) override;
  [[nodiscard]] std::optional<std::string> text_of(const Record& record) override;
  [[nodiscard]] bool may_leave_fields_out() const override { return true; }
  [[nodiscard]] std::int64_t bytes_total() const override { return 0; }
  [[nodiscard]] std::int64_t bytes_read() const override { return bytes_; }

 private:
  void place(text::JsonMember& member, Fields& out);

  std::vector<std::string> rows_;
  Rules& rules_;
  std::size_t next_ = 0;
  std::int64_t bytes_ = 0;
  std::vector<text::JsonMember> members_;
};

}  // namespace ferry::load
