#include "load/functions/summary_row.hpp"

#include "pg/arguments.hpp"

#include "pg/server.hpp"

namespace ferry::load {

Datum summary_row(FunctionCallInfo call_info, const LoadSummary& summary, const pg::Stopwatch& watch) {
  const Datum values[] = {Int64GetDatum(*summary.load_id),     Int64GetDatum(summary.rows_read),
                          Int64GetDatum(summary.rows_loaded),  Int64GetDatum(summary.rows_rejected),
                          Int64GetDatum(summary.rows_skipped), pg::milliseconds_datum(watch.elapsed_ms())};
  const bool nulls[std::size(values)] = {};
  return pg::make_record(call_info, values, nulls);
}

}  // namespace ferry::load
