#include "backup/folder.hpp"

#include <algorithm>

#include "base/concat.hpp"
#include "base/error.hpp"
#include "pg/encoding.hpp"
#include "pg/guard.hpp"
#include "pg/io/open_source.hpp"
#include "pg/subtransaction.hpp"

#include "pg/server.hpp"

extern "C" {
#include "utils/builtins.h"
#include "utils/timestamp.h"
}

namespace ferry::backup {
namespace {

constexpr std::size_t kMaxFileName = 200;

bool is_letter_or_digit(char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

bool is_backup_id(std::string_view id) {
  return !id.empty() && id.size() <= kMaxFileName && is_letter_or_digit(id[0]) &&
         std::all_of(id.begin(), id.end(), [](char c) { return is_letter_or_digit(c) || c == '.' || c == '-' || c == '_'; });
}

std::string read_file(const std::string& path) {
  const std::unique_ptr<pg::Input> file = pg::open_source(pg::FileOrigin{path}, pg::Compression::none);
  const auto check_length = [&path](std::size_t bytes) {
    if (bytes > kMaxManifestBytes) throw Error("54000", concat("file \"", path, "\" is too long for a manifest"));
  };
  check_length(static_cast<std::size_t>(file->size_bytes()));
  std::string text;
  Bytes buffer(std::size_t{64} << 10);
  while (const std::size_t count = file->read(buffer)) {
    text += as_text(ByteView(buffer).first(count));
    check_length(text.size());
  }
  file->close();
  return text;
}

/// Everything but ASCII letters and digits as %XX: the name is text in every encoding, and one component of a path.
void append_safe(std::string& out, std::string_view name) {
  constexpr char kHex[] = "0123456789ABCDEF";
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (is_letter_or_digit(c) || c == '_' || c == '-') {
      out += c;
    } else {
      out += '%';
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
}

}  // namespace

std::string sql_name(const TableEntry& table) {
  const std::string schema = pg::shown_from_utf8(table.schema), name = pg::shown_from_utf8(table.name);
  return pg::call(quote_qualified_identifier, schema.c_str(), name.c_str());
}

Manifest read_manifest(Directory& directory, const std::string& id) {
  const std::string path = directory.path_of(id, kManifestName);
  try {
    Manifest manifest = parse_manifest(read_file(path));
    if (manifest.backup_id != id)
      throw Error("22P04", concat("manifest is of backup \"", pg::shown_from_utf8(manifest.backup_id), '"'));
    return manifest;
  } catch (Error& error) {
    error.context(concat("file \"", path, '"')).hint("Name a backup to use another one.");
    throw;
  }
}

bool is_finished(Directory& directory, const std::string& id) {
  const std::optional<FolderFile> manifest = directory.find(id, kManifestName);
  return manifest && manifest->is_regular;
}

std::vector<std::string> finished_backups(Directory& directory) {
  std::vector<std::string> ids = directory.folders_with(kManifestName);
  std::erase_if(ids, [](const std::string& name) { return !is_backup_id(name); });
  std::sort(ids.begin(), ids.end(), std::greater<>());
  return ids;
}

std::variant<Manifest, std::string> try_read_manifest(Directory& directory, const std::string& id) {
  std::variant<Manifest, std::string> result;
  const std::optional<pg::CaughtError> error =
      pg::attempt([&] { result = read_manifest(directory, id); }, [](const char* sqlstate) { return is_of_file(sqlstate); });
  if (error) result = error->message;
  return result;
}

bool is_of_file(const char* sqlstate) {
  const std::string_view state(sqlstate), kind = state.substr(0, 2);
  return kind == "22" || kind == "58" || state == "42501" || state == "55000" || state == "42809" || state == "54000" ||
         state == "0A000";
}

std::string new_backup_id() {
  std::uint32_t suffix = 0;
  const bool is_random = pg_strong_random(&suffix, sizeof suffix);
  if (!is_random) throw Error("XX000", "could not generate random values");
  const TimestampTz now = GetCurrentTimestamp();
  const pg_time_t seconds = timestamptz_to_time_t(now);
  const int micros = static_cast<int>(now % USECS_PER_SEC);
  const pg_tm* const utc = pg_gmtime(&seconds);
  char id[64];
  std::snprintf(id, sizeof id, "%04d%02d%02dT%02d%02d%02d.%06dZ-%08x", utc->tm_year + 1900, utc->tm_mon + 1, utc->tm_mday,
                utc->tm_hour, utc->tm_min, utc->tm_sec, micros, suffix);
  return id;
}

bool is_new_backup_id(std::string_view name) {
  constexpr std::string_view kForm = "ddddddddTdddddd.ddddddZ-xxxxxxxx";
  const auto fits = [](char form, char c) {
    const bool is_digit = c >= '0' && c <= '9';
    return form == 'd' ? is_digit : form == 'x' ? is_digit || (c >= 'a' && c <= 'f') : c == form;
  };
  return std::equal(kForm.begin(), kForm.end(), name.begin(), name.end(), fits);
}

void check_backup_id(const std::string& id) {
  if (!is_backup_id(id)) throw Error("22023", concat("\"", id, "\" is not the name of a backup"));
}

std::string file_name(std::string_view schema, std::string_view table, unsigned table_oid) {
  std::string name;
  append_safe(name, schema);
  name += '.';
  append_safe(name, table);
  name += ".avro";
  return name.size() <= kMaxFileName ? name : concat(table_oid, ".avro");
}

std::optional<Found> search_backup(Directory& directory, const std::optional<std::string>& id,
                                   const std::optional<std::string>& database, const std::vector<TableName>& tables) {
  if (id) {
    check_backup_id(*id);
    if (!is_finished(directory, *id))
      throw Error("58P01", concat("backup \"", *id, "\" does not exist in directory \"", directory.path(), '"'));
  }
  for (const std::string& candidate : id ? std::vector<std::string>{*id} : finished_backups(directory)) {
    pg::check_interrupts();
    Found found{read_manifest(directory, candidate), directory.path_of(candidate), {}};
    if (database && found.manifest.database != *database) {
      if (!id) continue;
      throw Error("42501", concat("backup \"", *id, "\" was taken in database \"", pg::from_utf8(found.manifest.database), '"'))
          .hint("Name its directory to restore it into another database.");
    }
    for (const TableName& table : tables) found.tables.push_back(found.manifest.find(table.schema, table.name));
    if (std::find(found.tables.begin(), found.tables.end(), nullptr) == found.tables.end()) return found;
  }
  return std::nullopt;
}

Found find_backup(Directory& directory, const std::optional<std::string>& id, const std::optional<std::string>& database,
                  const std::vector<TableName>& tables) {
  if (std::optional<Found> found = search_backup(directory, id, database, tables)) return std::move(*found);
  std::string names;
  for (const TableName& table : tables)
    names += concat(names.empty() ? "\"" : ", \"", pg::from_utf8(table.schema), '.', pg::from_utf8(table.name), '"');
  const std::string what = concat(tables.size() == 1 ? "table " : "all of the tables ", names);
  throw Error("42P01", id ? concat("backup \"", *id, "\" does not hold ", what)
                          : concat("no backup in directory \"", directory.path(), "\" holds ", what));
}

}  // namespace ferry::backup
