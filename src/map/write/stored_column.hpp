#pragma once

#include <cstdint>

#include "map/write/value_node.hpp"

#include "pg/server.hpp"

namespace ferry::map {

/// A column as a heap stores it, and what is written of it. Small, so that many fit into the processor's nearest memory.
struct StoredColumn {
  const ValueNode* node = nullptr;  ///< null: it is passed over
  std::uint16_t column = 0;         ///< its index among the columns that are written
  Form form = Form::output;
  bool is_nullable = true;
  bool is_utf8 = false;           ///< a text whose bytes are written as they are
  bool is_checked = false;        ///< as ValueNode has it
  std::uint8_t branch = 0;        ///< the union's, encoded
  std::uint8_t branch_bytes = 0;  ///< 0 where there is no union
  std::uint8_t alignment_bytes = 1;
  bool by_value = false;
  std::int16_t length = 0;  ///< in bytes; -1 of a varlena, -2 of a cstring
};

/// The attribute with that number of rows as a heap stores them, to be passed over.
[[nodiscard]] StoredColumn stored_column(TupleDesc descriptor, int attribute);

/// The same, to be written by node.
[[nodiscard]] StoredColumn stored_column(TupleDesc descriptor, int attribute, const ValueNode& node, bool is_nullable);

}  // namespace ferry::map
