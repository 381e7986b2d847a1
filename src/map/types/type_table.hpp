#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "avro/schema.hpp"
#include "map/types/type_kind.hpp"

// Which Avro type stands for which PostgreSQL type. Schemas, the writer of values and docs/types.md are made from it.
namespace ferry::map {

/// How values are encoded.
enum class Form : std::uint8_t {
  boolean,
  int2,
  int4,
  int8,
  oid,
  float4,
  float8,
  decimal,
  digits,  ///< a numeric as text
  date,
  timestamp,
  timestamptz,
  time,
  timetz,        ///< a record
  interval,      ///< a record
  iso_interval,  ///< ISO 8601
  uuid,
  json,
  jsonb,
  bytea,
  text,
  array,        ///< as many dimensions as are declared
  plain_array,  ///< one dimension that begins at 1; else a record
  record,
  symbol,
  range,       ///< a record
  multirange,  ///< an array of such records
  map,
  geometry,
  twofold,  ///< a record: the text of the output function, and the value itself
  output,   ///< the text of the output function
};

/// When a value takes another branch of the union.
enum class Other : std::uint8_t {
  none,
  string,  ///< a value without a form in the first branch
  bytes,   ///< in an SQL_ASCII database, text that is not UTF-8
  record,  ///< an array of several dimensions, or one that does not begin at 1
};

/// A custom attribute of a type: its name, and its value as JSON; null: as the type has it.
struct RuleProperty {
  const char* name;
  const char* json;
};

/// What values of a PostgreSQL type are in one profile.
struct Rule {
  Form form;
  avro::Type type;
  const char* logical_type = "";
  Other other = Other::none;
  std::array<RuleProperty, 2> properties{};  ///< a null name: none
  const char* note = "";                     ///< for the documentation
};

/// Which types of a kind a line of the table is for.
enum class Condition : std::uint8_t {
  always,
  is_decimal,        ///< numeric of 38 digits or fewer
  has_symbols_only,  ///< enum with labels that are names in Avro
};

struct TypeRules {
  TypeKind kind;
  Condition condition;  ///< of the lines of a kind, the first that holds counts
  const char* title;    ///< for the documentation
  Rule interop, lossless;

  [[nodiscard]] const Rule& of(Profile profile) const { return profile == Profile::interop ? interop : lossless; }
};

[[nodiscard]] std::span<const TypeRules> type_table();

}  // namespace ferry::map
