#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "avro/schema.hpp"

#include "pg/server.hpp"

// Which Avro type stands for which PostgreSQL type, in the lossless profile: every value comes back as its output function
// shows it. The one table of it is in types.cpp.
namespace ferry::map {

/// How the values of a column are written and read.
enum class Kind : std::uint8_t {
  boolean,
  int2,
  int4,
  int8,
  float4,
  float8,
  decimal,  ///< numeric whose values fit 38 digits
  numeric,  ///< any other numeric
  text,
  json,
  jsonb,
  bytea,
  date,
  timestamp,
  timestamptz,
  uuid,
};

/// One column of a table. Texts are in the database's encoding.
struct Column {
  std::string name;
  std::string type_name;  ///< as format_type() shows it, with its modifier
  std::string comment;
  AttrNumber attribute;
  Oid type;
  std::int32_t type_modifier;
  Kind kind;
  bool is_nullable;
  bool is_generated;
  int precision = 0;  ///< decimal: of the Avro type
  int scale = 0;      ///< decimal: of the Avro type
};

struct Table {
  std::string schema, name, comment;
  std::vector<Column> columns;  ///< in attribute order, without dropped ones and those that are computed on reading
};

/// The columns of an open table. Errors: 0A000 a column whose type has no Avro type yet.
[[nodiscard]] Table describe(Relation relation);

/// What the values of a column may be in Avro: value, or, where value cannot hold it, other.
struct Shape {
  const avro::Schema* value;
  const avro::Schema* other;  ///< null where value holds everything
};

/// The Avro types of a column, as nodes of document.
[[nodiscard]] Shape add_shape(avro::SchemaDocument& document, const Column& column);

/// Where the branches of a column's union are: null first, then value, then other. Without null and other there is no union.
struct Branches {
  bool has_null, has_other;
  [[nodiscard]] bool is_union() const { return has_null || has_other; }
  [[nodiscard]] std::uint8_t value() const { return has_null ? 1 : 0; }
  [[nodiscard]] std::uint8_t other() const { return value() + 1; }
};
[[nodiscard]] Branches branches_of(const Column& column);

/// The record schema of a table, names and comments in UTF-8. Errors: 22P05 a name that has no form in UTF-8.
[[nodiscard]] avro::SchemaDocument record_schema(const Table& table);

/// The name of the column that a field stands for, in the database's encoding: pg.name, or else the field's own.
[[nodiscard]] std::string column_name(const avro::Field& field);
/// The type that pg.type tells, in the database's encoding; empty where it is missing.
[[nodiscard]] std::string column_type(const avro::Field& field);

/// The bytes that every value of a decimal takes that has so many digits: the fewest that hold them all and the sign.
[[nodiscard]] int decimal_bytes(int precision);

}  // namespace ferry::map
