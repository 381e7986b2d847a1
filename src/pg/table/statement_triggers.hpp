#pragma once

#include "pg/table/table_writer.hpp"

namespace ferry::pg {

/// The triggers of a table that fire once for a statement, around rows that others write in subtransactions of their own. The
/// rows for transition tables are added when their subtransactions are over, so that no row that was taken back is among them.
///
/// Lives within one (sub)transaction, as TableWriter does. All functions call the server without a guard of their own.
class StatementTriggers {
 public:
  /// Whether the table has any that an INSERT fires, or, with_update, an INSERT ... ON CONFLICT DO UPDATE.
  static bool has_any(Relation table, bool with_update);

  /// Fires the BEFORE triggers. written: the columns that rows give values for, as for TableWriter::open().
  /// Errors: those of the triggers.
  static StatementTriggers begin(Relation table, bool with_update, Bitmapset* written);
  /// Whether add() is to be called for every row.
  [[nodiscard]] bool has_transition_table() const { return inserted_ != nullptr || updated_ != nullptr; }
  /// Adds a row to the transition tables, as it was written.
  void add(const RowLocation& location);
  /// Fires the AFTER triggers and releases what begin() took. Errors: those of the triggers.
  void end();

 private:
  struct Part;
  Part* part_of(Oid table);
  TupleTableSlot* fetch(Part* part, ItemPointerData tid, TupleTableSlot* in_root);

  Relation table_;
  bool with_update_;
  EState* estate_;
  ResultRelInfo* target_;
  TransitionCaptureState *inserted_, *updated_;
  List* parts_;  ///< of the tables that rows were added from
  TupleTableSlot *old_row_, *new_row_;
};

}  // namespace ferry::pg
