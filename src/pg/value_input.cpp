#include "pg/value_input.hpp"

#include "pg/compat.hpp"

#include "pg/server.hpp"

extern "C" {
#include "utils/fmgroids.h"
}

namespace ferry::pg {
namespace {

/// Where these refuse a text, they hold no lock, no buffer and no file: 16 made each such place return.
bool leaves_nothing(Oid function) {
  switch (function) {
    case F_BIT_IN:
    case F_BOOLIN:
    case F_BPCHARIN:
    case F_BYTEAIN:
    case F_CASH_IN:
    case F_CIDR_IN:
    case F_DATE_IN:
    case F_ENUM_IN:
    case F_FLOAT4IN:
    case F_FLOAT8IN:
    case F_INET_IN:
    case F_INT2IN:
    case F_INT4IN:
    case F_INT8IN:
    case F_JSONB_IN:
    case F_JSON_IN:
    case F_INTERVAL_IN:
    case F_MACADDR8_IN:
    case F_MACADDR_IN:
    case F_NUMERIC_IN:
    case F_TIMESTAMPTZ_IN:
    case F_TIMESTAMP_IN:
    case F_TIMETZ_IN:
    case F_TIME_IN:
    case F_UUID_IN:
    case F_VARBIT_IN:
    case F_VARCHARIN:
      return true;
    default:
      return false;
  }
}

/// The error that was raised if it tells of a value; any other goes on.
ErrorData* taken_refusal(MemoryContext context) {
  MemoryContextSwitchTo(context);
  ErrorData* const error = CopyErrorData();
  FlushErrorState();
  if (ERRCODE_TO_CATEGORY(error->sqlerrcode) != ERRCODE_DATA_EXCEPTION) ReThrowError(error);
  return error;
}

}  // namespace

InputValue input_value(FmgrInfo* function, char* text, Oid parameter, int32 typmod) {
  InputValue input{};
  const auto take = [&] { input.value = compat::take_input(function, text, parameter, typmod, &input.refusal); };
  if (compat::kRefusesSoftly || !leaves_nothing(function->fn_oid)) {
    take();
    return input;
  }
  MemoryContext const context = CurrentMemoryContext;
  try {
    call(take);
  } catch (const ServerError&) {
    input.refusal = call(taken_refusal, context);
  }
  return input;
}

}  // namespace ferry::pg
