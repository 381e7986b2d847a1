#pragma once

#include <optional>
#include <vector>

#include "load/record/record.hpp"
#include "load/table/target_table.hpp"

namespace ferry::load {

/// The NOT NULL rules of a table, checked without raising an error, which would cost a subtransaction a row.
class NotNull {
 public:
  /// target outlives the object. Calls the server.
  explicit NotNull(TargetTable& target);

  /// Whether violation() can tell; else it is for ExecConstraints(): where the user may not see whole rows, or columns are
  /// computed when they are read.
  [[nodiscard]] bool can_tell() const { return can_tell_; }
  /// What is wrong with a row that has a null where none may be. slot: all attributes in place.
  [[nodiscard]] std::optional<Problem> violation(TupleTableSlot* slot) const;

 private:
  Relation table_;
  std::vector<AttrNumber> attributes_;
  bool can_tell_ = false;
};

}  // namespace ferry::load
