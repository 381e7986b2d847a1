#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "backup/file_check.hpp"
#include "backup/folder.hpp"
#include "base/concat.hpp"
#include "base/error.hpp"
#include "pg/arguments.hpp"
#include "pg/encoding.hpp"
#include "pg/guard.hpp"
#include "pg/warning.hpp"

#include "pg/server.hpp"

extern "C" {
#include "access/xlog.h"
#include "commands/dbcommands.h"
#include "storage/fd.h"
}

// What is removed is known: a folder that a backup made, with nothing in it but what a backup writes. It loses its name first,
// in one step, so that half of a backup is never listed. What a table has no other good backup of is never removed.
namespace ferry::backup {
namespace {

constexpr const char* kRemovedPrefix = ".removed.";
constexpr std::string_view kTemporaryEnd = ".tmp", kFileEnd = ".avro";
/// A backup writes all the time; one whose files have not changed for so long has come to its end without a manifest.
constexpr std::int64_t kUnfinishedSeconds = 24 * 60 * 60;

bool is_folder(const std::string& path) {
  struct ::stat status {};
  return ::lstat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() > end.size() && text.substr(text.size() - end.size()) == end;
}

/// Whether a file has a name that a backup gives: "x.avro", "manifest.json", or one of them with a number and ".tmp".
bool is_file_of_backup(std::string_view name) {
  if (ends_with(name, kTemporaryEnd)) {
    name.remove_suffix(kTemporaryEnd.size());
    const std::size_t dot = name.rfind('.');
    if (dot == std::string_view::npos || name.find_first_not_of("0123456789", dot + 1) != std::string_view::npos) return false;
    name = name.substr(0, dot);
  }
  return name == kManifestName || ends_with(name, kFileEnd);
}

/// The first file of a folder that no backup wrote.
std::optional<std::string> find_stranger(const std::vector<FolderFile>& files, const Manifest* manifest) {
  for (const FolderFile& file : files) {
    const bool is_named = manifest == nullptr || ends_with(file.name, kTemporaryEnd) || file.name == kManifestName ||
                          std::any_of(manifest->tables.begin(), manifest->tables.end(),
                                      [&](const TableEntry& table) { return table.file == file.name; });
    if (!file.is_regular || !is_named || !is_file_of_backup(file.name)) return file.name;
  }
  return std::nullopt;
}

/// Deletes the files of a folder that has lost its name, and the folder. One that cannot be deleted is a WARNING, for the next
/// call to try again.
void delete_folder(const std::string& folder) {
  const auto warn = [](const std::string& path) {
    pg::warning(concat("could not remove file \"", path, "\": ", std::strerror(errno)));
  };
  for (const FolderFile& file : files_of(folder)) {
    const std::string path = concat(folder, '/', file.name);
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) return warn(path);
  }
  if (::rmdir(folder.c_str()) != 0 && errno != ENOENT) warn(folder);
}

/// Removes a backup's folder. False where another session did it.
bool remove_backup(const std::string& directory, const std::string& id) {
  const std::string from = concat(directory, '/', id), to = concat(directory, '/', kRemovedPrefix, id);
  if (::rename(from.c_str(), to.c_str()) != 0) {
    if (errno == ENOENT) return false;
    const int error = errno;
    const char *const from_name = from.c_str(), *const to_name = to.c_str();
    pg::call([=] {
      errno = error;
      ereport(ERROR, (errcode_for_file_access(), errmsg("could not rename file \"%s\" to \"%s\": %m", from_name, to_name)));
    });
  }
  pg::call(fsync_fname_ext, directory.c_str(), true, false, ERROR);
  delete_folder(to);
  return true;
}

/// What is wrong with the files of a backup, or nothing. thoroughly: their digests, too.
std::string find_problem(const std::string& folder, const Manifest& manifest, bool thoroughly) {
  for (const TableEntry& table : manifest.tables) {
    pg::check_interrupts();
    const std::string path = concat(folder, '/', table.file);
    const FileCheck check = thoroughly ? check_file(path, table) : check_size(path, table);
    if (!check.problem.empty()) return concat("file \"", table.file, "\": ", check.problem);
  }
  return {};
}

/// Decides backup by backup, the newest first, what goes.
class Pruner {
 public:
  Pruner(std::string directory, std::int64_t keep, std::string database)
      : directory_(std::move(directory)), keep_(keep), database_(std::move(database)) {}

