#pragma once

namespace ferry::load {

/// A load that runs. Triggers, and other functions that a load calls, may load in turn: then loads nest.
class Nesting {
 public:
  /// Errors: 54001 more levels than there may be: a trigger that loads into its own table has no other end.
  Nesting();
  ~Nesting();
  Nesting(const Nesting&) = delete;
  Nesting& operator=(const Nesting&) = delete;

  /// Whether another load has begun within the one that runs, or the other way round. Then an error that says that something is
  /// nested too deeply is none of a single row: on each level there would be one more row to reject, and to try without.
  [[nodiscard]] static bool has_occurred();
};

}  // namespace ferry::load
