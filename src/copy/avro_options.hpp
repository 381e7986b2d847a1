#pragma once

#include "export/table_export.hpp"
#include "load/load_stream.hpp"

#include "pg/server.hpp"

extern "C" {
#include "nodes/parsenodes.h"
#include "parser/parse_node.h"
}

namespace ferry::copy {

/// The options of COPY TO with FORMAT avro, but for the context of errors. Errors: 42601 unknown or doubled; 22023 values,
/// options of COPY FROM; 0A000 a codec that is none of ours.
[[nodiscard]] exporter::FileOptions read_export_options(ParseState* state, const CopyStmt& statement);

struct ImportOptions {
  load::AvroOptions avro;
  load::LoadOptions load;
};

/// The options of COPY FROM with FORMAT avro. Source, columns, filter and size are left to the caller. Errors: 42601, 22023.
[[nodiscard]] ImportOptions read_import_options(ParseState* state, const CopyStmt& statement);

}  // namespace ferry::copy
