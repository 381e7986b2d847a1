#include <span>
#include <string>

#include "base/concat.hpp"
#include "base/error.hpp"
#include "export/export_share.hpp"
#include "export/shared_export.hpp"
#include "map/types/table.hpp"
#include "map/write/row_writer.hpp"
#include "pg/guard.hpp"

#include "pg/server.hpp"

extern "C" {
#include "access/parallel.h"
#include "storage/dsm.h"
#include "storage/proc.h"
#include "storage/shm_mq.h"
#include "tcop/tcopprot.h"
#include "utils/backend_status.h"
#include "utils/snapmgr.h"
}

namespace ferry::exporter {

using pg::call;

namespace {

struct Opened {
  SharedJob* job;
  Relation root, table;
  shm_mq_handle* queue;
  const AttrNumber* attributes;
  const char *prefix, *schema;
};

/// Calls the server without a guard.
Opened open_job(dsm_segment* segment, shm_toc* contents) {
  Opened open{};
  auto* const query = static_cast<char*>(shm_toc_lookup(contents, kSharedQuery, false));
  debug_query_string = query;
  pgstat_report_activity(STATE_RUNNING, query);
  open.job = static_cast<SharedJob*>(shm_toc_lookup(contents, kSharedJob, false));
  open.attributes = static_cast<AttrNumber*>(shm_toc_lookup(contents, kSharedColumns, false));
  open.prefix = static_cast<char*>(shm_toc_lookup(contents, kSharedPrefix, false));
  open.schema = static_cast<char*>(shm_toc_lookup(contents, kSharedSchema, false));
  char* const queues = static_cast<char*>(shm_toc_lookup(contents, kSharedQueues, false));
  auto* const queue = reinterpret_cast<shm_mq*>(queues + kQueueBytes * static_cast<std::size_t>(ParallelWorkerNumber));
  shm_mq_set_sender(queue, MyProc);
  open.queue = shm_mq_attach(queue, segment, nullptr);
  open.root = table_open(open.job->root, AccessShareLock);
  open.table = open.job->table == open.job->root ? open.root : table_open(open.job->table, AccessShareLock);
  return open;
}

/// False where the leader has gone.
bool send(shm_mq_handle* queue, const Piece& piece) {
  shm_mq_iovec parts[2];
  parts[0].data = reinterpret_cast<const char*>(&piece.head);
  parts[0].len = sizeof piece.head;
  parts[1].data = reinterpret_cast<const char*>(piece.block.data());
  parts[1].len = piece.block.size();
  auto* const first = parts;
  return call([=] { return shm_mq_sendv(queue, first, 2, false, true); }) == SHM_MQ_SUCCESS;
}

void work(dsm_segment* segment, shm_toc* contents) {
  // a worker may be the first that loads a library which was replaced
  call(pg::require_version);
  const Opened open = call([=] { return open_job(segment, contents); });
  SharedJob& job = *open.job;
  const map::Table table =
      select_columns(map::describe(open.root), std::span(open.attributes, static_cast<std::size_t>(job.column_count)));
  // types may get labels while they are in use; symbols are numbers, and all processes must mean the same
  if (shared_schema(table, job.profile) != open.schema)
    throw Error("55000", concat("could not export table \"", table.name, "\": a type of its columns was changed meanwhile"));
  map::RowWriter rows(table, job.profile);
  // the active snapshot is the leader's
  ExportShare share(job, open.prefix, open.root, open.table, call(GetActiveSnapshot), rows);
  Piece piece{};
  for (bool has_leader = true; has_leader && share.make(piece);) has_leader = send(open.queue, piece);
  share.end();
  call([&] {
    shm_mq_detach(open.queue);
    if (open.table != open.root) table_close(open.table, NoLock);
    table_close(open.root, NoLock);
  });
}

}  // namespace
}  // namespace ferry::exporter

#pragma GCC visibility push(default)
extern "C" {
/// The server calls it in each worker of an export.
void ferry_export_worker(dsm_segment* segment, shm_toc* contents);
}
#pragma GCC visibility pop

void ferry_export_worker(dsm_segment* segment, shm_toc* contents) {
  ferry::pg::boundary([&] { ferry::exporter::work(segment, contents); });
}
