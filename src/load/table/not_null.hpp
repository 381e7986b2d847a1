#pragma once

#include <optional>
#include <vector>

#include "load/record/record.hpp"
#include "load/table/target_table.hpp"

namespace ferry::load {

/// The detail of an error of a row, as the server has it for those who may see all of it. Calls the server.
[[nodiscard]] std::string failing_row(TupleTableSlot* row_of_table);

/// The NOT NULL rules of a table, checked without raising an error, which would cost a subtransaction a row.
class NotNull {
 public:
  /// target outlives the object. Calls the server.
  explicit NotNull(TargetTable& target);
  /// Those of a partition of that table, for rows that come by way of the table.
  [[nodiscard]] NotNull of_partition(Relation partition) const;

  /// Whether violation() can tell; else it is for ExecConstraints(): where the user may not see whole rows, or columns are
  /// computed when they are read.
  [[nodiscard]] bool can_tell() const { return can_tell_; }
  /// What is wrong with a row that has a null where none may be. slot: all attributes in place. row_of_table: the same row as the
  /// table has it, which is the one that is shown.
  [[nodiscard]] std::optional<Problem> violation(TupleTableSlot* slot, TupleTableSlot* row_of_table) const;

 private:
  NotNull() = default;
  void use(Relation table);

  Relation table_ = nullptr;
  std::vector<AttrNumber> attributes_;
  bool can_tell_ = false;
};

}  // namespace ferry::load
