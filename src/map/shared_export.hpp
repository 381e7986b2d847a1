#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "avro/codec.hpp"
#include "avro/container.hpp"
#include "map/types.hpp"

#include "pg/server.hpp"

extern "C" {
#include "port/atomics.h"
#include "storage/shm_toc.h"
}

// What the leader of an export and its workers share.
namespace ferry::map {

/// Keys of the table of contents; the server's own are larger than these.
enum SharedKey : uint64 {
  kSharedJob = 1,
  kSharedScan,
  kSharedQueues,
  kSharedColumns,
  kSharedPrefix,
  kSharedSchema,
  kSharedQuery
};

/// Each worker has such a queue; the leader makes a block of its own while they fill.
inline constexpr std::size_t kQueueBytes = 2 * avro::kUsualBlockBytes;

/// A message of a worker is the number of rows, in eight bytes, and the block.
using SharedRowCount = std::int64_t;

struct SharedJob {
  Oid root, table;
  Profile profile;
  avro::CodecKind codec;
  int level;  ///< -1: the codec's own
  avro::SyncMarker sync_marker;
  std::size_t block_bytes;
  int column_count;         ///< of the attribute numbers under kSharedColumns
  pg_atomic_uint64 rows_sent;  ///< by all workers
};

/// The schema of the rows, from which a worker sees that it would encode them as the leader does.
[[nodiscard]] std::string shared_schema(const Table& columns, Profile profile);

}  // namespace ferry::map
