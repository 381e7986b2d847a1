#pragma once

#include "pg/server.hpp"

extern "C" {
#include "nodes/nodes.h"
}

/// Which rules of a table may look at tables, so that rows have to be there before those behind them are judged. All functions
/// call the server without a guard.
namespace ferry::load {

/// Whether an expression may look at tables, or write: it calls a function that is not immutable, unless it is one of the
/// server's own that is known to do neither, as now() and gen_random_uuid(); or it casts to a domain whose CHECK does. What a
/// user declares immutable is taken for it. Null is no expression.
[[nodiscard]] bool may_look_at_tables(Node* expression);

/// Whether the input or the rules of a type may: a domain with such a CHECK, or over such a type, and, to be sure, every type of
/// a user's that is made of others.
[[nodiscard]] bool may_look_at_tables(Oid type);

}  // namespace ferry::load
