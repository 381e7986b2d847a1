#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "load/record/record.hpp"
#include "pg/table/table_writer.hpp"

extern "C" {
#include "access/genam.h"
}

namespace ferry::load {

/// A load as the log has it.
struct LoggedLoad {
  std::string schema_name, table_name;
  std::string loaded_by, table_owner;  ///< the roles that may see it
  std::vector<std::string> columns;    ///< those that it filled, in the order of a record's fields
  std::string options_json;
  std::int64_t rejects_not_kept = 0;
};

/// A rejected row as the log has it.
struct StoredReject {
  std::int64_t row_number = 0, line_number = 0;
  bool is_text = true;  ///< raw is text in the server's encoding; else the bytes that came
  bool is_cut = false;  ///< raw has the record's first bytes only
  std::string raw;
  Problem problem{};
};

/// The rejects of one load that are not resolved, in row order. The load is locked until the transaction ends, and they are
/// read as they are after that: two who go through the same load never meet the same reject. Each that next() gives is to be
/// resolved or revised, in any order; others may be read before. All this in the subtransaction that the object was made in. To
/// be closed; after an error the abort cleans up.
class StoredRejects {
 public:
  /// Errors: 42704 no such load, or none that the current user may see; 25006 read-only transaction; 40001 under REPEATABLE
  /// READ and higher for a load that the transaction's snapshot does not see.
  explicit StoredRejects(std::int64_t load_id);

  [[nodiscard]] const LoggedLoad& load() const { return load_; }
  /// The next one; false behind the last.
  [[nodiscard]] bool next(StoredReject& out);
  /// Notes that the row was loaded after all, or was found to be superfluous, in this transaction.
  void resolve(std::int64_t row_number) { change(row_number, nullptr); }
  /// Notes why the row cannot be loaded now.
  void revise(std::int64_t row_number, const Problem& problem) { change(row_number, &problem); }
  void close();

 private:
  TupleTableSlot* find_load() const;
  void read_load(TupleTableSlot* load);
  void open_rejects();
  bool advance();
  void change(std::int64_t row_number, const Problem* problem);

  std::int64_t load_id_;
  LoggedLoad load_;
  Relation loads_ = nullptr, rejects_ = nullptr, index_ = nullptr;
  MemoryContext context_ = nullptr, row_context_ = nullptr;  ///< of what lives as long as the object; of one row
  Snapshot snapshot_ = nullptr;
  IndexScanDesc scan_ = nullptr;
  bool at_end_ = false;
  std::unordered_map<std::int64_t, ItemPointerData> unsettled_;  ///< row number -> location of a row that waits for a verdict
  TupleTableSlot *row_ = nullptr, *settled_ = nullptr;           ///< of the scan; of a verdict
  pg::TableWriter writer_{};
};

}  // namespace ferry::load
