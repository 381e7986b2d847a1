#pragma once

#include "pg/guard.hpp"

extern "C" {
#include "nodes/execnodes.h"
}

/// Rows on their way to foreign tables, as COPY FROM sends them. The functions call the server without a guard of their own.
namespace ferry::pg {

/// Prepares a foreign table that is the target itself; partitions are prepared when rows are routed to them.
void begin_foreign_insert(ModifyTableState* state, ResultRelInfo* target);
void end_foreign_insert(EState* estate, ResultRelInfo* target);
/// The row as it was stored; null where the other server left it out.
TupleTableSlot* insert_foreign_row(EState* estate, ResultRelInfo* target, TupleTableSlot* slot);

/// Rows that wait to be sent many at once, as many as the foreign-data wrapper says. Lives in the executor state.
class ForeignRows {
 public:
  /// Whether rows of target, to which root's are routed, may wait: its wrapper takes several, and no row trigger would see it.
  static bool takes(const ResultRelInfo* target, const ResultRelInfo* root);
  static ForeignRows* create(EState* estate);
  /// Keeps a copy of the row, and sends the target's rows when there are enough of them. The copy is valid until it is sent.
  TupleTableSlot* add(EState* estate, ResultRelInfo* target, TupleTableSlot* slot);
  /// Sends all rows. Errors: those of the other server; 22000 where it took fewer than it was given.
  void send(EState* estate);
  /// Releases the slots.
  void close();

 private:
  static void send_one(EState* estate, ResultRelInfo* target);

  List* targets_;  ///< that rows were added for
};

}  // namespace ferry::pg
