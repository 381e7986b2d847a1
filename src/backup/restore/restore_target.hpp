#pragma once

#include <optional>
#include <string>
#include <vector>

#include "pg/server.hpp"

/// The table that a restore writes, and the facts that decide how.
namespace ferry::backup {

enum class Mode { replace, append, upsert };

/// Errors: 22023.
[[nodiscard]] Mode mode_by_name(const std::string& name);

/// A table by name, not locked yet.
struct RestoreTarget {
  Oid oid;
  std::string schema, table;  ///< in the database's encoding
};

/// The table that name means in the search_path; nothing where there is none. Errors: 42501 not owned by the user, a system
/// catalog; 42809 no table; 0A000 a temporary one.
[[nodiscard]] std::optional<RestoreTarget> find_target(const std::string& name);

/// The relation that name means in the search_path, whoever owns it; nothing where there is none.
[[nodiscard]] std::optional<RestoreTarget> find_table(const std::string& name);

/// Errors: 42501 the user does not own what the name means; 55000 that is not the table.
void check_owns(const std::string& name, Oid table);

/// Its name with its schema, as SQL has it. Errors: 42P01.
[[nodiscard]] std::string name_of_table(Oid table);

/// What the locks have shown of a target.
struct LockedTarget {
  bool is_elsewhere = false;  ///< another engine stores its rows, and statements are to write them
  bool is_emptied = false;    ///< in mode replace: by TRUNCATE
  List* parents = NIL;        ///< that another engine stores, where the target is not; see parents_elsewhere()
};

/// Locks the tables, in the order of their OIDs, as strongly as the mode and their references need, until the end of the
/// transaction. names: of targets, which must still mean them.
/// Errors: as find_target(); 40001 a name means another table by now; 55006 a query of this session is reading a table; 0A000
/// rows in other places that mode replace would have to replace by key, or that it cannot TRUNCATE; another engine stores the
/// rows of a partition alone, or of a table that a foreign key refers to; those of check_statements_suffice().
[[nodiscard]] std::vector<LockedTarget> lock_targets(const std::vector<std::string>& names,
                                                     const std::vector<RestoreTarget>& targets, Mode mode);

/// The unique btree index by which rows of the table are told apart: the primary key, else one that a foreign key references,
/// else one whose columns are all NOT NULL; InvalidOid where there is none.
[[nodiscard]] Oid find_key(Relation table);

/// The tables that reference the table by other columns than those of key, whose values may move between rows, and do so by a key
/// that is valid; a list of OIDs.
[[nodiscard]] List* referrers_by_other_columns(Relation table, Oid key);

/// The indexes of tables in the order in which they are filled: those that are referenced before those that reference them,
/// otherwise as given.
[[nodiscard]] std::vector<std::size_t> fill_order(const std::vector<RestoreTarget>& targets);

}  // namespace ferry::backup
