#pragma once

#include "pg/guard.hpp"

extern "C" {
#include "access/attmap.h"
#include "nodes/execnodes.h"
}

namespace ferry::pg {

/// Which triggers a TableWriter fires.
enum class TriggerSet {
  all,          ///< as COPY does
  constraints,  ///< foreign keys and deferrable unique keys only, and a key's ON DELETE / ON UPDATE action never changes another
                ///< table: it raises 23503
};

/// Writes rows into one table through the executor's own row path, as COPY FROM does: partition routing, row triggers,
/// generated columns, NOT NULL, CHECK, indexes, foreign keys. Deferrable constraints are checked at once. It checks no
/// privileges.
///
/// Lives within one (sub)transaction: open() and close() frame it there; after an error the abort cleans up and the object is
/// dead. All functions call the server without a guard of their own: use them inside pg::call(). Trivially destructible.
class TableWriter {
 public:
  enum class Outcome {
    written,     ///< stored() has the row as it is in the table
    suppressed,  ///< a BEFORE trigger returned NULL
  };

  /// Whether rows can be written into it. Errors: 42809 no table; 0A000 a foreign table; 42501 a system catalog.
  static void check_target(Relation relation);

  /// relation: open and locked for writing by the caller. Errors: as check_target().
  static TableWriter open(Relation relation, TriggerSet triggers);
  /// The same for rows that the user gives values for in these columns only, numbered as in the server's permission sets: what
  /// an error shows of a row is these and those that the user may read; UPDATE OF triggers fire for these.
  static TableWriter open(Relation relation, TriggerSet triggers, Bitmapset* written);
  /// Releases what open() took.
  void close();

  /// A slot of the table's row type for the caller to fill; the same one every time, emptied.
  TupleTableSlot* input_slot();
  /// Where the caller may evaluate expressions for the row; reset by every input_slot().
  ExprContext* expression_context() { return GetPerTupleExprContext(estate_); }

  /// The executor's view of the table, with its open indexes, for callers that write by themselves.
  ResultRelInfo* target() const { return root_; }
  EState* executor_state() const { return estate_; }

  /// Adds slot's row. Row and AFTER triggers have run when it returns, unless a bracket is open.
  Outcome insert(TupleTableSlot* slot);
  /// Adds slot's row, or, where a row with its primary key exists, gives that one the values of slot in the columns of
  /// loaded (attribute numbers of the table). Waits for other writers of the key. Needs a primary key.
  Outcome upsert(TupleTableSlot* slot, const Bitmapset* loaded);

  /// Puts slot's row in place of the one at tid. Unique keys are not enforced but noted: see conflicts().
  void replace(ItemPointer tid, TupleTableSlot* slot);
  /// Adds slot's row as insert() does, but notes conflicts of unique keys instead of raising them.
  void insert_noting_conflicts(TupleTableSlot* slot);
  /// Removes the row at tid.
  void remove(ItemPointer tid);
  /// The indexes in which the row written last may conflict with another one; a list of OIDs.
  List* conflicts() const { return conflicts_; }
  /// Raises 23505 or 23P01 if the row at tid still conflicts in that index; nothing if it is gone.
  void recheck(ItemPointer tid, Oid index);

  /// Queues the AFTER triggers of the following rows until end_bracket() fires them, instead of row by row.
  void begin_bracket();
  void end_bracket();

  /// Fires the BEFORE statement triggers; rows follow, written by this or another writer; end_statement() fires the AFTER ones.
  /// Errors: 0A000 a trigger with a transition table, which would hold the rows of all writers.
  void begin_statement();
  void end_statement();

  /// The row written last, with its tid, in the row type of the partition that took it.
  TupleTableSlot* stored() const { return stored_; }
  /// Attribute number in the root table -> value of the row written last.
  Datum stored_value(AttrNumber attribute, bool* is_null) const;

 private:
  ResultRelInfo* route(TupleTableSlot** slot);
  void adopt(ResultRelInfo* target);
  void write(ResultRelInfo* target, TupleTableSlot* slot, bool note_conflicts);
  TupleTableSlot* make_slot(Relation table);
  void check_new_row(ResultRelInfo* target, TupleTableSlot* slot, CmdType command);
  void fire_after_insert(ResultRelInfo* target, TupleTableSlot* slot, List* rechecks);
  Outcome update_existing(ResultRelInfo* target, TupleTableSlot* existing, TupleTableSlot* slot);

  Relation relation_;
  TriggerSet triggers_;
  EState* estate_;
  ModifyTableState* state_;
  ResultRelInfo* root_;
  ResultRelInfo* last_target_;
  PartitionTupleRouting* routing_;
  EPQState* recheck_state_;
  TupleTableSlot* input_;
  TupleTableSlot* stored_;
  TupleTableSlot* merged_;  ///< the new version of a row in upsert()
  AttrMap* stored_map_;
  List* conflicts_;
  bool bracket_;
};

}  // namespace ferry::pg
