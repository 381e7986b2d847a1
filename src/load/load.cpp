#include "load/load.hpp"

#include <utility>

#include "base/concat.hpp"
#include "load/write/nesting.hpp"
#include "pg/error_context.hpp"
#include "pg/guard.hpp"
#include "pg/subtransaction.hpp"
#include "pg/table/sequences.hpp"

#include "pg/server.hpp"

extern "C" {
#include "utils/timestamp.h"
}

namespace ferry::load {

namespace {

constexpr std::size_t kListedRejects = 10;
constexpr const char* kNotNullViolation = "23502";

/// One load on its way through its batches.
class Load {
 public:
  Load(Source& source, TargetTable& target, const LoadOptions& options, const Observer& observer, Log& log, LoadSummary& summary)
      : source_(source), target_(target), options_(options), observer_(observer), log_(log), summary_(summary) {}

  void run() {
    LoadPosition position(options_.context, source_);
    position_ = &position;
    // made here and not before: in a rehearsal it belongs to the subtransaction
    writer_.emplace(source_, target_,
                    WriterOptions{.on_conflict = options_.on_conflict,
                                  .want_keys = options_.want_keys,
                                  .small_batches = options_.small_batches,
                                  .filter = options_.filter,
                                  .position = &position});
    writer_->begin();
    MemoryContext const load_context = CurrentMemoryContext;
    MemoryContext const batch_context =
        pg::call([] { return AllocSetContextCreate(CurrentMemoryContext, "pg_ferry load batch", ALLOCSET_DEFAULT_SIZES); });
    const Settle settle = [this](const Record& record, const Result& result) { this->settle(record, result); };
    while (writer_->read_batch()) {
      pg::call([=] {
        MemoryContextReset(batch_context);
        MemoryContextSwitchTo(batch_context);
      });
      writer_->write(settle);
      show_progress();
    }
    writer_->finish(settle);
    show_progress();
    pg::call([=] {
      MemoryContextSwitchTo(load_context);
      MemoryContextDelete(batch_context);
    });
    writer_->end();
    progress_.end();
  }

  void advance_sequences() const {
    const Oid table_owner = target_.relation()->rd_rel->relowner;
    for (const auto& [column, value] : writer_->farthest_values())
      pg::advance_sequence(column->from, table_owner, value, "loaded");
  }

 private:
  void show_progress() {
    progress_.operation = options_.operation;
    progress_.table = RelationGetRelid(target_.relation());
    progress_.bytes_total = source_.bytes_total();
    progress_.kind = options_.stream_kind;
    progress_.bytes = source_.bytes_read();
    progress_.rows_loaded = summary_.rows_loaded;
    progress_.rows_excluded = summary_.rows_rejected + summary_.rows_skipped;
    progress_.show();
  }

  void settle(const Record& record, const Result& result) {
    summary_.rows_read++;
    if (result.state == Result::State::loaded) summary_.rows_loaded++;
    if (is_left_out(result.state)) summary_.rows_skipped++;
    if (result.state == Result::State::rejected) {
      if (options_.stops_at_reject) fail_at(record, *result.problem);
      summary_.rows_rejected++;
      if (options_.keep_rejects) log_.add(source_, record, *result.problem);
      if (first_rejects_.size() < kListedRejects) first_rejects_.push_back(describe(record, *result.problem));
      if (options_.reject_limit && summary_.rows_rejected > *options_.reject_limit) fail_limit();
    }
    if (observer_) observer_(record, result);
  }

  static std::string describe(const Record& record, const Problem& problem) {
    return concat(record.line_number > 0 ? "line " : "row ", record.line_number > 0 ? record.line_number : record.row_number,
                  ": ", problem.reason, " (", problem.sqlstate, ")");
  }

  /// What the server's COPY would have said of the row.
  [[noreturn]] void fail_at(const Record& record, const Problem& problem) const {
    const bool is_of_table = problem.sqlstate.compare(0, 2, "23") == 0;
    char position[pg::kMostContextBytes];
    position_->set(record);
    position_->tell(problem.column, position);
    throw Error(problem.sqlstate.c_str(), problem.reason)
        .detail(problem.detail)
        .hint(problem.hint)
        .context(position)
        .constraint(problem.constraint)
        .column(problem.sqlstate == kNotNullViolation ? problem.column : "")
        .table(is_of_table ? target_.table_name() : "")
        .schema(is_of_table ? target_.schema_name() : "");
  }

  [[noreturn]] void fail_limit() const {
    std::string detail;
    for (const std::string& reject : first_rejects_) (detail += detail.empty() ? "" : "\n") += reject;
    throw Error("54000", concat("more than ", *options_.reject_limit, " rows were rejected"))
        .detail(std::move(detail))
        .hint("Nothing was loaded. Correct the rows, or raise the reject limit.")
        .table(target_.table_name())
        .schema(target_.schema_name());
  }

  Source& source_;
  TargetTable& target_;
  const LoadOptions& options_;
  const Observer& observer_;
  Log& log_;
  LoadSummary& summary_;
  LoadPosition* position_ = nullptr;  ///< of run()
  std::optional<Writer> writer_;
  std::vector<std::string> first_rejects_;
  pg::LoadProgress progress_;
};

}  // namespace

LoadSummary run_load(Source& source, TargetTable& target, const LoadOptions& options, const Observer& observer) {
  const Nesting nesting;
  Log log(options.log);
  LoadSummary summary;
  summary.source = options.source_name;
  summary.started_at = GetCurrentTimestamp();
  Load load(source, target, options, observer, log, summary);
  if (options.dry_run)
    pg::rehearse([&] { load.run(); });
  else
    load.run();
  if (options.digest) summary.source_digest = options.digest();
  summary.source_bytes = source.bytes_read();
  summary.load_id = log.load_id();
  if (summary.load_id) summary.options_json = options.describe();
  summary.rejects_not_kept = log.rejects_not_kept();
  log.write(summary, target);
  // at last: no rollback moves a sequence back
  if (!options.dry_run) load.advance_sequences();
  return summary;
}

OnConflict on_conflict_by_name(const std::string& name) {
  if (name == "reject") return OnConflict::reject;
  if (name == "skip") return OnConflict::skip;
  if (name == "update") return OnConflict::update;
  throw Error("22023", concat("on_conflict \"", name, "\" not recognized")).hint("Choose \"reject\", \"skip\" or \"update\".");
}

const char* name_of(OnConflict on_conflict) {
  switch (on_conflict) {
    case OnConflict::skip:
      return "skip";
    case OnConflict::update:
      return "update";
    default:
      return "reject";
  }
}

}  // namespace ferry::load
