#pragma once

#include <memory>
#include <optional>
#include <string>

#include "backup/directory.hpp"
#include "backup/manifest.hpp"

#include "pg/server.hpp"

namespace ferry::backup {

/// Where the backups are that a call may read.
struct Where {
  std::unique_ptr<Directory> directory;
  std::optional<std::string> backup_id;
  std::optional<std::string> database;  ///< only those of it count
};

/// From the arguments of a call. Who names a directory may read the server's files; without one nobody gets at the rows of
/// another database. Errors: those of find_directory().
[[nodiscard]] Where find_where(const std::optional<std::string>& backup_id, const std::optional<std::string>& directory);

/// Whether the user has the privileges of a role that a manifest names; UTF-8.
[[nodiscard]] bool has_role_of(const std::string& owner);

/// A backup that is found by name may be of another table of that name, long gone: its rows are for those who have the
/// privileges of the table's owner then. table: the one of that name today, or InvalidOid. Errors: 42501.
void check_may_have(const Where& where, const std::string& backup_id, const TableEntry& entry, Oid table);

}  // namespace ferry::backup
