#pragma once

#include <vector>

#include "load/rules.hpp"

namespace ferry::load {

/// The order in which tables are to be filled: a table after those that its foreign keys, or those of its partitions, refer to,
/// otherwise as given. Tables that refer to each other in a circle stay as given. Places in tables.
[[nodiscard]] std::vector<std::size_t> foreign_key_order(const std::vector<Relation>& tables);

}  // namespace ferry::load
