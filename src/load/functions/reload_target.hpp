#pragma once

#include <cstdint>

#include "load/log/stored_load.hpp"
#include "load/logged_options.hpp"
#include "load/table/target_table.hpp"

namespace ferry::load {

/// Where the rejects of a load are loaded again: the table that has the name of the load's table now, under the user's
/// privileges.
class ReloadTarget {
 public:
  /// Errors: 0A000 a format that cannot be loaded again, row-level security; 42P01, 42703 the table or a column is gone; 42501;
  /// 55000 a dry run, a COPY with WHERE, or a table that has another owner now.
  ReloadTarget(const LoggedLoad& load, std::int64_t load_id);
  [[nodiscard]] const LoggedOptions& options() const { return options_; }
  [[nodiscard]] TargetTable& table() { return table_; }

 private:
  LoggedOptions options_;
  TargetTable table_;
};

}  // namespace ferry::load
