#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "avro/schema.hpp"
#include "map/types/pg_type.hpp"
#include "map/types/type_kind.hpp"

#include "pg/server.hpp"

// Tables and query results, and the Avro schemas of their rows. Which Avro type stands for which PostgreSQL type is in
// type_table.cpp.
namespace ferry::map {

/// One column of a table. Texts are in the database's encoding.
struct Column {
  std::string name;
  std::string comment;
  AttrNumber attribute;  ///< its number in the rows that are written and read
  PgType type;
  bool is_nullable;
  bool is_generated;
};

struct Table {
  std::string schema, name, comment;  ///< schema: empty for a query
  std::vector<Column> columns;        ///< in attribute order, without dropped ones and those that are computed on reading
};

/// The columns of an open table.
[[nodiscard]] Table describe(Relation relation);

/// The columns of a query's result, all of them nullable.
[[nodiscard]] Table describe(TupleDesc descriptor, std::string name);

/// The table with the columns of those attribute numbers alone, in that order. Errors: 0A000 a column that table leaves out.
[[nodiscard]] Table select_columns(const Table& table, std::span<const AttrNumber> attributes);

/// The profile of that name. Errors: 22023 there is none.
[[nodiscard]] Profile profile_of(const std::string& name);

struct RecordOptions {
  Profile profile = Profile::interop;
  std::optional<std::string> record_name{};  ///< instead of the table's name; in UTF-8
  std::optional<std::string> name_space{};   ///< instead of the name of the table's schema; empty: none; in UTF-8
};

/// The record schema of a table, names and comments in UTF-8. Errors: 22023 a name that Avro does not allow; 22P05 a name that
/// has no form in UTF-8.
[[nodiscard]] avro::SchemaDocument record_schema(const Table& table, const RecordOptions& options);

/// The name of the column that a field stands for, in the database's encoding: pg.name, or else the field's own. One that the
/// encoding lacks is shown with question marks: it is no column's.
[[nodiscard]] std::string column_name(const avro::Field& field);
/// The type that a field's column was declared with, in the database's encoding: pg.domain, or else pg.type; empty where both
/// are missing.
[[nodiscard]] std::string column_type(const avro::Field& field);

/// A numeric as Avro's decimal has it.
struct Decimal {
  int precision, scale;
};

/// The decimal of a numeric with that modifier; nothing where its values may have more than 38 digits.
[[nodiscard]] std::optional<Decimal> decimal_of(std::int32_t typmod);

/// The bytes that every value of a decimal takes that has so many digits: the fewest that hold them all and the sign.
[[nodiscard]] int decimal_bytes(int precision);

}  // namespace ferry::map
