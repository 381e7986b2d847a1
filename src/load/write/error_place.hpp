#pragma once

#include <cstdint>
#include <string>

#include "load/source/source.hpp"

#include "pg/server.hpp"

namespace ferry::load {

/// Adds the place where a load is to the context of the server's errors, as long as it lives; on the stack only.
class ErrorPlace {
 public:
  /// table_name and source outlive the object.
  ErrorPlace(const std::string& table_name, const Source& source);
  ~ErrorPlace() { error_context_stack = callback_.previous; }
  ErrorPlace(const ErrorPlace&) = delete;
  ErrorPlace& operator=(const ErrorPlace&) = delete;

  void set(const Record& record) { set(record, record); }
  void set(const Record& first, const Record& last) {
    has_lines_ = first.line_number > 0;
    first_row_ = first.row_number;
    last_row_ = last.row_number;
    first_ = has_lines_ ? first.line_number : first.row_number;
    last_ = has_lines_ ? last.line_number : last.row_number;
  }

 private:
  static void describe(void* self);

  ErrorContextCallback callback_{};
  const char* table_name_;
  const Source& source_;
  bool has_lines_ = false;
  std::int64_t first_row_ = 0, last_row_ = 0;
  std::int64_t first_ = 0, last_ = 0;
};

}  // namespace ferry::load
