#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "avro/container.hpp"
#include "codec/codec.hpp"
#include "map/types/table.hpp"

#include "pg/server.hpp"

extern "C" {
#include "port/atomics.h"
#include "storage/block.h"
#include "storage/shm_toc.h"
}

// What the leader of an export and its workers share.
namespace ferry::exporter {

/// Keys of the table of contents; the server's own are larger than these.
enum SharedKey : uint64 { kSharedJob = 1, kSharedQueues, kSharedColumns, kSharedPrefix, kSharedSchema, kSharedQuery };

/// Each worker has such a queue; the leader makes a block of its own while they fill.
inline constexpr std::size_t kQueueBytes = 2 * avro::kUsualBlockBytes;

/// What stands before the block in a message of a worker.
struct PieceHead {
  BlockNumber first_page;  ///< of the table, of the range of pages that the block's rows are from
  BlockNumber next_page;   ///< whose rows follow: first_page where further blocks have the rest of the same range
  std::int64_t row_count;  ///< 0: there is no block
};

struct SharedJob {
  Oid root, table;
  map::Profile profile;
  codec::CodecKind codec;
  int level;  ///< -1: the codec's own
  avro::SyncMarker sync_marker;
  std::size_t block_bytes;
  int column_count;              ///< of the attribute numbers under kSharedColumns
  BlockNumber page_count;        ///< of the table
  pg_atomic_uint64 pages_taken;  ///< how many of them, from the first on, are somebody's work; may exceed page_count
};

/// The schema of the rows, from which a worker sees that it would encode them as the leader does.
[[nodiscard]] std::string shared_schema(const map::Table& columns, map::Profile profile);

}  // namespace ferry::exporter
