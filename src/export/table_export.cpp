#include "export/table_export.hpp"

#include <algorithm>
#include <cstring>
#include <optional>
#include <vector>

#include "avro/schema_json.hpp"
#include "base/concat.hpp"
#include "base/error.hpp"
#include "export/export_position.hpp"
#include "export/export_share.hpp"
#include "export/shared_export.hpp"
#include "export/table_scan.hpp"
#include "pg/compat.hpp"
#include "pg/guard.hpp"

#include "pg/server.hpp"

extern "C" {
#include "access/parallel.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/paths.h"
#include "pgstat.h"
#include "storage/bufmgr.h"
#include "storage/latch.h"
#include "storage/predicate.h"
#include "storage/proc.h"
#include "storage/shm_mq.h"
#include "tcop/tcopprot.h"
#include "utils/wait_event.h"
}

namespace ferry::exporter {

using pg::call;

namespace {

void export_alone(const TableExport& job, map::RowWriter& rows, avro::ContainerWriter& out, const BlockWritten& written) {
  TableScan scan;
  ExportPosition position(job.file.context_prefix, rows, nullptr);
  call([&] { scan.begin(job.root, job.table, job.snapshot, rows); });
  std::int64_t row_count = 0;
  for (bool has_more = true; has_more;) {
    position.set_rows_before(job.rows_before + row_count);
    has_more = call([&] { return position.run([&] { return scan.append_to(rows, job.file.block_bytes); }); });
    pg::check_interrupts();
    out.write_block(rows.row_count(), rows.payload());
    row_count += rows.row_count();
    rows.clear();
    written(job.rows_before + row_count);
  }
  call([&] { scan.end(); });
}

/// The leader of an export with workers. Writes the pieces of all in the order of the table. Of those that a worker sends the
/// first is the one that is due next, if any is, so nobody waits for what waits for him. After an error the abort of the
/// (sub)transaction ends the workers.
class Leader {
 public:
  Leader(const TableExport& job, map::RowWriter& rows, avro::ContainerWriter& out, const BlockWritten& written)
      : job_(job), rows_(rows), out_(out), written_(written) {}

  void run(int workers);

 private:
  struct Worker {
    shm_mq_handle* queue = nullptr;
    std::optional<Piece> piece{};  ///< received and not written; the block is in the queue until the next one is received
  };
  struct Message {
    shm_mq_result result;
    Size size_bytes;
    void* data;
  };

  void start(int workers);
  void fill_segment();
  void put_text(SharedKey key, const char* text);
  void launch();
  void receive(Worker& worker);
  /// Writes the piece if it is due, and forgets it; false if it is not, or there is none.
  bool write_due(std::optional<Piece>& piece);
  bool write_due();
  void write_all();
  void wait();

