#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "map/types/pg_type.hpp"
#include "map/types/type_table.hpp"

#include "pg/server.hpp"

extern "C" {
#include "utils/typcache.h"
}

namespace ferry::map {

/// How values of one type are written: a tree as the type's, made once.
struct ValueNode {
  Form form = Form::output;
  Other other = Other::none;  ///< none, too, where the database's encoding makes it needless
  bool is_fixed = false;      ///< fixed_bytes() are not 0
  bool is_union = false;
  bool is_checked = false;  ///< profile interop: infinite values, and 24:00:00, are errors
  std::uint8_t value_branch = 0, other_branch = 0;
  std::uint8_t decimal_bytes = 0;
  bool needs_settings = false;   ///< OutputSettings, for itself or for a part
  bool is_parallel_safe = true;  ///< its functions, for itself and for its parts
  int precision = 0, scale = 0;
  Oid type = InvalidOid;
  std::string type_name{};
  std::int16_t length = 0, dimensions = 1;  ///< length, by_value, alignment: of a value as an element of an array
  bool by_value = false;
  char alignment = 'i';
  std::vector<ValueNode> parts{};          ///< array: element; range: bound; multirange: range; record: fields
  std::vector<int> attributes{};           ///< record: of its fields in the row type
  std::unordered_map<Oid, int> symbols{};  ///< by the oids of their labels
  FmgrInfo* function = nullptr;            ///< output or send function
  FmgrInfo* send = nullptr;                ///< twofold: null of a fixed length, which is stored as it is
  TypeCacheEntry* range = nullptr;         ///< range, multirange: of the range type
  TupleDesc row = nullptr;                 ///< record
  Datum* values = nullptr;                 ///< record: where a value is taken apart
  bool* nulls = nullptr;
};

/// The node of a type, in the current memory context.
[[nodiscard]] ValueNode make_node(const PgType& type, Profile profile, bool is_nullable);

/// The most bytes that a value takes, without its branch, where that is a few and the same for all but the odd ones that take
/// another branch; else 0.
[[nodiscard]] std::size_t fixed_bytes(Form form);

}  // namespace ferry::map
