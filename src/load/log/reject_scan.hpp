#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "load/record/record.hpp"

extern "C" {
#include "access/genam.h"
}

namespace ferry::load {

/// A rejected row as the log has it.
struct StoredReject {
  std::int64_t row_number = 0, line_number = 0;
  bool is_text = true;  ///< raw is text in the server's encoding; else the bytes that came
  bool is_cut = false;  ///< raw has the record's first bytes only
  std::string raw;
  std::optional<std::string> corrected{};  ///< what somebody put in its place
  Problem problem{};
};

/// The rejects of one load that are not resolved, in row order, as a snapshot shows them. Trivially destructible; close() in the
/// subtransaction of open().
class RejectScan {
 public:
  /// rejects: the table, open. snapshot: registered; both outlive the scan. Calls the server without a guard.
  void open(Relation rejects, std::int64_t load_id, Snapshot snapshot);
  /// The next one; false behind the last.
  [[nodiscard]] bool next(StoredReject& out);
  /// Where the last one is.
  [[nodiscard]] ItemPointerData location() const { return row_->tts_tid; }
  /// Calls the server without a guard.
  void close();

 private:
  bool advance();

  MemoryContext context_ = nullptr, row_context_ = nullptr;  ///< of what lives as long as the scan; of one row
  Relation index_ = nullptr;
  IndexScanDesc scan_ = nullptr;
  TupleTableSlot* row_ = nullptr;
  bool at_end_ = false;
};

}  // namespace ferry::load
