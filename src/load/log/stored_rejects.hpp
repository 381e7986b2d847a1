#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

#include "load/log/reject_scan.hpp"
#include "load/log/stored_load.hpp"
#include "pg/table/table_writer.hpp"

namespace ferry::load {

/// The rejects of one load that are not resolved, in row order. The load is locked until the transaction ends, and they are
/// read as they are after that: two who go through the same load never meet the same reject. Each that next() gives is to be
/// resolved or revised, in any order; others may be read before. All this in the subtransaction that the object was made in. To
/// be closed; after an error the abort cleans up.
class StoredRejects {
 public:
  /// Errors: those of find_logged_load(); 25006 read-only transaction.
  explicit StoredRejects(std::int64_t load_id);

  [[nodiscard]] const LoggedLoad& load() const { return load_; }
  /// The next one; false behind the last.
  [[nodiscard]] bool next(StoredReject& out);
  /// Notes that the row was loaded after all, or was found to be superfluous, in this transaction.
  void resolve(std::int64_t row_number);
  /// Notes why the row cannot be loaded now.
  void revise(std::int64_t row_number, const Problem& problem);
  /// Errors: 22023 no such reject; 55000 it is resolved.
  void check_is_open(std::int64_t row_number) { (void)find(row_number); }
  /// Puts a text beside a record, to be tried in its place, or takes the one away that is there. Not for one that next() gave.
  /// Errors: those of check_is_open().
  void correct(std::int64_t row_number, const std::optional<std::string>& text);
  void close();

 private:
  ItemPointerData settle(std::int64_t row_number);
  [[nodiscard]] ItemPointerData find(std::int64_t row_number);
  template <class F>
  void change(ItemPointerData tid, F&& set);

  std::int64_t load_id_;
  LoggedLoad load_;
  Relation loads_ = nullptr, rejects_ = nullptr;
  Snapshot snapshot_ = nullptr;
  RejectScan scan_{};
  std::unordered_map<std::int64_t, ItemPointerData> unsettled_;  ///< row number -> location of a row that waits for a verdict
  MemoryContext row_context_ = nullptr;                          ///< of a change
  TupleTableSlot* row_ = nullptr;                                ///< as it was before the change
  pg::TableWriter writer_{};
};

}  // namespace ferry::load
