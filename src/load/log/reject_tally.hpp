#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "load/record/record.hpp"

namespace ferry::load {

/// Counts rejects by what they were rejected for: SQLSTATE, and constraint or column. Of very many reasons the first ones are
/// told apart.
class RejectTally {
 public:
  void add(const Problem& problem);
  [[nodiscard]] std::int64_t total() const { return total_; }
  /// "23505 (constraint "jobs_pkey"): 17, 22P02 (column "id"): 3", the most frequent first.
  [[nodiscard]] std::string text() const;

 private:
  std::map<std::string, std::int64_t> counts_;
  std::int64_t others_ = 0, total_ = 0;
};

/// "17 rejects of load 4 are not in the log"
[[nodiscard]] std::string not_in_log(std::int64_t count, std::int64_t load_id);

}  // namespace ferry::load
