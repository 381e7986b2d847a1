#pragma once

#include <cstdint>

#include "pg/server.hpp"

namespace ferry::pg {

/// Where the rows of a load come from.
enum class StreamKind : std::uint8_t { file, program, pipe, callback };

/// What a load shows in pg_stat_progress_copy. Ends with the transaction at the latest.
struct LoadProgress {
  Oid table = InvalidOid;
  StreamKind kind = StreamKind::callback;
  std::int64_t bytes_total = 0;  ///< 0 where it is not known
  std::int64_t bytes = 0, rows_loaded = 0, rows_excluded = 0;

  /// Shows the numbers as they are now. The rollback of a subtransaction takes the server's entry away, so it is made anew
  /// every time.
  void show() const;
  void end() const;
};

}  // namespace ferry::pg
