#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "load/table/target_table.hpp"

namespace ferry::load {

/// Whether rows for the table with that index may have a value in the column of that name.
using HasValues = std::function<bool(std::size_t index, const std::string& column)>;

/// The order in which tables are to be filled: a table after those that its foreign keys, or those of its partitions, refer to,
/// otherwise as given. Among tables that refer to each other in a circle only the keys count for which there are values; if
/// they still do, those tables stay as given. Indexes in tables.
[[nodiscard]] std::vector<std::size_t> foreign_key_order(const std::vector<Relation>& tables, const HasValues& has_values);

}  // namespace ferry::load
