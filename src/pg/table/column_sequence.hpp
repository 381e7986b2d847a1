#pragma once

#include "pg/server.hpp"

extern "C" {
#include "nodes/nodes.h"
}

namespace ferry::pg {

/// The sequence that feeds a column and what it is to it. Trivially destructible.
struct ColumnSequence {
  Oid sequence = InvalidOid;  ///< InvalidOid: none
  bool is_owned = false;      ///< serial, identity; any other may feed columns elsewhere, too
};

/// The column that owns a sequence, serial or identity; 0 where none does. Calls the server without a guard.
[[nodiscard]] AttrNumber owner_column(Oid sequence);

/// The sequence that a column's default is the next value of, casts aside; else one that the column owns. default_value: as
/// build_column_default() has it, or null. owned: the sequences that the table's columns own. Calls the server without a guard.
[[nodiscard]] ColumnSequence find_column_sequence(AttrNumber attribute, const Node* default_value, const List* owned);

[[nodiscard]] constexpr bool is_integer(Oid type) { return type == INT2OID || type == INT4OID || type == INT8OID; }

/// Whether a type that sequences feed is not of integers, but may have values that are.
[[nodiscard]] constexpr bool may_read_as_integer(Oid type) {
  return type == NUMERICOID || type == TEXTOID || type == VARCHAROID || type == BPCHAROID;
}

}  // namespace ferry::pg
