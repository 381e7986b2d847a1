#include "map/types/calendar.hpp"

extern "C" {
#include "miscadmin.h"
#include "utils/datetime.h"
#include "utils/timestamp.h"
}

namespace ferry::map {

static_assert(kTimestampTextBytes > MAXDATELEN);

void write_timestamp(char* out, Timestamp timestamp, bool has_zone) {
  pg_tm fields{};
  fsec_t fraction;
  // the microseconds of a timestamptz are those of UTC, so without a zone they are broken down in UTC
  if (timestamp2tm(timestamp, nullptr, &fields, &fraction, nullptr, nullptr) != 0)
    ereport(ERROR, (errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE), errmsg("timestamp out of range")));
  fields.tm_isdst = 0;
  EncodeDateTime(&fields, fraction, has_zone, 0, nullptr, USE_ISO_DATES, out);
}

}  // namespace ferry::map
