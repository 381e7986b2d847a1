#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "load/log/log.hpp"
#include "load/record/source.hpp"
#include "load/table/target_table.hpp"
#include "load/write/writer.hpp"
#include "pg/progress.hpp"

namespace ferry::load {

struct LoadOptions {
  OnConflict on_conflict = OnConflict::reject;
  std::optional<std::int64_t> reject_limit{};  ///< more rejects than this: an error, and nothing is loaded
  bool stops_at_reject = false;                ///< the first reject is an error, and nothing is loaded
  bool dry_run = false;                        ///< check and report everything, keep nothing but the report
  bool want_keys = false;
  LogPolicy log = LogPolicy::all;
  bool keep_rejects = true;                               ///< false: they are the observer's matter
  bool small_batches = false;                             ///< see WriterOptions; for JSON rows
  List* filter = nullptr;                                 ///< see WriterOptions
  pg::StreamKind stream_kind = pg::StreamKind::callback;  ///< for pg_stat_progress_copy
  pg::Operation operation = pg::Operation::load;          ///< for ferry_progress
  std::string source_name{};                              ///< for the log: a path, "batch"
  std::function<std::string()> digest{};                  ///< of the source, asked for when it is read; for the log
  std::optional<std::int64_t> continues{};                ///< the load of what the source had before; for the log
  std::function<std::string()> describe{};                ///< the options as JSON, for the log; called behind the last record
  std::string context{};                                  ///< what the context of errors begins with: "COPY jobs"
};

/// Called once for every record of a load, in the order in which they are decided: that of the source, but for rows that wait
/// for a parent of the same table.
using Observer = std::function<void(const Record&, const Result&)>;

/// Loads all records of source into target, keeps those that cannot be loaded, and writes the log. Afterwards
/// sequences are past the values loaded into the columns that they feed.
/// Errors: 54000 more rejects than the limit; those that may not become rejects; nothing is loaded then.
LoadSummary run_load(Source& source, TargetTable& target, const LoadOptions& options, const Observer& observer = {});

/// The words for on_conflict. Errors: 22023.
[[nodiscard]] OnConflict on_conflict_by_name(const std::string& name);
[[nodiscard]] const char* name_of(OnConflict on_conflict);

}  // namespace ferry::load
