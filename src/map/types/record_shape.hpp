#pragma once

#include "avro/schema.hpp"

// The records that stand for values of types without a type in Avro.
namespace ferry::map {

[[nodiscard]] inline bool is_field(const avro::Schema& record, std::size_t index, const char* name, avro::Type type) {
  return index < record.fields.size() && record.fields[index].name == name && record.fields[index].schema->type == type;
}

/// {months: int, days: int, micros: long}
[[nodiscard]] inline bool is_interval_record(const avro::Schema& record) {
  return record.fields.size() == 3 && is_field(record, 0, "months", avro::Type::int_) &&
         is_field(record, 1, "days", avro::Type::int_) && is_field(record, 2, "micros", avro::Type::long_);
}

/// {micros: long, zone_seconds: int}; the zone is west of UTC.
[[nodiscard]] inline bool is_timetz_record(const avro::Schema& record) {
  return record.fields.size() == 2 && is_field(record, 0, "micros", avro::Type::long_) &&
         is_field(record, 1, "zone_seconds", avro::Type::int_);
}

/// {text: string, stored: bytes}, of one of our own files
[[nodiscard]] inline bool is_twofold_record(const avro::Schema& record) {
  return record.fields.size() == 2 && is_field(record, 0, "text", avro::Type::string) &&
         is_field(record, 1, "stored", avro::Type::bytes) && avro::find_property(record.properties, "pg.stored").has_value();
}

/// {lower, upper, flags: int}; the flags are the server's.
[[nodiscard]] inline bool is_range_record(const avro::Schema& record) {
  return record.fields.size() == 3 && record.fields[0].name == "lower" && record.fields[1].name == "upper" &&
         is_field(record, 2, "flags", avro::Type::int_);
}

/// {dims: array of int, lower_bounds: array of int, items: array}
[[nodiscard]] inline bool is_odd_array_record(const avro::Schema& record) {
  constexpr avro::Type kArray = avro::Type::array;
  return record.fields.size() == 3 && is_field(record, 0, "dims", kArray) && is_field(record, 1, "lower_bounds", kArray) &&
         is_field(record, 2, "items", kArray) && record.fields[0].schema->items->type == avro::Type::int_ &&
         record.fields[1].schema->items->type == avro::Type::int_;
}

/// The array that items are, nullable or not; null where they are something else.
[[nodiscard]] inline const avro::Schema* inner_array(const avro::Schema& items) {
  if (items.type == avro::Type::array) return &items;
  if (items.type != avro::Type::union_ || items.branches.size() != 2) return nullptr;
  for (int i = 0; i < 2; i++)
    if (items.branches[i]->type == avro::Type::null_ && items.branches[1 - i]->type == avro::Type::array)
      return items.branches[1 - i];
  return nullptr;
}

}  // namespace ferry::map
