#include "avro/logical_type.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>

namespace ferry::avro {
namespace {

struct ConnectType {
  std::string_view name;
  Type type;
  std::string_view logical_type;
};

/// Debezium's timestamps have no time zone, those of Kafka Connect are of UTC. Sources: io.debezium.time and
/// org.apache.kafka.connect.data, the constants LOGICAL_NAME and SCHEMA_NAME.
constexpr ConnectType kConnectTypes[] = {
    {"io.debezium.time.Date", Type::int_, "date"},
    {"io.debezium.time.Time", Type::int_, "time-millis"},
    {"io.debezium.time.MicroTime", Type::long_, "time-micros"},
    {"io.debezium.time.NanoTime", Type::long_, kTimeNanos},
    {"io.debezium.time.Timestamp", Type::long_, "local-timestamp-millis"},
    {"io.debezium.time.MicroTimestamp", Type::long_, "local-timestamp-micros"},
    {"io.debezium.time.NanoTimestamp", Type::long_, "local-timestamp-nanos"},
    {"io.debezium.data.Uuid", Type::string, "uuid"},
    {"org.apache.kafka.connect.data.Date", Type::int_, "date"},
    {"org.apache.kafka.connect.data.Time", Type::int_, "time-millis"},
    {"org.apache.kafka.connect.data.Timestamp", Type::long_, "timestamp-millis"},
};

bool is_scaled_decimal(const Schema& schema) {
  const auto is_field = [](const Field& field, std::string_view name, Type type) {
    return field.name == name && field.schema->type == type && field.schema->logical_type.empty();
  };
  return schema.type == Type::record && schema.fields.size() == 2 && is_field(schema.fields[0], "scale", Type::int_) &&
         is_field(schema.fields[1], "value", Type::bytes);
}

}  // namespace

bool logical_type_fits(std::string_view logical_type, const Schema& node) {
  switch (node.type) {
    case Type::int_:
      return logical_type == "date" || logical_type == "time-millis";
    case Type::long_:
      if (logical_type.starts_with("local-"))
        logical_type.remove_prefix(6);
      else if (logical_type == "time-micros")
        return true;
      return logical_type == "timestamp-millis" || logical_type == "timestamp-micros" || logical_type == "timestamp-nanos";
    case Type::bytes:
      return logical_type == "decimal" || logical_type == "big-decimal";
    case Type::string:
      return logical_type == "uuid";
    case Type::fixed:
      return logical_type == "decimal" || (logical_type == "duration" && node.size_bytes == 12) ||
             (logical_type == "uuid" && node.size_bytes == 16);
    default:
      return false;
  }
}

int max_precision(std::size_t size_bytes) {
  constexpr double kLog10Of2 = 0.30102999566398120;
  if (size_bytes == 0) return 0;
  const double digits = std::floor(kLog10Of2 * (8.0 * static_cast<double>(size_bytes) - 1));
  return static_cast<int>(std::min<double>(digits, std::numeric_limits<int>::max()));
}

std::string_view connect_logical_type(std::string_view connect_name, const Schema& node) {
  if (connect_name == "io.debezium.data.VariableScaleDecimal") return is_scaled_decimal(node) ? kScaledDecimal : "";
  const auto is_known = [&](const ConnectType& known) { return known.name == connect_name && known.type == node.type; };
  const auto* const known = std::find_if(std::begin(kConnectTypes), std::end(kConnectTypes), is_known);
  return known == std::end(kConnectTypes) ? std::string_view() : known->logical_type;
}

bool is_told_by_connect_name(const Schema& node) {
  const auto json = find_property(node.properties, "connect.name");
  return json && json->size() > 2 && connect_logical_type(json->substr(1, json->size() - 2), node) == node.logical_type;
}

}  // namespace ferry::avro
