#pragma once

#include <cstdint>

#include "load/load_stream.hpp"
#include "pg/io/open_source.hpp"

#include "pg/server.hpp"

extern "C" {
#include "nodes/parsenodes.h"
#include "parser/parse_node.h"
}

namespace ferry::copy {

/// The option ON_ERROR reject, which makes a COPY statement ours, or null. Calls nothing that raises.
[[nodiscard]] const DefElem* find_reject_option(const CopyStmt& statement);

/// An option of ours that says nothing without ON_ERROR reject, in a COPY FROM that has not that; else null. Calls nothing that
/// raises.
[[nodiscard]] const DefElem* find_lone_option(const CopyStmt& statement);

/// Refuses ON_ERROR reject in COPY TO, and without it the options that are for it alone. Calls the server without a guard.
/// Errors: 22023.
void check_use(ParseState* state, const CopyStmt& statement);

/// The values of the two options that say what becomes of rows. Errors: 22023. Both call the server without a guard.
[[nodiscard]] load::OnConflict read_on_conflict(ParseState* state, DefElem* option);
[[nodiscard]] std::int64_t read_reject_limit(ParseState* state, DefElem* option);

/// The value of an option as a jsonb in text. Calls the server without a guard. Errors: 22P02.
[[nodiscard]] const char* read_json(DefElem* option);

/// The names of a table's columns with those numbers.
[[nodiscard]] std::vector<std::string> names_of(Relation table, List* attributes);

struct Options {
  load::StreamOptions stream;
  load::LoadOptions load;
  pg::Compression compression = pg::Compression::automatic;
};

/// The options of COPY FROM with ON_ERROR reject: that, REJECT_LIMIT, ON_CONFLICT, COMPRESSION, EXPRESSIONS, those of the
/// dialect, and those that the server's version knows, under its own checks. attributes: the numbers of the columns that are
/// loaded. Source, filter and size are left to the caller. Errors: 42601 unknown or doubled; 22023 values; 0A000 what does not go
/// with ON_ERROR reject.
[[nodiscard]] Options read_options(ParseState* state, const CopyStmt& statement, Relation table, List* attributes);

}  // namespace ferry::copy
