#pragma once

#include <cstdint>

#include "copy/formats.hpp"

#include "pg/server.hpp"

extern "C" {
#include "nodes/parsenodes.h"
#include "parser/parse_node.h"
}

namespace ferry::copy {

/// Runs a COPY ... FROM of ours: what the server's COPY checks, in its order and
/// words, then a load. A NOTICE tells of rejects. Scribbles on the statement. Returns the number of rows loaded.
/// Errors: those of COPY FROM, of the options and of a load; 42704 in a database without the extension.
std::int64_t copy_from(const Format& format, ParseState* state, CopyStmt* statement);

}  // namespace ferry::copy
