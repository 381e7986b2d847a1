#include "pg/progress.hpp"

#include <iterator>

#include "pg/guard.hpp"

extern "C" {
#include "commands/progress.h"
#include "utils/backend_progress.h"
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

}  // namespace

void LoadProgress::show() const {
  const int places[] = {PROGRESS_COPY_COMMAND,          PROGRESS_COPY_TYPE,
                        PROGRESS_COPY_BYTES_TOTAL,      PROGRESS_COPY_BYTES_PROCESSED,
                        PROGRESS_COPY_TUPLES_PROCESSED, PROGRESS_COPY_TUPLES_EXCLUDED};
  const std::int64_t values[] = {PROGRESS_COPY_COMMAND_FROM, type_of(kind), bytes_total, bytes, rows_loaded, rows_excluded};
  call([&] {
    pgstat_progress_start_command(PROGRESS_COMMAND_COPY, table);
    pgstat_progress_update_multi_param(static_cast<int>(std::size(places)), places, values);
  });
}

void LoadProgress::end() const { call(pgstat_progress_end_command); }

}  // namespace ferry::pg
