#include "backup/readable_backup.hpp"

#include "base/concat.hpp"
#include "base/error.hpp"
#include "pg/encoding.hpp"
#include "pg/guard.hpp"

#include "pg/server.hpp"

extern "C" {
#include "commands/dbcommands.h"
}

namespace ferry::backup {

Where find_where(const std::optional<std::string>& backup_id, const std::optional<std::string>& directory) {
  std::optional<std::string> database;
  if (!directory) database = pg::to_utf8(pg::call(get_database_name, MyDatabaseId));
  return {find_directory(directory, Purpose::restore), backup_id, database};
}

bool has_role_of(const std::string& owner) {
  const std::string role_name = pg::from_utf8(owner);
  const char* const name = role_name.c_str();
  return pg::call([name] {
    const Oid role = get_role_oid(name, true);
    return superuser() || (OidIsValid(role) && has_privs_of_role(GetUserId(), role));
  });
}

void check_may_have(const Where& where, const std::string& backup_id, const TableEntry& entry, Oid table) {
  if (!where.database || (OidIsValid(table) && entry.oid == static_cast<std::int64_t>(table)) || has_role_of(entry.owner)) return;
  throw Error("42501", concat("permission denied for backup \"", backup_id, '"'))
      .detail(concat("It is of another table of that name, which role \"", pg::from_utf8(entry.owner), "\" owned."));
}

}  // namespace ferry::backup
