#pragma once

#include <cstdint>
#include <optional>

#include "avro/block_encoder.hpp"
#include "codec/codec.hpp"
#include "load/load_stream.hpp"
#include "map/types/types.hpp"

#include "pg/server.hpp"

extern "C" {
#include "nodes/parsenodes.h"
#include "parser/parse_node.h"
}

namespace ferry::copy {

/// Whether a statement says FORMAT avro, which makes it ours. Calls nothing that raises.
[[nodiscard]] bool is_avro(const CopyStmt& statement);

struct ExportOptions {
  map::RecordOptions record;
  codec::CodecKind codec = codec::CodecKind::deflate;
  std::optional<int> level{};
  std::size_t block_bytes = avro::kUsualBlockBytes;  ///< a block ends with the record that reaches it
};

/// The options of COPY TO with FORMAT avro. Errors: 42601 unknown or doubled; 22023 values, options of COPY FROM; 0A000 a codec
/// that is none of ours.
[[nodiscard]] ExportOptions read_export_options(ParseState* state, const CopyStmt& statement);

struct ImportOptions {
  load::AvroOptions avro;
  load::LoadOptions load;
};

/// The options of COPY FROM with FORMAT avro. Source, columns, filter and size are left to the caller. Errors: 42601, 22023.
[[nodiscard]] ImportOptions read_import_options(ParseState* state, const CopyStmt& statement);

}  // namespace ferry::copy
