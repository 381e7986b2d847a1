#pragma once

#include <string>
#include <vector>

namespace ferry::load {

struct AvroColumn {
  std::string name{};
  std::string type{};  ///< as SQL has it
  bool is_nullable = true;
  std::string comment{};
};

/// A table that takes the records of an Avro file, a field a column, in their order. Texts are in the database's encoding.
struct AvroTable {
  std::vector<AvroColumn> columns{};
  std::string comment{};
};

/// Whether a file of the server starts as an Avro container does, decompressed. Errors: those of pg::open_source(). Checks no
/// privilege.
[[nodiscard]] bool is_avro_file(const std::string& path);

/// Types are those that the file's fields tell of in pg.domain and pg.type, where the database has them, else those that take
/// every value of the field. Errors: those of pg::open_source(); 22P04, 54000 what the container says, with the file in the
/// context.
[[nodiscard]] AvroTable avro_table_of(const std::string& path);

/// The statements that make it. table: as SQL has it. key: a part of the definition, or empty.
[[nodiscard]] std::string create_table_sql(const AvroTable& avro, const std::string& table, const std::string& key);

}  // namespace ferry::load
