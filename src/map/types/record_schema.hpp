#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "avro/schema.hpp"
#include "map/types/table.hpp"
#include "map/types/type_table.hpp"

// What is behind record_schema(): the Avro types of PostgreSQL's, one by one.
namespace ferry::map {

/// The line of the table for a type.
[[nodiscard]] const Rule& rule_of(const PgType& type, Profile profile);

/// Where the branches of a value's union are: null first, then value, then other. Without null and other there is no union.
struct Branches {
  bool has_null, has_other;
  [[nodiscard]] bool is_union() const { return has_null || has_other; }
  [[nodiscard]] std::uint8_t value() const { return has_null ? 1 : 0; }
  [[nodiscard]] std::uint8_t other() const { return value() + 1; }
};
[[nodiscard]] Branches branches_of(const Rule& rule, bool is_nullable);

/// What the values of a type may be in Avro: value, or, where value cannot hold it, other.
struct Shape {
  const avro::Schema* value;
  const avro::Schema* other;  ///< null where value holds everything
};

/// Makes the nodes of one document. A named type is made once, and is the same node wherever it comes again.
class SchemaBuilder {
 public:
  SchemaBuilder(avro::SchemaDocument& document, Profile profile) : document_(document), profile_(profile) {}

  /// The record of a table's rows.
  [[nodiscard]] const avro::Schema& record(const Table& table, const RecordOptions& options);
  [[nodiscard]] Shape shape(const PgType& type);

 private:
  /// What a named type is known by: the type, or for a record that an array or a range needs, the type and its elements'
  /// modifier.
  using Key = std::uint64_t;

  [[nodiscard]] const avro::Schema& value(const PgType& type, const Rule& rule);
  [[nodiscard]] const avro::Schema& type_of(const PgType& type, bool is_nullable);
  [[nodiscard]] const avro::Schema& with_null(const avro::Schema& schema);
  [[nodiscard]] const avro::Schema& array_of(const avro::Schema& items);
  [[nodiscard]] const avro::Schema& nested_array(const PgType& type);
  [[nodiscard]] const avro::Schema& odd_array(const PgType& type);
  [[nodiscard]] const avro::Schema& range(const PgType& type);
  [[nodiscard]] const avro::Schema& composite(const PgType& type);
  [[nodiscard]] const avro::Schema& symbols(const PgType& type);
  /// The node of a named type; made if it is not there yet, which is_new says.
  avro::Schema& named(const PgType& type, std::int32_t typmod, avro::Type kind, bool* is_new);
  [[nodiscard]] avro::Field field(std::string name, const std::string& utf8_name, const PgType& type, bool is_nullable);
  static void add_field(avro::Schema& record, const char* name, const avro::Schema& type);

  avro::SchemaDocument& document_;
  Profile profile_;
  std::unordered_map<Key, avro::Schema*> named_;
  std::unordered_set<std::string> taken_;
};

}  // namespace ferry::map