  const TableExport& job_;
  map::RowWriter& rows_;
  avro::ContainerWriter& out_;
  const BlockWritten& written_;
  std::string schema_;
  std::vector<AttrNumber> attributes_;
  std::vector<Worker> workers_;  ///< that have not ended
  std::optional<Piece> own_;     ///< made and not written
  ParallelContext* context_ = nullptr;
  SharedJob* shared_ = nullptr;
  BlockNumber next_page_ = 0;  ///< all before are written
  std::int64_t row_count_ = 0;
};

/// Makes the shared memory. Calls the server without a guard.
void Leader::start(int workers) {
  EnterParallelMode();
  context_ = CreateParallelContext("pg_ferry", "ferry_export_worker", workers);
  shm_toc_estimator& estimator = context_->estimator;
  const char* const query = debug_query_string == nullptr ? "" : debug_query_string;
  shm_toc_estimate_chunk(&estimator, sizeof(SharedJob));
  shm_toc_estimate_chunk(&estimator, mul_size(kQueueBytes, static_cast<Size>(std::max(context_->nworkers, 1))));
  shm_toc_estimate_chunk(&estimator, attributes_.size() * sizeof(AttrNumber) + 1);
  shm_toc_estimate_chunk(&estimator, job_.file.context_prefix.size() + 1);
  shm_toc_estimate_chunk(&estimator, schema_.size() + 1);
  shm_toc_estimate_chunk(&estimator, std::strlen(query) + 1);
  shm_toc_estimate_keys(&estimator, 6);
  InitializeParallelDSM(context_);
  fill_segment();
  put_text(kSharedPrefix, job_.file.context_prefix.c_str());
  put_text(kSharedSchema, schema_.c_str());
  put_text(kSharedQuery, query);
  // what a scan of all rows does once
  PredicateLockRelation(job_.table, job_.snapshot);
  pgstat_count_heap_scan(job_.table);
}

/// Calls the server without a guard.
void Leader::fill_segment() {
  shm_toc* const contents = context_->toc;
  shared_ = static_cast<SharedJob*>(shm_toc_allocate(contents, sizeof(SharedJob)));
  shared_->root = RelationGetRelid(job_.root);
  shared_->table = RelationGetRelid(job_.table);
  shared_->profile = job_.file.record.profile;
  shared_->codec = job_.file.codec;
  shared_->level = job_.file.level.value_or(-1);
  shared_->sync_marker = job_.sync_marker;
  shared_->block_bytes = job_.file.block_bytes;
  shared_->column_count = static_cast<int>(attributes_.size());
  // pages that come later have nothing that the snapshot sees
  shared_->page_count = RelationGetNumberOfBlocks(job_.table);
  pg_atomic_init_u64(&shared_->pages_taken, 0);
  shm_toc_insert(contents, kSharedJob, shared_);
  auto* const attributes = static_cast<AttrNumber*>(shm_toc_allocate(contents, attributes_.size() * sizeof(AttrNumber) + 1));
  std::copy(attributes_.begin(), attributes_.end(), attributes);
  shm_toc_insert(contents, kSharedColumns, attributes);
}

/// Calls the server without a guard.
void Leader::put_text(SharedKey key, const char* text) {
  const Size size_bytes = std::strlen(text) + 1;
  void* const text_copy = shm_toc_allocate(context_->toc, size_bytes);
  std::memcpy(text_copy, text, size_bytes);
  shm_toc_insert(context_->toc, key, text_copy);
}

/// Calls the server without a guard; workers_ has room.
void Leader::launch() {
  const int prepared = context_->nworkers;
  auto* const space = static_cast<char*>(shm_toc_allocate(context_->toc, kQueueBytes * static_cast<Size>(std::max(prepared, 1))));
  for (int i = 0; i < prepared; i++) {
    shm_mq* const queue = shm_mq_create(space + kQueueBytes * static_cast<Size>(i), kQueueBytes);
    shm_mq_set_receiver(queue, MyProc);
    workers_[static_cast<std::size_t>(i)].queue = shm_mq_attach(queue, context_->seg, nullptr);
  }
  shm_toc_insert(context_->toc, kSharedQueues, space);
  LaunchParallelWorkers(context_);
  for (int i = 0; i < prepared; i++) {
    shm_mq_handle*& queue = workers_[static_cast<std::size_t>(i)].queue;
    if (i < context_->nworkers_launched) {
      shm_mq_set_handle(queue, context_->worker[i].bgwhandle);
      continue;
    }
    shm_mq_detach(queue);
    queue = nullptr;
  }
}

/// The next piece of a worker, if it has sent one; its queue is null where it has ended.
void Leader::receive(Worker& worker) {
  const Message message = call([queue = worker.queue] {
    Message received{};
    received.result = shm_mq_receive(queue, &received.size_bytes, &received.data, true);
    return received;
  });
  if (message.result == SHM_MQ_WOULD_BLOCK) return;
  if (message.result == SHM_MQ_DETACHED) {
    call(shm_mq_detach, worker.queue);
    worker.queue = nullptr;
    return;
  }
  Piece piece{};
  if (message.size_bytes < sizeof piece.head) throw Error("XX000", "message of a worker is too short");
  const ByteView bytes(static_cast<const std::uint8_t*>(message.data), message.size_bytes);
  std::memcpy(&piece.head, bytes.data(), sizeof piece.head);
  piece.block = bytes.subspan(sizeof piece.head);
  worker.piece = piece;
}

bool Leader::write_due(std::optional<Piece>& piece) {
  if (!piece || piece->head.first_page != next_page_) return false;
  if (piece->head.row_count > 0) out_.append_block(piece->block);
  next_page_ = piece->head.next_page;
  row_count_ += piece->head.row_count;
  piece.reset();
  written_(job_.rows_before + row_count_);
  return true;
}

/// Of everybody.
bool Leader::write_due() {
  bool has_written = write_due(own_);
  for (Worker& worker : workers_) {
    if (!worker.piece) receive(worker);
    has_written = write_due(worker.piece) || has_written;
  }
  std::erase_if(workers_, [](const Worker& worker) { return worker.queue == nullptr; });
  return has_written;
}

void Leader::wait() {
  call([] {
    WaitLatch(MyLatch, WL_LATCH_SET | WL_EXIT_ON_PM_DEATH, -1, WAIT_EVENT_EXECUTE_GATHER);
    ResetLatch(MyLatch);
  });
}

void Leader::write_all() {
  std::optional<ExportShare> share;
  if (parallel_leader_participation || workers_.empty())
    share.emplace(*shared_, job_.file.context_prefix, job_.root, job_.table, job_.snapshot, rows_);
  bool has_more = share.has_value();
  while (next_page_ < shared_->page_count) {
    pg::check_interrupts();
    if (write_due()) continue;
    if (has_more && !own_) {
      has_more = share->make(own_.emplace());
      if (!has_more) own_.reset();
    } else if (!workers_.empty()) {
      wait();
    } else {
      break;
    }
  }
  if (share) share->end();
}

void Leader::run(int workers) {
  schema_ = shared_schema(job_.columns, job_.file.record.profile);
  for (const map::Column& column : job_.columns.columns) attributes_.push_back(column.attribute);
  workers_.resize(static_cast<std::size_t>(workers));
  call([this, workers] { start(workers); });
  workers_.resize(static_cast<std::size_t>(context_->nworkers));
  call([this] { launch(); });
  std::erase_if(workers_, [](const Worker& worker) { return worker.queue == nullptr; });
  write_all();
  call([this] { WaitForParallelWorkersToFinish(context_); });  // raises what they raised
  if (next_page_ < shared_->page_count)
    throw Error("XX000", concat("workers ended at page ", next_page_, " of ", shared_->page_count));
  call([this] {
    DestroyParallelContext(context_);
    ExitParallelMode();
  });
}

/// What the planner makes of the table's size. Source: compute_parallel_worker().
int workers_by_size(BlockNumber pages) {
  if (pages < static_cast<BlockNumber>(min_parallel_table_scan_size)) return 0;
  std::int64_t threshold = std::max(min_parallel_table_scan_size, 1);
  int workers = 1;
  for (; pages >= 3 * threshold; threshold *= 3) workers++;
  return workers;
}

}  // namespace

std::string shared_schema(const map::Table& columns, map::Profile profile) {
  return avro::to_json(map::record_schema(columns, {.profile = profile, .record_name = "row"}).root());
}

int export_workers(Relation table, const map::RowWriter& rows) {
  if (max_parallel_workers_per_gather <= 0 || !IsUnderPostmaster || IsInParallelMode() || IsParallelWorker()) return 0;
  if (!pg::PageScan::fits(table) || RelationUsesLocalBuffers(table) || !rows.is_parallel_safe()) return 0;
  int workers = RelationGetParallelWorkers(table, -1);
  if (workers < 0) workers = workers_by_size(call([table] { return RelationGetNumberOfBlocks(table); }));
  if (workers == 0 && pg::compat::wants_parallel_always()) workers = 1;
  return std::min(workers, max_parallel_workers_per_gather);
}

void export_table(const TableExport& job, map::RowWriter& rows, avro::ContainerWriter& out, const BlockWritten& written) {
  const int workers = export_workers(job.table, rows);
  if (workers == 0)
    export_alone(job, rows, out, written);
  else
    Leader(job, rows, out, written).run(workers);
}

}  // namespace ferry::exporter
