#pragma once

#include <cstdint>

// Knows nothing of the server, so that the table of types is compiled without it, too.
namespace ferry::map {

/// Which Avro types stand for PostgreSQL's.
enum class Profile : std::uint8_t {
  interop,   ///< what other programs read as the right type; a value without a form there is an error
  lossless,  ///< every value comes back as it was
};

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
  money,
  xml,
  tsquery,
  named,     ///< of a fixed length, and the text is not all of it: names of objects (reg..., aclitem), and isn's numbers
  geometry,  ///< PostGIS geometry and geography
  other,     ///< anything else, by its output and input functions
};

}  // namespace ferry::map
