#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "map/types/type_kind.hpp"

#include "pg/server.hpp"

// A PostgreSQL type as a tree: domains resolved, arrays, composites and ranges taken apart.
namespace ferry::map {

struct PgAttribute;

/// Texts are in the database's encoding.
struct PgType {
  TypeKind kind = TypeKind::other;
  Oid oid = InvalidOid;  ///< never a domain's
  std::int32_t typmod = -1;
  Oid domain = InvalidOid;  ///< the outermost domain over it
  /// What was declared, the domain or the type with its modifier, as format_type() shows it where the search path is empty.
  std::string name;
  std::vector<PgType> parts{};          ///< array: its element; range: its bound; multirange: its range
  std::vector<PgAttribute> attributes;  ///< composite: dropped ones, too
  std::vector<std::string> labels{};    ///< enum, in its order
  std::int16_t dimensions = 1;          ///< array: as declared; the server does not hold values to it
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

/// The name of a type as format_type() shows it where the search path is empty.
[[nodiscard]] std::string type_name(Oid oid, std::int32_t typmod);

/// What files call the stored form of the type's values: one of the same name can be stored as it is. That of names and other
/// values with OIDs in them is of one database. Empty where text is all that there is.
[[nodiscard]] std::string stored_form(const PgType& type);

/// The type with that oid and modifier. Errors: 54001 nested too deep.
[[nodiscard]] PgType read_type(Oid oid, std::int32_t typmod);

}  // namespace ferry::map
