#pragma once

#include "load/load_stream.hpp"

#include "pg/server.hpp"

extern "C" {
#include "nodes/parsenodes.h"
#include "parser/parse_node.h"
}

namespace ferry::copy {

/// Whether a COPY statement is ours: its options say ON_ERROR reject. Calls nothing that raises.
[[nodiscard]] bool wants_rejects(const CopyStmt& statement);

/// The options of a COPY FROM with ON_ERROR reject. Its own are ON_ERROR, REJECT_LIMIT and ON_CONFLICT; the others are those that
/// the server's version knows, under its own checks. attributes: the numbers of the columns that are loaded. Source, filter and
/// size are left to the caller. Errors: 42601 unknown or doubled; 22023 values; 0A000 what does not go with ON_ERROR reject.
struct Options {
  load::StreamOptions stream;
  load::LoadOptions load;
};
[[nodiscard]] Options read_options(ParseState* state, const CopyStmt& statement, Relation table, List* attributes);

}  // namespace ferry::copy
