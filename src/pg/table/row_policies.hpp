#pragma once

#include "pg/guard.hpp"

extern "C" {
#include "nodes/execnodes.h"
#include "nodes/plannodes.h"
}

namespace ferry::pg {

/// The policies of row-level security that rows inserted into a table have to pass, in the plan of an INSERT as the server
/// makes it for the current user. Trivially destructible. The functions call the server without a guard of their own.
class RowPolicies {
 public:
  /// table: open, locked, with policies that apply to the user, and without a rule that takes the place of INSERT. The plan is
  /// made in the current memory context. Errors: the server's.
  static RowPolicies plan(Relation table);

  /// Checks a row of the table or of a partition of it; every call is a statement of its own, with the active snapshot.
  /// Errors: 42501 it does not pass, and is_broken is then set; those of the policies' expressions.
  void check(TupleTableSlot* row, bool* is_broken) const;

 private:
  Relation table_;
  PlannedStmt* plan_;
};

}  // namespace ferry::pg
