#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "load/record/source.hpp"

#include "pg/server.hpp"

namespace ferry::load {

/// Where a load is, in the words of the context of errors. Adds it to that of the server's errors as long as it lives; on the
/// stack only.
class LoadPosition {
 public:
  /// context: what the words begin with, as "COPY jobs". It and source outlive the object.
  LoadPosition(const std::string& context, const Source& source);
  ~LoadPosition() { error_context_stack = callback_.previous; }
  LoadPosition(const LoadPosition&) = delete;
  LoadPosition& operator=(const LoadPosition&) = delete;

  void set(const Record& record) { set(record, record); }
  void set(const Record& first, const Record& last) {
    has_lines_ = first.line_number > 0;
    first_row_ = first.row_number;
    last_row_ = last.row_number;
    first_ = has_lines_ ? first.line_number : first.row_number;
    last_ = has_lines_ ? last.line_number : last.row_number;
  }
  /// "COPY jobs, line 3, column id", zero-terminated; nothing where no record is at work yet. column: may be empty. Raises none.
  void tell(std::string_view column, std::span<char> out) const;

 private:
  static void describe(void* self);

  ErrorContextCallback callback_{};
  const char* context_;
  const Source& source_;
  bool has_lines_ = false;
  std::int64_t first_row_ = 0, last_row_ = 0;
  std::int64_t first_ = 0, last_ = 0;
};

}  // namespace ferry::load
