#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "pg/server.hpp"

// A PostgreSQL type as a tree: domains resolved, arrays, composites and ranges taken apart.
namespace ferry::map {

/// What a type is, as far as its values are written and read in ways of their own.
enum class TypeKind : std::uint8_t {
  boolean,
  int2,
  int4,
  int8,
  oid,
  float4,
  float8,
  numeric,
  date,
  timestamp,
  timestamptz,
  time,
  timetz,
  interval,
  uuid,
  json,
  jsonb,
  bytea,
  text,  ///< text, varchar, char(n), name
  array,
  composite,
  enum_,
  range,
  multirange,
  hstore,
  geometry,  ///< PostGIS geometry and geography
  other,     ///< anything else, by its output and input functions
};

struct PgAttribute;

/// Texts are in the database's encoding.
struct PgType {
  TypeKind kind = TypeKind::other;
  Oid oid = InvalidOid;  ///< never a domain's
  std::int32_t typmod = -1;
  Oid domain = InvalidOid;                ///< the outermost domain over it
  std::string name;                       ///< as format_type() shows what was declared: the domain, or the type with its modifier
  std::vector<PgType> parts{};            ///< array: its element; range: its bound; multirange: its range
  std::vector<PgAttribute> attributes;    ///< composite: dropped ones, too
  std::vector<std::string> labels{};      ///< enum, in its order
  std::int16_t length = 0;
  bool by_value = false;
  char alignment = 'i';
};

/// An attribute of a composite type.
struct PgAttribute {
  std::string name;
  bool is_dropped = false;
  PgType type{};  ///< unset where it is dropped
};

/// The type with that oid and modifier. Errors: 54001 nested too deep.
[[nodiscard]] PgType read_type(Oid oid, std::int32_t typmod);

}  // namespace ferry::map
