#pragma once

#include <vector>

#include "pg/server.hpp"

extern "C" {
#include "nodes/parsenodes.h"
#include "utils/sortsupport.h"
#include "utils/tuplesort.h"
}

namespace ferry::backup {

/// The order of rows by a key, that of ORDER BY over its columns: the same for sorts of ours, the executor's and comparisons of
/// two rows. Trivially destructible; what it points to belongs to the current memory context.
class KeyOrder {
 public:
  /// key: attribute numbers of an open table. Errors: 42883 a type without an order.
  static KeyOrder open(Relation table, const std::vector<AttrNumber>& key);

  // These call the server without a guard.
  /// A sort of rows of the table, in work_mem.
  [[nodiscard]] Tuplesortstate* begin_sort(TupleDesc descriptor) const;
  /// Orders the result of a query that has the columns of the key in its target list.
  void sort(Query* select) const;
  /// < 0: the row of a comes first. Both slots are of the table's descriptor and deformed.
  [[nodiscard]] int compare(const TupleTableSlot* a, const TupleTableSlot* b) const;
  /// Whether its columns are passed by value, as integers and times are: their order is the same everywhere and always.
  [[nodiscard]] bool is_of_plain_values(TupleDesc descriptor) const;
  /// An expression over a row: {"column": value, ...}. Of types that are not built in, the text, for they may have casts to json,
  /// which are functions of whoever made them.
  [[nodiscard]] Expr* as_jsonb(TupleDesc descriptor) const;

 private:
  struct Column {
    AttrNumber attribute;
    Oid less, equal, collation;
    bool is_hashable;
    SortSupportData support;
  };

  Column* columns_ = nullptr;
  int count_ = 0;
};

}  // namespace ferry::backup
