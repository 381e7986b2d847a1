#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "load/log/reject_tally.hpp"
#include "load/record/source.hpp"
#include "load/table/target_table.hpp"

extern "C" {
#include "utils/tuplestore.h"
}

namespace ferry::load {

/// What the log says of a load. Texts are in the server's encoding.
struct LoadSummary {
  std::optional<std::int64_t> load_id{};  ///< nothing: the load is not in the log
  std::string source;
  std::int64_t source_bytes = 0;
  std::string source_digest{};  ///< empty: not known
  TimestampTz started_at = 0;
  std::int64_t rows_read = 0, rows_loaded = 0, rows_rejected = 0, rows_skipped = 0;
  std::int64_t rejects_not_kept = 0;  ///< of rows_rejected
  std::string options_json;
};

/// Which loads the log keeps.
enum class LogPolicy : std::uint8_t { all, rejects, none };

/// The log of loads: the tables ferry_load_log and ferry_reject_log, which nobody but the extension's owner may touch. Rows go
/// into them directly, without SQL and without a change of the user. Rejects wait in a tuple store, on disk beyond 4 MB, until
/// write(), so that a rehearsed load keeps them. Of a record it keeps the first pg_ferry.max_record_bytes, of all rejects of a
/// load the first pg_ferry.max_log_bytes; the others are counted.
class Log {
 public:
  /// all: opens the log's tables and takes the number of the load at once; rejects: at the first reject, which must not come in
  /// a subtransaction then; none: never. Errors: 42704 in a database without the extension.
  explicit Log(LogPolicy policy);
  /// Nothing as long as the load is not to be in the log.
  [[nodiscard]] std::optional<std::int64_t> load_id() const { return load_id_; }
  /// How many rejects it has counted only.
  [[nodiscard]] std::int64_t rejects_not_kept() const { return not_kept_.total(); }
  /// record: of source; it was not loaded. Of one that takes in several lines, and of one that is cut, the detail says so.
  void add(Source& source, const Record& record, const Problem& problem);
  /// Writes the load and its rejects, if it is to be in the log. A NOTICE tells of rejects that were not kept.
  void write(const LoadSummary& summary, const TargetTable& target);

 private:
  struct Kept;
  void open();
  void keep(const Record& record, const Kept& kept, const Problem& problem);
  void tell_not_kept() const;

  LogPolicy policy_;
  Oid user_;                               ///< who loads; triggers may change the current user
  MemoryContext context_;                  ///< of what waits for write()
  std::optional<std::int64_t> load_id_{};  ///< nothing: not open
  Relation loads_ = nullptr, rejects_ = nullptr;
  Tuplestorestate* store_ = nullptr;
  MemoryContext row_context_ = nullptr;
  double kept_bytes_ = 0;
  RejectTally not_kept_;
};

}  // namespace ferry::load
