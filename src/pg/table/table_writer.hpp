#pragma once

#include <span>

#include "pg/guard.hpp"
#include "pg/table/bulk_table.hpp"
#include "pg/table/row_policies.hpp"

extern "C" {
#include "access/attmap.h"
#include "commands/trigger.h"
#include "nodes/execnodes.h"
}

namespace ferry::pg {

class ForeignRows;
class CheckSwitch;

/// Which triggers a TableWriter fires.
enum class TriggerSet {
  all,          ///< as COPY does
  constraints,  ///< foreign keys and deferrable unique keys only, and a key's ON DELETE / ON UPDATE action never changes another
                ///< table: it raises 23503. Constraints that are NOT VALID are not enforced
};

/// Whether a row passes; called inside of a server call, with a row in the row type of the table.
struct RowTest {
  bool (*passes)(void* self, TupleTableSlot* slot) = nullptr;
  void* self = nullptr;
};

/// Where a row was written. Good for as long as the transaction lasts.
struct RowLocation {
  Oid table = InvalidOid;      ///< the table or partition that took it; invalid for a foreign one
  ItemPointerData tid{};       ///< of the row
  ItemPointerData replaced{};  ///< of the row that it took the place of, or invalid
};

/// Writes rows into one table through the executor, as COPY FROM does: partition routing, row triggers,
/// generated columns, NOT NULL, CHECK, indexes, foreign keys, foreign tables. Deferrable constraints are checked at once. It
/// checks no privileges. A row for a partition whose rows another engine stores is an error, 0A000; the caller asks for the table
/// itself: check_is_stored_here().
///
/// Lives within one (sub)transaction: open() and close() frame it there; after an error the abort cleans up and the object is
/// dead. All functions call the server without a guard of their own: use them inside pg::call(). Trivially destructible.
class TableWriter {
 public:
  enum class Outcome {
    written,     ///< stored() has the row as it is in the table
    suppressed,  ///< a BEFORE trigger returned NULL, or the server of a foreign table left it out
  };

  /// Whether rows can be written into it. Errors: 42809 no table; 42501 a system catalog.
  static void check_target(Relation relation);

  /// Whether upsert() can replace rows of it. Errors: 0A000 a foreign table; 42P10 no primary key; 55000 a deferrable one; 42809
  /// one with a period.
  static void check_replaceable(Relation relation);

  /// relation: open and locked for writing by the caller. Errors: as check_target().
  static TableWriter open(Relation relation, TriggerSet triggers);
  /// The same for rows that the user gives values for in these columns only, numbered as in the server's permission sets: what
  /// an error shows of a row is these and those that the user may read; UPDATE OF triggers fire for these.
  static TableWriter open(Relation relation, TriggerSet triggers, Bitmapset* written);
  /// For callers that make and check rows here and write them by other means: of any relation, and without what writing needs.
  /// Nothing but target(), executor_state(), expression_context(), find_target() and close() is for them.
  static TableWriter open_for_others(Relation relation, Bitmapset* written);
  /// Leaves out the checks of foreign keys that refer to one of these tables, a list of OIDs, but for those with a period. To
  /// be called after open().
  void leave_out_references_to(List* tables);
  /// Leaves foreign keys alone that refer to one of these tables, a list of OIDs, or are referred to by one: the caller checks
  /// them. To be called after open().
  void leave_out_foreign_keys_with(List* tables);
  /// Leaves out the checks of these foreign keys of the table, a list of OIDs of constraints, for rows that the caller has found
  /// to pass them; in partitions, too. To be called after open().
  void leave_out_checks_of(List* keys);
  /// The same for those rows only of which test says, behind the BEFORE triggers, that they pass them all. Not for rows of
  /// partitions whose columns are in another order than the table's: those are checked.
  void leave_out_checks_of(List* keys, RowTest test);
  /// Makes new rows pass policies, which outlive the object. To be called after open().
  void obey(const RowPolicies* policies) { policies_ = policies; }
  /// Whether an error that was raised said that a row did not.
  [[nodiscard]] bool broke_policy() const { return broke_policy_; }
  /// Rows of foreign tables may wait to be sent several at once, where nothing can tell. An error then comes with a later row,
  /// or from flush().
  void send_in_batches() { batches_ = true; }
  [[nodiscard]] bool has_sent_in_batches() const { return waiting_ != nullptr; }
  /// Sends the rows that wait.
  void flush();
  /// Makes recover() possible. To be called after open().
  void expect_errors();
  /// To be called at both ends of a subtransaction within the one of open(): what slots hold of rows, and what indexes keep,
  /// belongs to one of the two.
  void let_go();
  /// To be called behind one that was rolled back because of an error.
  void recover();
  /// Whether that leaves something behind: functions in expressions of the table or of its indexes, triggers and partitions may
  /// have been broken off in the middle, and would go on there. Then the object has to be closed behind recover(), and another
  /// one opened.
  [[nodiscard]] bool may_be_broken_off() const;
  /// Releases what open() took.
  void close();

  /// A slot of the table's row type for the caller to fill; the same one every time, emptied.
  TupleTableSlot* input_slot();
  /// Where the caller may evaluate expressions for the row; reset by every input_slot().
  ExprContext* expression_context() const { return GetPerTupleExprContext(estate_); }

