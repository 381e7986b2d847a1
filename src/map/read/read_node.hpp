#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "avro/schema.hpp"
#include "map/read/domain_check.hpp"
#include "map/types/pg_type.hpp"

#include "pg/server.hpp"

extern "C" {
#include "utils/typcache.h"
}

// What is to be done with a value of an Avro type that becomes one of a PostgreSQL type, worked out once for each file.
namespace ferry::map {

enum class ReadOp : std::uint8_t {
  null_,
  union_,          ///< parts: by branch
  boolean,         ///< into boolean
  int_to_int4,     ///< an int as it is
  long_to_int8,    ///< a long as it is
  integer,         ///< int or long into any number; of a date or timestamp what the file counts
  real,            ///< float or double into float4, float8, numeric
  decimal,         ///< bytes or fixed into numeric, the integers and the floats
  big_decimal,     ///< the same, and the value tells its scale
  scaled_decimal,  ///< record {scale, value} into the same
  date,            ///< int into date, timestamp
  time,            ///< int or long into time
  timestamp,       ///< long into timestamp, timestamptz
  duration,        ///< fixed into interval
  uuid,            ///< fixed into uuid
  text,            ///< string or enum into text, varchar, char(n), name
  raw_text,        ///< bytes into the same
  text_form,       ///< anything into the same, as avro::append_text() has it
  json_text,       ///< string, which is JSON, into json, jsonb
  raw_json,        ///< bytes, which are JSON
  json_form,       ///< anything into json, jsonb, as avro::append_json() has it
  bytes,           ///< bytes or fixed into bytea
  binary,          ///< bytes or fixed by the type's receive function
  input,           ///< string or enum by the type's input function
  raw_input,       ///< bytes, which are text of the database's encoding, by the same
  label,           ///< enum into enum
  array,           ///< parts: the items
  odd_array,       ///< record {dims, lower_bounds, items}; parts: the items
  composite,       ///< record; parts and attributes: by field
  interval,        ///< record {months, days, micros}
  timetz,          ///< record {micros, zone_seconds}
  twofold,         ///< record {text, stored}
  range,           ///< record {lower, upper, flags}; parts: lower, upper
  multirange,      ///< array of that; parts: the range
  hstore,          ///< map or record
};

struct ReadNode {
  ReadOp op = ReadOp::null_;
  TypeKind kind = TypeKind::other;  ///< of type
  avro::Type wire = avro::Type::null_;
  bool has_infinity = false;         ///< the smallest and the largest int or long stand for the infinities
  bool is_plain_money = false;       ///< money as lc_monetary C shows it
  bool has_qualified_names = false;  ///< names of objects, which are those that an empty search_path finds
  bool takes_stored = false;         ///< the stored form of the type: to be stored as it is
  std::int8_t dimensions = 0;        ///< array
  std::int32_t typmod = -1;
  std::int64_t unit = 1;  ///< time, timestamp: of the stored value in a second
  const avro::Schema* schema = nullptr;
  const PgType* type = nullptr;
  std::vector<ReadNode> parts{};
  std::vector<int> attributes{};       ///< composite: the index of each field's attribute, < 0 where it is skipped
  std::vector<std::string> symbols{};  ///< of an enum, in the database's encoding
  std::vector<Datum> labels{};         ///< label: by symbol, 0 where it was not needed yet
  TupleDesc descriptor = nullptr;      ///< composite
  TypeCacheEntry* range = nullptr;     ///< range, multirange
  Oid function_argument = InvalidOid;  ///< input, raw_input, binary, twofold, hstore
  FmgrInfo function{};                 ///< the same
  DomainCheck* domain_check = nullptr;
};

/// Two types of which one cannot become the other. path: from the field inwards, empty for the field itself.
struct TypeMismatch {
  std::string path, avro_type, pg_type;
};

/// Where values come from.
enum class Origin : std::uint8_t {
  anywhere,
  own,       ///< this extension wrote them, with names of objects as an empty search_path shows them
  backup,    ///< and they were in the table before, so that constraints which are NOT VALID do not keep them out
  compared,  ///< the same, but they go nowhere: no CHECK of a domain is asked, for it may be any function of the table's owner
};

/// How values of schema become values of type; both outlive the node, which belongs to the current memory context.
/// Throws TypeMismatch where they cannot. Errors: 42702 as RowReader.
[[nodiscard]] ReadNode plan_read(const avro::Schema& schema, const PgType& type, Origin origin);

/// An Avro type as messages show it: "long (timestamp-micros)", "array of string", "union of null, int".
[[nodiscard]] std::string avro_type_text(const avro::Schema& schema);

/// The type whose columns take every value of an Avro type, for hints.
[[nodiscard]] std::string natural_type(const avro::Schema& schema);

/// The index in names of each field's column, or -1; each name is matched once at most. pg.name or else the field's name
/// comes first, then its aliases, then the same without regard to case. Errors: 42702 fields that differ by case only and want
/// the same name.
[[nodiscard]] std::vector<int> match_fields(const std::vector<avro::Field>& fields, const std::vector<std::string>& names);

}  // namespace ferry::map
