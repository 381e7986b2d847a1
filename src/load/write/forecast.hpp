#pragma once

#include <memory>
#include <span>
#include <vector>

#include "load/table/foreign_keys.hpp"
#include "load/table/parents_elsewhere.hpp"
#include "load/table/target_table.hpp"
#include "load/table/unique_keys.hpp"
#include "load/write/batch_converter.hpp"
#include "pg/table/table_writer.hpp"

namespace ferry::load {

/// What can be said of a batch before its rows are written one after the other, which spares each of them a query a foreign key
/// and most of the bad ones an error that takes the rows before it back:
///   - the rows themselves, where fields and defaults alone make them, and what is wrong with those of which nothing else is;
///   - which rows look bad: a null where none may be, a CHECK, a key that is taken, a parent that is missing;
///   - which keys have a parent, asked for all rows at once and locked until the transaction ends.
/// The first and the last are facts. What looks bad may be good when its BEFORE triggers have run, and the other way round.
class Forecast {
 public:
  /// Nothing where rows cannot be made before others are written: a default, a filter or a type may look at tables. source, rules
  /// and options outlive the object. What it keeps lives in the current memory context.
  /// elsewhere: asked for parents that other engines store.
  static std::unique_ptr<Forecast> for_table(Source& source, TargetTable& target, ParentsElsewhere& elsewhere,
                                             const WriterOptions& options);
  /// For for_table() alone.
  Forecast(Source& source, TargetTable& target, ParentsElsewhere& elsewhere, const WriterOptions& options, RowChecks checks,
           bool forgets);
  /// Releases what for_table() took.
  void close();

  /// Makes the rows of those records of the batch that are pending. Errors: those that may not become rejects.
  void make(const Batch& batch);

  /// The row of a record that is pending then, by its position in the batch, which is the next to be written; good until the next
  /// make().
  [[nodiscard]] TupleTableSlot* next_row(std::size_t at) { return next_row_ = converter_.row_of_table(at); }
  [[nodiscard]] bool looks_bad(std::size_t at) const { return looks_bad_[at]; }
  void expect_bad(std::size_t at) { looks_bad_[at] = true; }
  /// Lets a writer leave out the foreign keys of rows that have a parent for sure.
  void spare_checks(pg::TableWriter& table);
  /// Whether that is so for the next rows; at first it is.
  void spare_checks_of_rows(bool spares) { spares_ = spares; }
  /// Whether the parents of these rows are still there that make() has found, whatever triggers have done since. positions: in
  /// the batch, ascending.
  [[nodiscard]] bool holds(std::span<const std::size_t> positions) const;

 private:
  static bool has_parents(void* self, TupleTableSlot* slot);
  void ask_foreign_keys();
  void ask_unique_keys();

  ParentsElsewhere& elsewhere_;
  const WriterOptions& options_;
  bool spares_ = true;
  const bool forgets_;  ///< triggers and functions of a user's may change parents
  pg::TableWriter table_;
  BatchConverter converter_;
  std::vector<pg::ForeignKey> foreign_keys_;
  List* constraints_ = NIL;  ///< those of foreign_keys_: a list of OIDs
  std::vector<UniqueKey> unique_keys_;
  std::vector<std::size_t> pending_;     ///< positions of the rows that were made
  std::vector<TupleTableSlot*> slots_;   ///< of those
  std::vector<std::vector<bool>> good_;  ///< of each foreign key, for each of those; empty: all are
  std::vector<bool> looks_bad_;
  TupleTableSlot* next_row_ = nullptr;
};

}  // namespace ferry::load
