#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "avro/container.hpp"
#include "map/types/table.hpp"
#include "map/write/row_writer.hpp"

#include "pg/server.hpp"

// The rows of a table as blocks of a container file: by this process, or together with parallel workers, which scan, encode and
// compress while this process takes part and writes.
namespace ferry::exporter {

/// What a file is made of, whoever writes into it.
struct FileOptions {
  map::RecordOptions record{};  ///< profile and names
  codec::CodecKind codec = codec::CodecKind::deflate;
  std::optional<int> level{};
  std::size_t block_bytes = avro::kUsualBlockBytes;  ///< a block ends with the row that reaches it
  std::string context_prefix{};                      ///< what comes before the row in the context of errors: "COPY jobs, "
};

struct TableExport {
  Relation root;              ///< whose rows they are
  Relation table;             ///< that holds them: root, or one of its leaf partitions
  Snapshot snapshot;          ///< the active one
  const map::Table& columns;  ///< of root: what rows is made of
  const FileOptions& file;    ///< the profile is that of rows
  const avro::SyncMarker& sync_marker;
  std::int64_t rows_before = 0;  ///< in the file, from other leaves
};

/// Called after each block with the rows that are in the file by now, rows_before included.
using BlockWritten = std::function<void(std::int64_t rows)>;

/// Writes all rows of a table, in its order. rows: empty, and empty afterwards. Errors: those of
/// RowWriter::append() and of the sink, with the row and the column in the context, and of workers as the server reports them.
void export_table(const TableExport& job, map::RowWriter& rows, avro::ContainerWriter& out, const BlockWritten& written);

/// How many workers an export asks for, by the rules that the planner has for a scan of the table: its size and its
/// parallel_workers, max_parallel_workers_per_gather, debug_parallel_query. 0 where the server does not allow any, as within
/// parallel work, of temporary tables, and of types whose output function is not parallel safe.
[[nodiscard]] int export_workers(Relation table, const map::RowWriter& rows);

}  // namespace ferry::exporter
