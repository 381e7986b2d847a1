#pragma once

#include <cstdint>
#include <string>

// Dates and times of Avro's logical types as ISO 8601 text.
namespace ferry::avro {

/// Appends "2021-07-27"; years before 1 as "0044-03-15 BC".
void append_date(std::string& out, std::int64_t days_since_1970);

/// Appends "23:59:59.5". unit: of value in a second. Precondition: value is one of 0 to 24 hours.
void append_time(std::string& out, std::int64_t value, std::int64_t unit);

/// Appends "2021-07-27T16:02:08.25Z", the Z where it is_utc; years before 1 end with " BC". unit: of value in a second.
void append_timestamp(std::string& out, std::int64_t value, std::int64_t unit, bool is_utc);

/// Appends an ISO 8601 duration, "P1M2DT3.5S".
void append_duration(std::string& out, std::uint32_t months, std::uint32_t days, std::uint32_t millis);

}  // namespace ferry::avro