  /// Whether the backup was removed.
  bool prune(const std::string& id) {
    const std::string folder = concat(directory_, '/', id);
    if (!is_folder(folder)) return false;
    const std::variant<Manifest, std::string> read = try_read_manifest(directory_, id);
    if (const auto* const problem = std::get_if<std::string>(&read)) return stays(id, *problem);
    const Manifest& manifest = std::get<Manifest>(read);
    if (manifest.database != database_ || !is_superfluous(id, folder, manifest)) return false;
    if (const std::optional<std::string> stranger = find_stranger(files_of(folder), &manifest)) {
      pg::warning(concat("backup \"", id, "\" is not removed: no backup wrote file \"", *stranger, "\" in its folder"));
      return false;
    }
    return remove_backup(directory_, id);
  }

 private:
  bool is_superfluous(const std::string& id, const std::string& folder, const Manifest& manifest) {
    const TableEntry* const missing = find_missing(manifest);
    const std::string problem = find_problem(folder, manifest, missing != nullptr);
    if (!problem.empty()) return kept_ >= keep_ && missing == nullptr ? true : stays(id, problem);
    if (kept_ >= keep_ && missing == nullptr) return true;
    if (kept_ >= keep_) pg::notice(concat("backup \"", id, "\" stays: table ", sql_name(*missing), " has no newer one").c_str());
    kept_++;
    for (const TableEntry& table : manifest.tables) saved_.insert({table.schema, table.name});
    return false;
  }

  /// A table that no newer good backup holds.
  const TableEntry* find_missing(const Manifest& manifest) const {
    const auto found = std::find_if(manifest.tables.begin(), manifest.tables.end(), [this](const TableEntry& table) {
      return !saved_.contains({table.schema, table.name});
    });
    return found == manifest.tables.end() ? nullptr : &*found;
  }

  bool stays(const std::string& id, const std::string& problem) const {
    // one that is gone by now was removed meanwhile
    if (is_finished(directory_, id)) pg::warning(concat("backup \"", id, "\" is damaged, stays and does not count: ", problem));
    return false;
  }

  std::string directory_;
  std::int64_t keep_, kept_ = 0;
  std::string database_;
  std::set<std::pair<std::string, std::string>> saved_;  ///< tables of the good backups so far
};

/// Whether a folder without a manifest is what a crash left behind.
bool is_left_behind(const std::string& folder) {
  const auto is_old = [](std::int64_t modified_at) { return modified_at < std::time(nullptr) - kUnfinishedSeconds; };
  struct ::stat status {};
  if (::lstat(folder.c_str(), &status) != 0 || !S_ISDIR(status.st_mode) || !is_old(status.st_mtime)) return false;
  const std::vector<FolderFile> files = files_of(folder);
  return !find_stranger(files, nullptr) && std::all_of(files.begin(), files.end(), [&](const FolderFile& file) {
    return is_old(file.modified_at) && file.name != kManifestName;
  });
}

/// Removes what crashes left behind: folders of backups without a manifest, and those of removals that did not come to their end.
void clean_up(const std::string& directory) {
  for (const FolderFile& entry : files_of(directory)) {
    pg::check_interrupts();
    const std::string path = concat(directory, '/', entry.name);
    if (entry.name.starts_with(kRemovedPrefix)) {
      const bool is_ours = is_new_backup_id(entry.name.substr(std::strlen(kRemovedPrefix))) && is_folder(path);
      if (is_ours && !find_stranger(files_of(path), nullptr)) delete_folder(path);
    } else if (is_new_backup_id(entry.name) && is_left_behind(path)) {
      remove_backup(directory, entry.name);
    }
  }
}

Datum prune_backups(FunctionCallInfo fcinfo) {
  // a standby makes backups and must get rid of them, though all of its transactions are read-only
  if (!RecoveryInProgress()) pg::call(PreventCommandIfReadOnly, "prune_backups()");
  const pg::Arguments arguments(fcinfo);
  if (arguments.is_null(0)) throw Error("22004", "argument \"keep\" must not be null");
  const std::int32_t keep = DatumGetInt32(fcinfo->args[0].value);
  if (keep < 1) throw Error("22023", concat("argument \"keep\" must be 1 or more, not ", keep));
  const std::string directory = find_directory(arguments.optional_text(1), Purpose::prune);
  pg::ResultRows result(fcinfo);
  Pruner pruner(directory, keep, pg::to_utf8(pg::call(get_database_name, MyDatabaseId)));
  for (const std::string& id : finished_backups(directory)) {
    pg::check_interrupts();
    if (!pruner.prune(id)) continue;
    const Datum row[] = {pg::text_datum(id)};
    const bool nulls[] = {false};
    result.add(row, nulls);
  }
  clean_up(directory);
  return Datum{0};
}

}  // namespace
}  // namespace ferry::backup

FERRY_SQL_FUNCTION(ferry_prune_backups) {
  return ferry::pg::boundary([&]() -> Datum { return ferry::backup::prune_backups(fcinfo); });
}
