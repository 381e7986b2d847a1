#pragma once

#include <cstdint>

#include "copy/formats.hpp"

#include "pg/server.hpp"

extern "C" {
#include "nodes/parsenodes.h"
#include "parser/parse_node.h"
}

namespace ferry::copy {

/// Runs a COPY ... TO of ours: what the server's COPY checks, in its order and words; views and partitioned tables
/// are exported, too. A file appears complete or not at all. planned: the statement within its query text. Scribbles on the
/// statement. Returns the number of rows.
/// Errors: those of COPY TO, of the options and of map::RowWriter.
std::int64_t copy_to(const Format& format, ParseState* state, const PlannedStmt& planned);

}  // namespace ferry::copy
