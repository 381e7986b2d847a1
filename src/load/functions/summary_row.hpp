#pragma once

#include "load/log/log.hpp"
#include "pg/stopwatch.hpp"

#include "pg/server.hpp"

namespace ferry::load {

/// The result of an SQL function that ran one load: its number, its counts, and the milliseconds on the watch.
[[nodiscard]] Datum summary_row(FunctionCallInfo call_info, const LoadSummary& summary, const pg::Stopwatch& watch);

}  // namespace ferry::load
