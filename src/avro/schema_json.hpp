#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "avro/schema.hpp"

// The JSON form of schemas. Source: Avro 1.12, Schema Declaration; Names; Aliases; Logical Types.
namespace ferry::avro {

/// How deep the types of a schema may be nested in its text, and how many types, fields, symbols and aliases it may have; a
/// record that fields refer to by name counts again for what it holds, since its values do.
inline constexpr std::size_t kMaxSchemaDepth = 128;
inline constexpr std::size_t kMaxSchemaNodes = 100'000;
/// How many bytes the full names of types and their aliases may have, wherever they stand: a namespace that the text has once is
/// part of each name within it.
inline constexpr std::size_t kMaxSchemaNameBytes = std::size_t{16} << 20;

/// The schema that json declares. Names need not follow the grammar of Names (files in the world do not), they must only not be
/// empty; a leading dot means the null namespace. A logicalType that is unknown or does not fit its type is ignored and kept
/// among the properties.
/// Errors: 22P04 text that is no JSON or no schema, undefined or twice defined names, a union directly in a union, duplicate
/// branches, fields or symbols; 54000 more depth, nodes or bytes of names than the limits. The detail names the position as a
/// JSON pointer.
[[nodiscard]] SchemaDocument parse_schema(std::string_view json);

/// The schema as JSON text without white space. A named type is defined where it first occurs and referred to by name after, so
/// that parse_schema(to_json(s)) equals s. Precondition: names are unique; property and default texts are JSON.
[[nodiscard]] std::string to_json(const Schema& schema);

}  // namespace ferry::avro
