#pragma once

#include <vector>

#include "pg/server.hpp"

extern "C" {
#include "datatype/timestamp.h"
}

/// Which tables a backup holds, and the locks and the snapshot that make them fit together.
namespace ferry::backup {

/// What a call asks for: tables, or all of a schema. Neither has duplicates in the plan.
struct Request {
  std::vector<Oid> tables = {};
  Oid schema = InvalidOid;
};

/// A table of a backup and the relations that hold its rows: itself, its partitions, or, where another engine stores it, its
/// children.
struct PlannedTable {
  Oid table;
  std::vector<Oid> members;       ///< ascending, partitioned ones among them
  bool is_elsewhere = false;      ///< rows are to be asked for by a query, see open_checked()
  bool has_foreign_rows = false;  ///< some in foreign tables, where NOT NULL is somebody else's promise

  [[nodiscard]] bool operator==(const PlannedTable& other) const = default;
};

/// What a backup holds, and since when.
struct Plan {
  std::vector<PlannedTable> tables;
  TimestampTz taken_at;  ///< no later than the snapshot
};

/// Locks what is asked for against changes of its definition, in the order of oids so that two backups never wait for each
/// other, and then takes the snapshot, which becomes the active one: a table that is rewritten after the snapshot was taken
/// would read as empty. Members are those that the snapshot sees. Under READ COMMITTED all of it is done again where another
/// session changed which tables there are meanwhile. Tables are in the order that was asked for, those of a schema by name.
/// The tables of a schema are ordinary and partitioned ones that a query of the catalogs shows, for engines hide what is their
/// own, without temporary ones, those of extensions, partitions of tables that are there themselves, and children by
/// inheritance of tables that another engine stores, wherever these are.
[[nodiscard]] Plan lock_and_snapshot(const Request& request);

/// A locked table, checked: it can be backed up whole and by this user. Close it with NoLock. Errors: 42P01, 40001 it is gone;
/// 42809, 42501, 0A000 what cannot be backed up; 42501 a missing privilege, row-level security that would hide rows; 40001 one
/// that was created or rewritten after the transaction's snapshot. Tells in planned where the rows are.
[[nodiscard]] Relation open_checked(PlannedTable& planned);

/// The members that hold rows, open, of a table whose rows are here. Close them with close_leaves().
[[nodiscard]] std::vector<Relation> open_leaves(const PlannedTable& planned, Relation table);
void close_leaves(const std::vector<Relation>& leaves, Relation table);

}  // namespace ferry::backup
