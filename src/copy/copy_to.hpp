#pragma once

#include <cstdint>

#include "pg/server.hpp"

extern "C" {
#include "nodes/parsenodes.h"
#include "parser/parse_node.h"
}

namespace ferry::copy {

/// Runs COPY ... TO ... WITH (FORMAT avro): what the server's COPY checks, in its order and words; views and partitioned tables
/// are exported, too. A file appears complete or not at all. planned: the statement within its query text. Scribbles on the
/// statement. Returns the number of rows.
/// Errors: those of COPY TO, of read_export_options() and of map::RowWriter.
std::int64_t copy_to(ParseState* state, const PlannedStmt& planned);

}  // namespace ferry::copy
