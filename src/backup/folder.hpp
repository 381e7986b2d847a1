#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "backup/directory.hpp"
#include "backup/manifest.hpp"

/// Where backups are: <directory>/<backup_id>/<schema>.<table>.avro and manifest.json.
namespace ferry::backup {

/// The table's name as SQL has it, with its schema, in the database's encoding; characters that this lacks are question marks.
[[nodiscard]] std::string sql_name(const TableEntry& table);

/// The names of finished backups, the newest first; nothing where there is no directory.
[[nodiscard]] std::vector<std::string> finished_backups(Directory& directory);

/// Whether a backup has a manifest; it may be damaged.
[[nodiscard]] bool is_finished(Directory& directory, const std::string& id);

/// The manifest of a finished backup. Errors: 22P04 a damaged one, or that of another backup; 0A000 a newer format; by errno.
[[nodiscard]] Manifest read_manifest(Directory& directory, const std::string& id);
/// The same, or what is wrong with it.
[[nodiscard]] std::variant<Manifest, std::string> try_read_manifest(Directory& directory, const std::string& id);

/// Whether an error speaks of a file that is damaged, missing or closed to the server, and so says something about a backup.
[[nodiscard]] bool is_of_file(const char* sqlstate);

/// A new backup_id: UTC time and a random suffix, in the order of time as text.
[[nodiscard]] std::string new_backup_id();

/// Whether a name has the form that new_backup_id() gives.
[[nodiscard]] bool is_new_backup_id(std::string_view name);

/// Errors: 22023 what cannot be the name of a backup.
void check_backup_id(const std::string& id);

/// The file of a table in a backup's folder. Names may have any characters.
[[nodiscard]] std::string file_name(std::string_view schema, std::string_view table, unsigned table_oid);

/// Texts are UTF-8.
struct TableName {
  std::string schema, name;
};

struct Found {
  Manifest manifest;
  std::string folder;
  std::vector<const TableEntry*> tables;  ///< in manifest, in the order that they were asked for
};

/// The backup of that id, or the newest finished one, that has all of these tables; nothing where there is none. database: only
/// backups taken in it count, since several databases share a directory; UTF-8.
/// Errors: 58P01 no backup of that id; 42501 one of another database; 22P04 a damaged manifest; by errno.
[[nodiscard]] std::optional<Found> search_backup(Directory& directory, const std::optional<std::string>& id,
                                                 const std::optional<std::string>& database,
                                                 const std::vector<TableName>& tables);

/// The same. Errors: 42P01 there is none, too.
[[nodiscard]] Found find_backup(Directory& directory, const std::optional<std::string>& id,
                                const std::optional<std::string>& database, const std::vector<TableName>& tables);

}  // namespace ferry::backup
