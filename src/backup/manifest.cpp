#include "backup/manifest.hpp"

#include <algorithm>

#include <simdjson.h>

#include "base/bytes.hpp"
#include "base/concat.hpp"
#include "base/error.hpp"
#include "base/json_writer.hpp"
#include "pg/io/sha256.hpp"

namespace ferry::backup {
namespace {

constexpr std::int64_t kFormat = 1;
constexpr std::string_view kChecksumKey = ",\n\"manifest_sha256\":\"";
constexpr std::size_t kDigestLetters = 64;

/// A member that is an array with an object for each item; fill writes the object's members.
template <class Items, class Fill>
void write_objects(JsonWriter& out, std::string_view key, const Items& items, Fill fill) {
  out.key(key);
  out.open('[');
  for (const auto& item : items) {
    out.open('{');
    fill(item);
    out.close('}');
  }
  out.close(']');
}

void write_columns(JsonWriter& out, const TableEntry& table) {
  write_objects(out, "columns", table.columns, [&](const ColumnEntry& column) {
    out.member("name", column.name);
    out.member("type", column.type);
    out.member("not_null", column.is_not_null);
    out.member("generated", column.is_generated);
  });
}

void write_keys(JsonWriter& out, const TableEntry& table) {
  write_objects(out, "keys", table.keys, [&](const KeyEntry& key) {
    out.member("name", key.name);
    out.member("primary", key.is_primary);
    out.texts("columns", key.columns);
  });
}

void write_sequences(JsonWriter& out, const TableEntry& table) {
  write_objects(out, "sequences", table.sequences, [&](const SequenceEntry& sequence) {
    out.member("column", sequence.column);
    out.member("schema", sequence.schema);
    out.member("name", sequence.name);
    out.member("last_value", sequence.last_value);
    out.member("is_called", sequence.is_called);
  });
}

using Object = simdjson::dom::object;

std::string text_of(const Object& object, std::string_view key) { return std::string(std::string_view(object[key])); }

TableEntry parse_table(const Object& object) {
  TableEntry table;
  table.schema = text_of(object, "schema");
  table.name = text_of(object, "name");
  table.owner = text_of(object, "owner");
  table.oid = std::int64_t(object["oid"]);
  table.file = text_of(object, "file");
  table.rows = std::int64_t(object["rows"]);
  table.bytes = std::int64_t(object["bytes"]);
  // a backup without this member holds nothing else
  if (bool is_in; object["in_snapshot"].get(is_in) == simdjson::SUCCESS) table.is_in_snapshot = is_in;
  table.sha256 = text_of(object, "sha256");
  table.schema_sha256 = text_of(object, "schema_sha256");
  for (const Object column : simdjson::dom::array(object["columns"]))
    table.columns.push_back(
        {text_of(column, "name"), text_of(column, "type"), bool(column["not_null"]), bool(column["generated"])});
  for (const Object key : simdjson::dom::array(object["keys"])) {
    KeyEntry& entry = table.keys.emplace_back(KeyEntry{text_of(key, "name"), bool(key["primary"]), {}});
    for (const std::string_view column : simdjson::dom::array(key["columns"])) entry.columns.emplace_back(column);
  }
  for (const Object sequence : simdjson::dom::array(object["sequences"]))
    table.sequences.push_back({text_of(sequence, "column"), text_of(sequence, "schema"), text_of(sequence, "name"),
                               std::int64_t(sequence["last_value"]), bool(sequence["is_called"])});
  if (std::string_view definition; object["definition"].get(definition) == simdjson::SUCCESS) table.definition = definition;
  if (table.file.empty() || table.file[0] == '.' || table.file.find('/') != std::string::npos)
    throw Error("22P04", concat("file name \"", table.file, "\" in a manifest is not a plain one"));
  return table;
}

Manifest parse_body(const std::string& text) {
  simdjson::dom::parser parser;
  const Object object = parser.parse(text);
  if (std::int64_t(object["format"]) != kFormat) throw Error("0A000", "manifest has a format that is not supported");
  Manifest manifest;
  manifest.backup_id = text_of(object, "backup_id");
  manifest.taken_at = text_of(object, "taken_at");
  manifest.server_version = text_of(object, "server_version");
  manifest.database = text_of(object, "database");
  manifest.encoding = text_of(object, "encoding");
  for (const Object table : simdjson::dom::array(object["tables"])) manifest.tables.push_back(parse_table(table));
  return manifest;
}

void check_checksum(const std::string& text) {
  const std::size_t at = text.rfind(kChecksumKey);
  if (at == std::string::npos) throw Error("22P04", "manifest has no checksum");
  const std::string stored = text.substr(at + kChecksumKey.size(), kDigestLetters);
  const std::string end = text.substr(std::min(text.size(), at + kChecksumKey.size() + kDigestLetters));
  if (end != "\"}\n" || stored != pg::sha256_of(as_bytes(std::string_view(text).substr(0, at))))
    throw Error("22P04", "manifest does not match its checksum");
}

}  // namespace

const TableEntry* Manifest::find(std::string_view schema, std::string_view name) const {
  const auto found = std::find_if(tables.begin(), tables.end(),
                                  [&](const TableEntry& table) { return table.schema == schema && table.name == name; });
  return found == tables.end() ? nullptr : &*found;
}

std::string to_json(const Manifest& manifest) {
  std::string json;
  JsonWriter out(json, ",\n");
  out.open('{');
  out.member("format", kFormat);
  out.member("backup_id", manifest.backup_id);
  out.member("taken_at", manifest.taken_at);
  out.member("server_version", manifest.server_version);
  out.member("extension_version", kExtensionVersion);
  out.member("database", manifest.database);
  out.member("encoding", manifest.encoding);
  out.key("tables");
  out.open('[');
  for (const TableEntry& table : manifest.tables) {
    out.open('{');
    out.member("schema", table.schema);
    out.member("name", table.name);
    out.member("owner", table.owner);
    out.member("oid", table.oid);
    out.member("file", table.file);
    out.member("rows", table.rows);
    out.member("bytes", table.bytes);
    out.member("in_snapshot", table.is_in_snapshot);
    out.member("sha256", table.sha256);
    out.member("schema_sha256", table.schema_sha256);
    write_columns(out, table);
    write_keys(out, table);
    write_sequences(out, table);
    out.member("definition", table.definition);
    out.close('}');
  }
  out.close(']');
  out.close('}');
  return json;
}

std::string with_checksum(std::string json) {
  json.pop_back();  // the closing brace comes back after the checksum
  const std::string digest = pg::sha256_of(as_bytes(json));
  return concat(json, kChecksumKey, digest, "\"}\n");
}

Manifest parse_manifest(const std::string& text) {
  check_checksum(text);
  try {
    return parse_body(text);
  } catch (const simdjson::simdjson_error& error) {
    throw Error("22P04", concat("manifest is malformed: ", error.what()));
  }
}

}  // namespace ferry::backup
