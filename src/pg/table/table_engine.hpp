#pragma once

#include "pg/server.hpp"

/// Who stores the rows of a table. An extension may leave an empty relation in the catalogs and keep the rows elsewhere, in other
/// tables or on other servers: what is written into that relation nobody sees, and nobody finds there what was stored. Only the
/// planner knows of it, through the hooks of that extension, and so the planner is asked: what it makes of copying a relation
/// onto itself must be a plain scan and a plain INSERT of that very relation.
namespace ferry::pg {

/// What the rows are wanted for.
enum class RowUse { load, restore };

/// Whether extensions change plans. Where none does, every table is stored here.
[[nodiscard]] bool may_be_elsewhere();

/// Whether the server's own engine stores the rows of relation, which is open and locked: a table, a materialized view, or,
/// which is always good, a foreign table. Children and partitions are to be asked for themselves. The answer is kept until the
/// relation changes. Calls the server without a guard.
[[nodiscard]] bool is_stored_here(Relation relation);

/// Raises 0A000 where another engine than the server's own stores the rows of relation, as is_stored_here() says. Calls the
/// server without a guard.
void check_is_stored_here(Relation relation, RowUse use);

/// Whether that is not so of a table, or of one of its partitions. Locks those as a scan does. Calls the server without a guard.
[[nodiscard]] bool has_rows_elsewhere(Relation table);

/// The foreign keys that a partition has from the table that it is a partition of.
enum class InheritedKeys { checked, left_out };

/// Whether that is so of a table that a foreign key of table refers to and whose trigger fires. Calls the server without a guard.
[[nodiscard]] bool refers_elsewhere(Relation table);

/// Raises 0A000 where that is so of a table that a foreign key of table refers to and whose trigger fires. table: open and locked
/// for writing. Locks those tables as the check of the key does. Calls the server without a guard.
void check_parents_are_stored_here(Relation table, InheritedKeys inherited, RowUse use);

}  // namespace ferry::pg
