#include "load/log/reject_tally.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/concat.hpp"

namespace ferry::load {

namespace {

constexpr std::size_t kMostReasons = 50;

std::string reason_of(const Problem& problem) {
  if (!problem.constraint.empty()) return concat(problem.sqlstate, " (constraint \"", problem.constraint, "\")");
  if (!problem.column.empty()) return concat(problem.sqlstate, " (column \"", problem.column, "\")");
  return problem.sqlstate;
}

}  // namespace

void RejectTally::add(const Problem& problem) {
  total_++;
  const std::string reason = reason_of(problem);
  if (const auto known = counts_.find(reason); known != counts_.end())
    known->second++;
  else if (counts_.size() < kMostReasons)
    counts_.emplace(reason, 1);
  else
    others_++;
}

std::string RejectTally::text() const {
  std::vector<std::pair<std::string, std::int64_t>> ordered(counts_.begin(), counts_.end());
  std::stable_sort(ordered.begin(), ordered.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  if (others_ > 0) ordered.emplace_back("others", others_);
  std::string text;
  for (const auto& [reason, count] : ordered) (text += text.empty() ? "" : ", ") += concat(reason, ": ", count);
  return text;
}

std::string not_in_log(std::int64_t count, std::int64_t load_id) {
  return concat(count, count == 1 ? " reject of load " : " rejects of load ", load_id, count == 1 ? " is" : " are",
                " not in the log");
}

}  // namespace ferry::load
