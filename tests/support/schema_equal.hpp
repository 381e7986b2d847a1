#pragma once

#include <set>
#include <utility>

#include "avro/schema.hpp"

namespace ferry::test {

/// Compares every member of two schemas. A pair that is being compared already, as in recursive types, is taken for equal.
class SchemaComparison {
 public:
  bool equal(const avro::Schema& a, const avro::Schema& b) {
    if (!seen_.emplace(&a, &b).second) return true;
    if (a.type != b.type || a.name != b.name || a.aliases != b.aliases || a.doc != b.doc || a.symbols != b.symbols) return false;
    if (a.default_symbol != b.default_symbol || a.size_bytes != b.size_bytes || a.properties != b.properties) return false;
    if (a.logical_type != b.logical_type || a.precision != b.precision || a.scale != b.scale) return false;
    if (a.min_bytes != b.min_bytes || a.min_values != b.min_values) return false;
    if (a.fields.size() != b.fields.size() || a.branches.size() != b.branches.size() || !a.items != !b.items) return false;
    for (std::size_t i = 0; i < a.fields.size(); i++)
      if (!equal(a.fields[i], b.fields[i])) return false;
    for (std::size_t i = 0; i < a.branches.size(); i++)
      if (!equal(*a.branches[i], *b.branches[i])) return false;
    return a.items == nullptr || equal(*a.items, *b.items);
  }

 private:
  bool equal(const avro::Field& a, const avro::Field& b) {
    return a.name == b.name && a.default_json == b.default_json && a.doc == b.doc && a.aliases == b.aliases &&
           a.properties == b.properties && equal(*a.schema, *b.schema);
  }

  std::set<std::pair<const avro::Schema*, const avro::Schema*>> seen_;
};

inline bool equal(const avro::Schema& a, const avro::Schema& b) { return SchemaComparison().equal(a, b); }

}  // namespace ferry::test
