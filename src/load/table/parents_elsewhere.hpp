#pragma once

#include <vector>

#include "load/table/foreign_keys.hpp"
#include "load/table/target_table.hpp"

namespace ferry::load {

/// The foreign keys of a table whose parents another engine stores. The server's own triggers would look for those in the empty
/// relation, and find none: who writes rows leaves those triggers out, and asks here, where the engine is asked.
class ParentsElsewhere {
 public:
  /// target outlives the object; what it keeps lives in the current memory context. Errors: 0A000 a key that only the server's
  /// own trigger can check.
  explicit ParentsElsewhere(TargetTable& target);

  [[nodiscard]] bool is_empty() const { return keys_.empty(); }
  /// A list of OIDs, for TableWriter::leave_out_references_to().
  [[nodiscard]] List* tables() const { return tables_; }
  /// Asks for all these rows of the table at once, so that those good among them are known; bad[i] is set for the others. Errors:
  /// the server's.
  void ask(std::vector<TupleTableSlot*>& rows, std::vector<bool>& bad);
  /// Forgets which keys are good: what the caller has run may have changed the parents.
  void forget();

  /// value_of(attribute, is_null): of a row that was written, by the table's attribute numbers. Errors: 23503 a parent is
  /// missing.
  template <class F>
  void check(F&& value_of) {
    if (is_empty()) return;
    for (const AttrNumber attribute : attributes_)
      row_->tts_values[attribute - 1] = value_of(attribute, &row_->tts_isnull[attribute - 1]);
    check_row();
  }

 private:
  void check_row();

  TargetTable& target_;
  std::vector<pg::ForeignKey> keys_;
  List* tables_ = NIL;
  std::vector<AttrNumber> attributes_;  ///< of all keys
  TupleTableSlot* row_ = nullptr;
};

}  // namespace ferry::load
