#pragma once

#include <cstddef>
#include <string_view>

#include "avro/schema.hpp"

// Source: Avro 1.12, Logical Types; and what Kafka Connect and Debezium say instead, by "connect.name".
namespace ferry::avro {

/// A time of day in nanoseconds: a long. The specification has none.
inline constexpr std::string_view kTimeNanos = "time-nanos";
/// A decimal that tells its scale: a record {scale int, value bytes}.
inline constexpr std::string_view kScaledDecimal = "variable-scale-decimal";

/// Whether a logical type of the specification annotates a type. decimal has further conditions.
[[nodiscard]] bool logical_type_fits(std::string_view logical_type, const Schema& node);

/// The most decimal digits that a two's complement number of that size can always hold.
[[nodiscard]] int max_precision(std::size_t size_bytes);

/// What a name of Kafka Connect means for a type: a logical type of the specification, one of those above, or nothing. Of a
/// record the fields are there already.
[[nodiscard]] std::string_view connect_logical_type(std::string_view connect_name, const Schema& node);

/// Whether the type has its logical type, of which there is one, by its property "connect.name", too.
[[nodiscard]] bool is_told_by_connect_name(const Schema& node);

}  // namespace ferry::avro
