#include "pg/progress.hpp"

#include <algorithm>
#include <iterator>

#include "pg/guard.hpp"

extern "C" {
#include "commands/progress.h"
#include "utils/backend_status.h"
}

namespace ferry::pg {

namespace {

int type_of(StreamKind kind) {
  switch (kind) {
    case StreamKind::file:
      return PROGRESS_COPY_TYPE_FILE;
    case StreamKind::program:
      return PROGRESS_COPY_TYPE_PROGRAM;
    case StreamKind::pipe:
      return PROGRESS_COPY_TYPE_PIPE;
    case StreamKind::callback:
      return PROGRESS_COPY_TYPE_CALLBACK;
  }
  return PROGRESS_COPY_TYPE_CALLBACK;
}

/// Calls the server without a guard; so does nothing here that can fail.
void start(Operation operation, Oid table) {
  constexpr int kOperation = PGSTAT_NUM_PROGRESS_PARAM - 2, kStartedAt = PGSTAT_NUM_PROGRESS_PARAM - 1;
  pgstat_progress_start_command(PROGRESS_COMMAND_COPY, table);
  pgstat_progress_update_param(kOperation, static_cast<int64>(operation));
  pgstat_progress_update_param(kStartedAt, GetCurrentTimestamp());
}

}  // namespace

void LoadProgress::show() {
  const int parameters[] = {PROGRESS_COPY_COMMAND,          PROGRESS_COPY_TYPE,
                            PROGRESS_COPY_BYTES_TOTAL,      PROGRESS_COPY_BYTES_PROCESSED,
                            PROGRESS_COPY_TUPLES_PROCESSED, PROGRESS_COPY_TUPLES_EXCLUDED};
  const std::int64_t values[] = {PROGRESS_COPY_COMMAND_FROM, type_of(kind), bytes_total, bytes, rows_loaded, rows_excluded};
  call([&] {
    if (!is_shown_) start(operation, table);
    pgstat_progress_update_multi_param(static_cast<int>(std::size(parameters)), parameters, values);
  });
  is_shown_ = true;
}

void LoadProgress::end() const { call(pgstat_progress_end_command); }

void ExportProgress::show() {
  const int parameters[] = {PROGRESS_COPY_COMMAND, PROGRESS_COPY_TYPE, PROGRESS_COPY_BYTES_PROCESSED,
                            PROGRESS_COPY_TUPLES_PROCESSED};
  const std::int64_t values[] = {PROGRESS_COPY_COMMAND_TO, type_of(kind), bytes, rows};
  call([&] {
    if (!is_shown_) start(operation, table);
    pgstat_progress_update_multi_param(static_cast<int>(std::size(parameters)), parameters, values);
  });
  is_shown_ = true;
}

void ExportProgress::end() const { call(pgstat_progress_end_command); }

KeptProgress::KeptProgress() {
  if (MyBEEntry == nullptr || !pgstat_track_activities) return;
  command_ = MyBEEntry->st_progress_command;
  target_ = MyBEEntry->st_progress_command_target;
  std::copy(std::begin(MyBEEntry->st_progress_param), std::end(MyBEEntry->st_progress_param), numbers_);
}

void KeptProgress::show_again() const {
  if (command_ == PROGRESS_COMMAND_INVALID) return;
  volatile PgBackendStatus* const entry = MyBEEntry;
  // in one go: between the server's own two calls for it others would see zeros
  PGSTAT_BEGIN_WRITE_ACTIVITY(entry);
  entry->st_progress_command = command_;
  entry->st_progress_command_target = target_;
  std::copy(std::begin(numbers_), std::end(numbers_), entry->st_progress_param);
  PGSTAT_END_WRITE_ACTIVITY(entry);
}

}  // namespace ferry::pg
