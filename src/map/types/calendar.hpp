#pragma once

#include <cstdint>
#include <limits>

#include "pg/server.hpp"

extern "C" {
#include "datatype/timestamp.h"
#include "utils/date.h"
}

/// Dates and timestamps between the server's epoch, 2000-01-01, and Avro's, 1970-01-01. The smallest and the largest int and
/// long stand for -infinity and infinity.
namespace ferry::map {

inline constexpr std::int32_t kEpochDays = POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE;
inline constexpr std::int64_t kEpochMicros = std::int64_t{kEpochDays} * USECS_PER_DAY;

/// Every date has a form in Avro.
[[nodiscard]] inline std::int32_t unix_days(DateADT date) { return DATE_NOT_FINITE(date) ? date : date + kEpochDays; }

/// False where days is no date.
[[nodiscard]] inline bool date_from_unix(std::int32_t days, DateADT* date) {
  if (DATE_NOT_FINITE(days)) return *date = days, true;
  return !__builtin_sub_overflow(days, kEpochDays, date) && IS_VALID_DATE(*date);
}

/// False where the timestamp has no form in Avro: late in the year 294246 and after.
[[nodiscard]] inline bool unix_micros(Timestamp timestamp, std::int64_t* micros) {
  if (TIMESTAMP_NOT_FINITE(timestamp)) return *micros = timestamp, true;
  return !__builtin_add_overflow(timestamp, kEpochMicros, micros) && !TIMESTAMP_NOT_FINITE(*micros);
}

/// False where micros is no timestamp.
[[nodiscard]] inline bool timestamp_from_unix(std::int64_t micros, Timestamp* timestamp) {
  if (TIMESTAMP_NOT_FINITE(micros)) return *timestamp = micros, true;
  return !__builtin_sub_overflow(micros, kEpochMicros, timestamp) && IS_VALID_TIMESTAMP(*timestamp);
}

static_assert(DATEVAL_NOBEGIN == std::numeric_limits<std::int32_t>::min() &&
              DATEVAL_NOEND == std::numeric_limits<std::int32_t>::max());
static_assert(DT_NOBEGIN == std::numeric_limits<std::int64_t>::min() && DT_NOEND == std::numeric_limits<std::int64_t>::max());

inline constexpr int kTimestampTextBytes = 129;

/// Writes a finite timestamp as ISO 8601, in UTC and with its zone where has_zone. out: kTimestampTextBytes. Calls the server
/// without a guard.
void write_timestamp(char* out, Timestamp timestamp, bool has_zone);

}  // namespace ferry::map
