#include <algorithm>
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
}

// What is removed is known: a folder that a backup made, with nothing in it but what a backup writes. It loses its name first,
// in one step, so that half of a backup is never listed. What a table has no other good backup of is never removed.
namespace ferry::backup {
namespace {

constexpr std::string_view kTemporaryEnd = ".tmp", kFileEnd = ".avro";
/// A backup writes all the time; one whose files have not changed for so long has come to its end without a manifest.
constexpr std::int64_t kUnfinishedSeconds = 24 * 60 * 60;

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() > end.size() && text.substr(text.size() - end.size()) == end;
}

/// Whether a file has a name that a backup gives: "x.avro", "manifest.json", or one of them with a number and ".tmp".
bool is_file_of_backup(std::string_view name) {
  // in a bucket, one that lies deeper
  if (name.find('/') != std::string_view::npos) return false;
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

/// Removes a backup's folder. False where another session did it.
bool remove_backup(Directory& directory, const std::string& id) {
  const std::optional<std::string> hidden = directory.hide(id);
  if (hidden) directory.remove(*hidden);
  return hidden.has_value();
}

/// What is wrong with the files of a backup, or nothing. thoroughly: their digests, too.
std::string find_problem(Directory& directory, const Manifest& manifest, bool thoroughly) {
  for (const TableEntry& table : manifest.tables) {
    pg::check_interrupts();
    const FileCheck check =
        thoroughly ? check_file(directory, manifest.backup_id, table) : check_size(directory, manifest.backup_id, table);
    if (!check.problem.empty()) return concat("file \"", table.file, "\": ", check.problem);
  }
  return {};
}

/// Decides backup by backup, the newest first, what goes.
class Pruner {
 public:
  Pruner(Directory& directory, std::int64_t keep, std::string database)
      : directory_(directory), keep_(keep), database_(std::move(database)) {}

  /// Whether the backup was removed.
  bool prune(const std::string& id) {
    if (!directory_.changed_at(id)) return false;
    const std::variant<Manifest, std::string> read = try_read_manifest(directory_, id);
    if (const auto* const problem = std::get_if<std::string>(&read)) return stays(id, *problem);
    const Manifest& manifest = std::get<Manifest>(read);
    if (manifest.database != database_ || !is_superfluous(id, manifest)) return false;
    if (const std::optional<std::string> stranger = find_stranger(directory_.files_of(id), &manifest)) {
      pg::warning(concat("backup \"", id, "\" is not removed: no backup wrote file \"", *stranger, "\" in its folder"));
      return false;
    }
    return remove_backup(directory_, id);
  }

 private:
  bool is_superfluous(const std::string& id, const Manifest& manifest) {
    const TableEntry* const missing = find_missing(manifest);
    const std::string problem = find_problem(directory_, manifest, missing != nullptr);
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

  Directory& directory_;
  std::int64_t keep_, kept_ = 0;
  std::string database_;
  std::set<std::pair<std::string, std::string>> saved_;  ///< tables of the good backups so far
};

/// Whether a folder without a manifest is what a crash left behind.
bool is_left_behind(Directory& directory, const std::string& folder) {
  const auto is_old = [](std::int64_t modified_at) { return modified_at < std::time(nullptr) - kUnfinishedSeconds; };
  const std::optional<std::int64_t> changed_at = directory.changed_at(folder);
  if (!changed_at || !is_old(*changed_at)) return false;
  const std::vector<FolderFile> files = directory.files_of(folder);
  return !find_stranger(files, nullptr) && std::all_of(files.begin(), files.end(), [&](const FolderFile& file) {
    return is_old(file.modified_at) && file.name != kManifestName;
  });
}

/// Removes what crashes left behind: folders of backups without a manifest, and those of removals that did not come to their end.
void clean_up(Directory& directory) {
  for (const std::string& folder : directory.folders()) {
    pg::check_interrupts();
    if (directory.is_hidden(folder)) {
      if (!find_stranger(directory.files_of(folder), nullptr)) directory.remove(folder);
    } else if (is_new_backup_id(folder) && is_left_behind(directory, folder)) {
      remove_backup(directory, folder);
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
  const std::unique_ptr<Directory> directory = find_directory(arguments.optional_text(1), Purpose::prune);
  pg::ResultRows result(fcinfo);
  Pruner pruner(*directory, keep, pg::to_utf8(pg::call(get_database_name, MyDatabaseId)));
  for (const std::string& id : finished_backups(*directory)) {
    pg::check_interrupts();
    if (!pruner.prune(id)) continue;
    const Datum row[] = {pg::text_datum(id)};
    const bool nulls[] = {false};
    result.add(row, nulls);
  }
  clean_up(*directory);
  return Datum{0};
}

}  // namespace
}  // namespace ferry::backup

FERRY_SQL_FUNCTION(ferry_prune_backups) {
  return ferry::pg::boundary([&]() -> Datum { return ferry::backup::prune_backups(fcinfo); });
}
