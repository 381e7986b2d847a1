#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "pg/server.hpp"

namespace ferry::load {

/// A column of the target table, and the SQL expression over the fields of a record that makes its values.
struct Expression {
  std::string column, sql;
};

/// The fields that expressions may name, in the order of the source: by their names and as f1, f2, ...
struct NamedFields {
  std::vector<std::string> names{};  ///< may be fewer than there are fields, blank, and the same
  std::size_t count = 0;             ///< of the fields that there may be
  std::vector<Oid> types{};          ///< of all fields; empty: they are text
};

}  // namespace ferry::load
