#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What a backup says of itself: manifest.json, the file that makes a backup a finished one. Texts are UTF-8.
namespace ferry::backup {

inline constexpr const char* kManifestName = "manifest.json";
inline constexpr const char* kExtensionVersion = "1.0";
/// None that is longer is written or read.
inline constexpr std::size_t kMaxManifestBytes = std::size_t{64} << 20;

struct ColumnEntry {
  std::string name, type;
  bool is_not_null = false, is_generated = false;
};

/// A unique key: its columns in index order.
struct KeyEntry {
  std::string name;
  bool is_primary = false;
  std::vector<std::string> columns;
};

/// Where a sequence that feeds a column was.
struct SequenceEntry {
  std::string column, schema, name;
  std::int64_t last_value = 0;
  bool is_called = false;
};

struct TableEntry {
  std::string schema, name;
  std::string owner;
  std::int64_t oid = 0;
  std::string file;  ///< name in the backup's folder
  std::int64_t rows = 0, bytes = 0;
  bool is_in_snapshot = true;  ///< false: other servers may have shown their rows as of moments of their own
  std::string sha256;          ///< of the file
  std::string schema_sha256;   ///< of the Avro schema's text
  std::vector<ColumnEntry> columns;
  std::vector<KeyEntry> keys;
  std::vector<SequenceEntry> sequences;
  std::string definition;  ///< its CREATE TABLE, to be shown and never run; empty in backups that have none
};

struct Manifest {
  std::string backup_id;
  std::string taken_at;  ///< what was committed before is in it; ISO 8601 in UTC
  std::string server_version, database, encoding;
  std::vector<TableEntry> tables;

  [[nodiscard]] const TableEntry* find(std::string_view schema, std::string_view name) const;
};

/// The manifest as JSON text, without its checksum.
[[nodiscard]] std::string to_json(const Manifest& manifest);

/// json with its own checksum as the last member; json is an object. Calls the server.
[[nodiscard]] std::string with_checksum(std::string json);

/// The manifest that text holds. Calls the server. Errors: 22P04 a wrong checksum, text that is no manifest, a file name that
/// leaves the folder; 0A000 a format that is newer than this one.
[[nodiscard]] Manifest parse_manifest(const std::string& text);

}  // namespace ferry::backup
