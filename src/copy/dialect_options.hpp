#pragma once

#include "load/load_stream.hpp"

#include "pg/server.hpp"

extern "C" {
#include "nodes/parsenodes.h"
#include "nodes/pg_list.h"
#include "parser/parse_node.h"
}

namespace ferry::copy {

/// What a COPY statement says of the dialect of its data that the server does not know of. Null and false: nothing.
struct DialectOptions {
  DefElem *skip_lines, *comment, *null_strings, *trim_blanks, *ragged, *quotes, *open_quote, *header_match;
};

/// Whether an option is one of those. Calls nothing that raises.
[[nodiscard]] bool is_dialect_option(const DefElem& option);

/// Takes an option if it is one of those; else false. Calls the server without a guard. Errors: 42601 it is doubled.
bool take_dialect_option(ParseState* state, DefElem* option, DialectOptions& options);

/// Sets the dialect of stream, whose format, header, delimiter and quote are known already.
/// Errors: 22023, 42601 values; 0A000 what does not go with the format.
void set_dialect(ParseState* state, const DialectOptions& options, load::StreamOptions& stream);

}  // namespace ferry::copy
