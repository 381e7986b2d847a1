#include "export/export_share.hpp"

#include <algorithm>

#include "pg/guard.hpp"

#include "pg/server.hpp"

namespace ferry::exporter {

using pg::call;

namespace {

constexpr std::size_t kMaxRangePages = 1024;

std::optional<int> level_of(const SharedJob& job) { return job.level < 0 ? std::nullopt : std::optional(job.level); }

}  // namespace

ExportShare::ExportShare(SharedJob& job, std::string_view context_prefix, Relation root, Relation table, Snapshot snapshot,
                         map::RowWriter& rows)
    : job_(job),
      rows_(rows),
      encoder_(job.codec, level_of(job), job.sync_marker, pg::check_interrupts),
      position_(context_prefix, rows, &scan_),
      page_count_(static_cast<BlockNumber>(std::clamp(job.block_bytes / BLCKSZ, std::size_t{1}, kMaxRangePages))),
      range_bytes_(page_count_ * std::size_t{BLCKSZ}) {
  call([&] { scan_.begin_ranges(root, table, snapshot, rows); });
}

bool ExportShare::take_range() {
  // a little less than a block: what goes over it makes one of its own
  const std::size_t wanted_bytes = job_.block_bytes - job_.block_bytes / 16;
  const std::size_t page_bytes = std::max(range_bytes_ / page_count_, std::size_t{1});
  const std::size_t most_pages = std::min(kMaxRangePages, std::size_t{page_count_} * 2);
  page_count_ = static_cast<BlockNumber>(std::clamp(wanted_bytes / page_bytes, std::size_t{1}, most_pages));
  const uint64 first = pg_atomic_fetch_add_u64(&job_.pages_taken, page_count_);
  if (first >= job_.page_count) return false;
  first_page_ = static_cast<BlockNumber>(first);
  page_count_ = std::min(page_count_, job_.page_count - first_page_);
  range_bytes_ = 0;
  call([this] { scan_.set_range(first_page_, page_count_); });
  return true;
}

bool ExportShare::make(Piece& piece) {
  if (!is_in_range_ && !take_range()) return false;
  is_in_range_ = call([this] { return position_.run([this] { return scan_.append_to(rows_, job_.block_bytes); }); });
  pg::check_interrupts();
  range_bytes_ += rows_.payload().size();
  piece.head = {first_page_, is_in_range_ ? first_page_ : first_page_ + page_count_, rows_.row_count()};
  piece.block = encoder_.encode(rows_.row_count(), rows_.payload());
  rows_.clear();
  return true;
}

void ExportShare::end() {
  call([this] { scan_.end(); });
}

}  // namespace ferry::exporter
