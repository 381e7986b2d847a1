// The SQL function export_rejects(): the rejects of a load as a file of the server.

#include "base/concat.hpp"
#include "load/functions/reject_file.hpp"
#include "load/log/log_tables.hpp"
#include "load/log/reject_tally.hpp"
#include "pg/arguments.hpp"
#include "pg/guard.hpp"
#include "pg/io/path.hpp"
#include "pg/io/written_file.hpp"

#include "pg/server.hpp"

namespace ferry::load {
namespace {

enum class Form : std::uint8_t { source, csv };

Form form_by_name(const std::string& name) {
  if (name == "source") return Form::source;
  if (name == "csv") return Form::csv;
  throw Error("22023", concat("format \"", name, "\" not recognized")).hint("Choose \"source\" or \"csv\".");
}

struct Counts {
  std::int64_t written = 0, not_whole = 0;
};

/// Of which only the first bytes are there, none is a record; but a report tells of it.
Counts write_rejects(RejectScan& scan, RejectFile& file, Form form) {
  Counts counts;
  file.begin();
  for (StoredReject reject; scan.next(reject);) {
    if (form == Form::source && reject.is_cut) {
      counts.not_whole++;
      continue;
    }
    if (file.add(reject)) counts.written++;
  }
  file.end();
  return counts;
}

void tell_left_out(const Counts& counts, const LoggedLoad& load, std::int64_t load_id) {
  constexpr const char* kHint = "Take what is missing from the source of the load.";
  if (counts.not_whole > 0) {
    const std::string message =
        concat(counts.not_whole, counts.not_whole == 1 ? " reject" : " rejects", " of load ", load_id,
               counts.not_whole == 1 ? " was not kept whole and is" : " were not kept whole and are", " not in the file");
    pg::notice(message.c_str(), kHint);
  }
  if (load.rejects_not_kept > 0) pg::notice(not_in_log(load.rejects_not_kept, load_id).c_str(), kHint);
}

Datum export_rejects(FunctionCallInfo call_info) {
  const pg::Arguments arguments(call_info);
  const std::int64_t load_id = arguments.bigint(0, "load_id");
  const std::string path = arguments.text(1, "path");
  const Form form = form_by_name(arguments.text(2, "format"));
  pg::check_may_write(path);
  Relation const loads = pg::call(open_log_table, "ferry_load_log", AccessShareLock);
  Relation const rejects = pg::call(open_log_table, "ferry_reject_log", AccessShareLock);
  const LoggedLoad load = find_logged_load(loads, load_id, LoadLock::none);
  const LoggedOptions options = read_logged_options(load.options_json);
  RejectScan scan;
  Snapshot const snapshot = pg::call([&scan, rejects, load_id] {
    Snapshot const taken = RegisterSnapshot(GetTransactionSnapshot());
    scan.open(rejects, load_id, taken);
    return taken;
  });
  Counts counts;
  pg::write_to_file(path, [&](ByteSink& sink) {
    const auto file = form == Form::source ? source_file(sink, load, options) : report_file(sink);
    counts = write_rejects(scan, *file, form);
  });
  pg::call([&scan, snapshot, rejects, loads] {
    scan.close();
    UnregisterSnapshot(snapshot);
    table_close(rejects, NoLock);
    table_close(loads, NoLock);
  });
  tell_left_out(counts, load, load_id);
  return Int64GetDatum(counts.written);
}

}  // namespace
}  // namespace ferry::load

FERRY_SQL_FUNCTION(ferry_export_rejects) {
  return ferry::pg::boundary([&] { return ferry::load::export_rejects(fcinfo); });
}
