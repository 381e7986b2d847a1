#pragma once

#include "pg/guard.hpp"

extern "C" {
#include "nodes/execnodes.h"
}

namespace ferry::pg {

/// The checks of some foreign keys of one target, which are switched off and on from row to row: positions in the list stay, by
/// which the server keeps what it has prepared of each trigger. Members call the server without a guard. Trivially destructible.
class CheckSwitch {
 public:
  /// constraints: a list of OIDs, see leave_out_checks_of(). Lives in the current memory context, as long as the target.
  static CheckSwitch* create(ResultRelInfo* target, const List* constraints);

  [[nodiscard]] const ResultRelInfo* target() const { return target_; }
  /// Whether the next row is checked.
  void set(bool on);

 private:
  ResultRelInfo* target_;
  Bitmapset* checks_;  ///< their positions
  char* enabled_;      ///< what tgenabled was, by position
};

}  // namespace ferry::pg
