#pragma once

#include <vector>

#include "base/key_set.hpp"

#include "pg/server.hpp"

namespace ferry::pg {

/// Looks for the keys of few rows in a parent by way of its index and locks what it finds, as the server's own check of a
/// foreign key does with a query: in a new snapshot, with FOR KEY SHARE, and with a second look at a row that changed meanwhile.
/// parent, index: of a unique btree index with one column of a type that has_key_image() knows. found is told of each key that is
/// there. Needs no right: see may_lock_parents(). Calls the server without a guard. Errors: 40001.
/// Source: ExecLockRows(), RI_FKey_check().
void lock_parents(Oid parent, Oid index, Oid type, const std::vector<Datum>& keys, void (*found)(void*, const Key&), void* self);

/// The server's query names the parent with the rights of its owner. Calls the server without a guard. Errors: 42501 the owner
/// may not use the parent's schema. Source: RangeVarGetRelidExtended().
void check_may_name(Oid parent, Oid owner);

/// Whether that query may run with the rights of the parent's owner; else the query itself raises what is missing.
[[nodiscard]] bool may_lock_parents(Oid parent, Oid owner);

}  // namespace ferry::pg
