#pragma once

#include "pg/server.hpp"

// Foreign keys of restored tables whose parents another engine stores: the server's own check would look for those in an empty
// relation. They wait until all tables are filled, and then the engine is asked.
namespace ferry::backup {

/// Whether another engine stores rows of a table that foreign keys refer to. Locks it as their check does. Calls the server
/// without a guard.
[[nodiscard]] bool is_elsewhere(Oid parent);

/// The tables at other engines that a foreign key of a table or partition refers to and whose trigger fires; a list of OIDs.
/// Locks them as the check does. Errors: 0A000 a key that only the server's own trigger can check.
[[nodiscard]] List* parents_elsewhere(Relation member);

/// Checks one such key for the rows of an open table or partition: all, or those that this transaction has written. constraint:
/// member's own. The parents stay locked, as far as the engine knows locks. Errors: 23503.
void check_rows_elsewhere(Relation member, Oid constraint, bool all_rows);

}  // namespace ferry::backup