  /// The executor's view of the table, with its open indexes, for callers that write by themselves.
  ResultRelInfo* target() const { return root_; }
  EState* executor_state() const { return estate_; }

  /// Adds slot's row. Row and AFTER triggers have run when it returns, unless a bracket is open.
  Outcome insert(TupleTableSlot* slot);
  /// INSERT ... ON CONFLICT (primary key) DO UPDATE, which sets the columns of loaded (attribute numbers of the table) to those
  /// of EXCLUDED, for slot's row. Waits for other writers of the key. Row and AFTER triggers have run when it returns, unless a
  /// bracket is open; in one, two rows of the same key are an error, 21000. Errors: as check_replaceable(); 0A000 a BEFORE
  /// UPDATE trigger moves the row to another partition.
  Outcome upsert(TupleTableSlot* slot, const Bitmapset* loaded);

  /// Computes the generated columns of the rows of slots and checks NOT NULL, CHECK and the partition constraint. The slots are
  /// of table_slot_create().
  void complete_many(TupleTableSlot** slots, int count);
  /// Adds the rows of slots, a batch small enough for memory, as insert() does each, but with fewer locks and less WAL; in a
  /// bracket, behind complete_many(). For ordinary tables, and where rows do not depend on those before them. Without entries in
  /// indexes, it is the caller's to rebuild those. bulk: of the same table.
  void insert_many(std::span<TupleTableSlot*> slots, BulkTable& bulk, bool with_entries);

  /// Finds the partition for *slot and converts *slot to its row type; the OID of the partition.
  Oid find_partition(TupleTableSlot** slot);
  /// The table itself, or the partition for the row of slot, which is of the table's row type; open until close().
  /// Errors: 23514 there is none.
  ResultRelInfo* find_target(TupleTableSlot* slot);
  /// From the table's columns to those of a target; null where they are equal.
  AttrMap* map_to(ResultRelInfo* target) const;

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

  /// The row written last, with its tid, in the row type of the partition that took it.
  TupleTableSlot* stored() const { return stored_; }
  [[nodiscard]] RowLocation location() const;
  /// Whether an error that was raised came from the server of a foreign table.
  [[nodiscard]] bool failed_remotely() const { return remote_; }
  /// Attribute number in the root table -> value of the row written last.
  Datum stored_value(AttrNumber attribute, bool* is_null) const;

 private:
  template <class F>
  void for_each_heap(F&& body);
  static TableWriter begin(Relation relation, TriggerSet triggers, Bitmapset* written);
  ResultRelInfo* route(TupleTableSlot** slot);
  void adopt(ResultRelInfo* target);
  void adopt_switch(ResultRelInfo* target);
  void make_trigger_slots(ResultRelInfo* target);
  MemoryContext begin_row();
  void end_row(MemoryContext caller);
  bool fire_before_insert(ResultRelInfo* target, TupleTableSlot* slot);
  Outcome write(ResultRelInfo* target, TupleTableSlot* slot, bool note_conflicts);
  TupleTableSlot* send(ResultRelInfo* target, TupleTableSlot* slot);
  void check_new_row(ResultRelInfo* target, TupleTableSlot* slot, CmdType command);
  void choose_checks(TupleTableSlot* slot);
  void fire_after_insert(ResultRelInfo* target, TupleTableSlot* slot, List* rechecks);
  void prepare_replacement(ResultRelInfo* target);
  Outcome write_or_replace(ResultRelInfo* target, TupleTableSlot* slot, const Bitmapset* loaded);
  bool insert_unless_taken(ResultRelInfo* target, TupleTableSlot* slot);
  bool lock_existing(ResultRelInfo* target, ItemPointer tid);
  void merge(ResultRelInfo* target, TupleTableSlot* slot, const Bitmapset* loaded);
  Outcome update_existing(ResultRelInfo* target, ItemPointer tid);
  void check_new_version(ResultRelInfo* target, TupleTableSlot* slot);

  Relation relation_;
  TriggerSet triggers_;
  EState* estate_;
  ResourceOwner owner_;  ///< of open(): of what is opened later, too
  ModifyTableState* state_;
  ResultRelInfo* root_;
  ResultRelInfo* last_target_;
  ResultRelInfo* enforced_;  ///< the same with the constraints that count
  List* lenient_;            ///< see validated_part()
  PartitionTupleRouting* routing_;
  EPQState* recheck_state_;
  TupleTableSlot* input_;
  TupleTableSlot* stored_;
  AttrMap* stored_map_;
  List* conflicts_;
  ItemPointerData replaced_;                ///< by the row written last, or invalid
  List* left_out_;                          ///< see leave_out_references_to()
  List* partners_;                          ///< see leave_out_foreign_keys_with()
  List* passed_;                            ///< see leave_out_checks_of()
  RowTest test_;                            ///< for which rows
  List* switches_;                          ///< the checks that test_ switches, of each target
  CheckSwitch* last_switch_;                ///< of last_target_, or null
  ForeignRows* waiting_;                    ///< rows that are to be sent
  TransitionCaptureState* capture_;         ///< of rows that are inserted
  TransitionCaptureState* update_capture_;  ///< of rows that take the place of others
  const RowPolicies* policies_;
  bool bracket_, batches_, remote_, broke_policy_, expects_errors_;
  bool captures_;  ///< row triggers have a transition table, of one row
};

}  // namespace ferry::pg
