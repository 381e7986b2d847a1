#pragma once

#include "load/log/rejects.hpp"

#include "pg/server.hpp"

extern "C" {
#include "portability/instr_time.h"
}

namespace ferry::load {

/// The result of an SQL function that ran one load: its number, its counts, and the milliseconds since started.
[[nodiscard]] Datum summary_row(FunctionCallInfo call_info, const LoadSummary& summary, instr_time started);

}  // namespace ferry::load
