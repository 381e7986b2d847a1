#pragma once

#include <cstdint>

#include "pg/server.hpp"

extern "C" {
#include "utils/backend_progress.h"
#include "utils/timestamp.h"
}

namespace ferry::pg {

/// Where the rows of a load come from, and those of an export go to.
enum class StreamKind : std::uint8_t { file, program, pipe, callback };

/// What a session is at: beside what pg_stat_progress_copy has a column for, this and the time of the start are shown in two of
/// the numbers that the server's COPY has no use for. The view ferry_progress reads them.
enum class Operation : std::uint8_t { load = 1, import, exporting, backup, restore, comparison };

/// What a load shows in pg_stat_progress_copy. Ends with the transaction at the latest.
struct LoadProgress {
  Operation operation = Operation::load;
  Oid table = InvalidOid;
  StreamKind kind = StreamKind::callback;
  std::int64_t bytes_total = 0;  ///< 0 where it is not known
  std::int64_t bytes = 0, rows_loaded = 0, rows_excluded = 0;

  /// Shows the numbers as they are now.
  void show();
  void end() const;

 private:
  bool is_shown_ = false;
};

/// What an export shows there.
struct ExportProgress {
  Operation operation = Operation::exporting;
  Oid table = InvalidOid;  ///< of a query InvalidOid
  StreamKind kind = StreamKind::callback;
  std::int64_t bytes = 0, rows = 0;

  void show();
  void end() const;

 private:
  bool is_shown_ = false;
};

/// What the session shows of its progress, whatever command that is of, kept over the rollback of a subtransaction, which takes
/// it away: a load with a reject in every batch would hardly be seen. Calls of the server that cannot fail.
class KeptProgress {
 public:
  KeptProgress();
  void show_again() const;

 private:
  ProgressCommandType command_ = PROGRESS_COMMAND_INVALID;
  Oid target_ = InvalidOid;
  std::int64_t numbers_[PGSTAT_NUM_PROGRESS_PARAM] = {};
};

}  // namespace ferry::pg
