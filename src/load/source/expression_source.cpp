#include "load/source/expression_source.hpp"

#include <algorithm>

#include "pg/guard.hpp"

#include "pg/server.hpp"

namespace ferry::load {

ExpressionSource::ExpressionSource(Source& records, Plan plan)
    : records_(records), plan_(std::move(plan)), values_(plan_.variables.size()) {}

/// Behind records of large values come few at a time, and slowly more of them again.
bool ExpressionSource::read(Record& record) {
  constexpr std::size_t kMostValueBytes = std::size_t{4} << 20, kMostGrowth = 4, kEnough = 100'000;
  if (largest_bytes_ > 0) {
    const std::size_t most = std::min(most_records_ * kMostGrowth, kEnough);
    most_records_ = std::clamp<std::size_t>(kMostValueBytes / largest_bytes_, 1, most);
    largest_bytes_ = 0;
  }
  return records_.read(record);
}

void ExpressionSource::split(const Record& record, Fields& out) {
  computing_.reset();
  records_.split(record, fields_);
  out.values.resize(plan_.columns.size());
  out.valid = 0;
  out.problem = fields_.problem;
  if (out.problem) return;
  for (std::size_t i = 0; i < values_.size(); i++) values_[i] = &fields_.values[plan_.variables[i]];
  pg::call([&out, this] { compute(out); });
  computing_.reset();
  out.valid = out.values.size();
}

/// Calls the server without a guard.
void ExpressionSource::compute(Fields& out) {
  std::size_t bytes = 1;
  plan_.expressions->begin(values_);
  for (std::size_t i = 0; i < plan_.columns.size(); i++) {
    const Origin& origin = plan_.columns[i];
    computing_ = i;
    out.values[i] = origin.is_expression ? plan_.expressions->compute(origin.index) : fields_.values[origin.index];
    if (origin.is_expression) bytes += out.values[i].size;
  }
  largest_bytes_ = std::max(largest_bytes_, bytes);
}

/// A field that is for expressions alone is of the first column that is computed.
std::optional<std::size_t> ExpressionSource::failed_field() const {
  if (computing_) return computing_;
  const std::optional<std::size_t> failed = records_.failed_field();
  if (!failed) return std::nullopt;
  const auto is_direct = [&](const Origin& origin) { return !origin.is_expression && origin.index == *failed; };
  const auto is_computed = [](const Origin& origin) { return origin.is_expression; };
  auto column = std::find_if(plan_.columns.begin(), plan_.columns.end(), is_direct);
  if (column == plan_.columns.end()) column = std::find_if(plan_.columns.begin(), plan_.columns.end(), is_computed);
  return static_cast<std::size_t>(column - plan_.columns.begin());
}

}  // namespace ferry::load
