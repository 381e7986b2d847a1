#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Source: Avro 1.12, Schema Declaration and Logical Types. The JSON form of a schema is in schema_json.hpp.
namespace ferry::avro {

/// The types of Avro: eight primitive ones, six complex ones.
enum class Type : std::uint8_t {
  null_,
  boolean,
  int_,
  long_,
  float_,
  double_,
  bytes,
  string,
  record,
  enum_,
  array,
  map,
  union_,
  fixed,
};

/// The name a type has in a schema: "null", "int", "record", "union", ...
[[nodiscard]] constexpr std::string_view type_name(Type type) {
  constexpr std::string_view kNames[] = {"null",   "boolean", "int",  "long",  "float", "double", "bytes",
                                         "string", "record",  "enum", "array", "map",   "union",  "fixed"};
  return kNames[static_cast<std::size_t>(type)];
}

[[nodiscard]] constexpr bool is_primitive(Type type) { return type <= Type::string; }

/// True for the types that a name defines and that can be referred to by it.
[[nodiscard]] constexpr bool is_named(Type type) { return type == Type::record || type == Type::enum_ || type == Type::fixed; }

struct Schema;

/// An attribute the specification does not define: its name, and its value as JSON text.
using Property = std::pair<std::string, std::string>;

/// A field of a record. Source: Avro 1.12, Complex Types, Records.
struct Field {
  std::string name;
  const Schema* schema = nullptr;
  std::optional<std::string> default_json{};  ///< the default as JSON text; "null" is a default, nothing is none
  std::string doc{};
  std::vector<std::string> aliases{};
  std::vector<Property> properties{};  ///< every other attribute, "order" too
};

/// One node of a schema. Members that its type does not use are empty. Nodes point at each other, a recursive type at itself,
/// so they live in a SchemaDocument and die with it.
struct Schema {
  Type type = Type::null_;
  std::string name{};                  ///< record, enum, fixed: the full name, namespace resolved
  std::vector<std::string> aliases{};  ///< record, enum, fixed: full names
  std::string doc{};
  std::vector<Field> fields{};                  ///< record
  std::vector<std::string> symbols{};           ///< enum
  std::optional<std::string> default_symbol{};  ///< enum
  std::size_t size_bytes = 0;                   ///< fixed
  const Schema* items = nullptr;                ///< array: of its items; map: of its values, whose keys are strings
  std::vector<const Schema*> branches{};        ///< union
  std::string logical_type{};                   ///< empty where there is none, or one that does not fit and is ignored
  int precision = 0;                            ///< decimal
  int scale = 0;                                ///< decimal
  std::vector<Property> properties{};           ///< every other attribute, an ignored logicalType too

  /// What one value takes at least: bytes in binary, and values (itself and, if a record, those in its fields). Lower bounds
  /// that tell an honest item count from a hostile one. parse_schema fills them in; in a schema made by hand these will do.
  std::size_t min_bytes = 0;
  std::size_t min_values = 1;
};

/// The value of the property called key as JSON text, or nothing.
[[nodiscard]] inline std::optional<std::string_view> find_property(const std::vector<Property>& properties,
                                                                   std::string_view key) {
  for (const auto& [name, json] : properties)
    if (name == key) return std::string_view(json);
  return std::nullopt;
}

/// Owns the nodes of one schema. Moving the document does not move its nodes.
class SchemaDocument {
 public:
  /// A new node, which lives as long as the document. Anything but the root may be added in any order.
  Schema& add(Type type) {
    Schema& node = *nodes_.emplace_back(std::make_unique<Schema>());
    node.type = type;
    return node;
  }

  void set_root(const Schema& root) { root_ = &root; }
  /// Precondition: set_root() was called.
  [[nodiscard]] const Schema& root() const { return *root_; }
  [[nodiscard]] std::size_t node_count() const { return nodes_.size(); }

 private:
  std::vector<std::unique_ptr<Schema>> nodes_;
  const Schema* root_ = nullptr;
};

}  // namespace ferry::avro
