#pragma once

#include <string>
#include <vector>

#include "pg/server.hpp"

/// The table that a restore writes, and the facts that decide how.
namespace ferry::backup {

enum class Mode { replace, append, upsert };

/// Errors: 22023.
[[nodiscard]] Mode mode_by_name(const std::string& name);

/// A table by name, not locked yet.
struct Target {
  Oid oid;
  std::string schema, table;  ///< in the database's encoding
};

/// The table that name means in the search_path. Errors: 42P01; 42501 not owned by the user, a system catalog;
/// 42809 no table; 0A000 a temporary one.
[[nodiscard]] Target find_target(const std::string& name);

/// The same table open, and locked as the mode needs it. Close it with NoLock. Errors: as find_target(); 40001 name means another
/// table by now; 55006 a query of this session is reading it.
[[nodiscard]] Relation open_target(const std::string& name, const Target& target, Mode mode);

/// Whether TRUNCATE may empty the table: nothing else references it, it has no TRUNCATE triggers, nor do its partitions, and
/// the lock is strong enough.
[[nodiscard]] bool may_truncate(Relation table);

/// The unique btree index by which rows of the table are told apart: the primary key, else one that a foreign key references,
/// else one whose columns are all NOT NULL; InvalidOid where there is none.
[[nodiscard]] Oid find_key(Relation table);

/// Whether foreign keys must see all of the restore at once: the table references itself, or is referenced by other columns
/// than those of key, whose values may move between rows.
[[nodiscard]] bool needs_single_bracket(Relation table, Oid key);

}  // namespace ferry::backup
