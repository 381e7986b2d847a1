// The SQL function correct_reject(): a text that is tried in the place of a record that was rejected.

#include "base/concat.hpp"
#include "base/view_source.hpp"
#include "load/functions/reload_target.hpp"
#include "load/log/stored_rejects.hpp"
#include "load/source/json_source.hpp"
#include "load/source/stream_source.hpp"
#include "pg/arguments.hpp"
#include "pg/encoding.hpp"
#include "pg/guard.hpp"
#include "settings.hpp"

#include "pg/server.hpp"

extern "C" {
#include "mb/pg_wchar.h"
#include "utils/json.h"
}

namespace ferry::load {
namespace {

constexpr const char* kPosition = "corrected row";

[[noreturn]] void refuse(const Problem& problem) {
  throw Error(problem.sqlstate.c_str(), problem.reason).detail(problem.detail).hint(problem.hint).context(kPosition);
}

/// The one record that a text of the load's format is, without its line end.
std::string stream_record(const std::string& text, const LoggedOptions& logged) {
  StreamOptions stream = logged.stream;
  stream.header = Header::none;
  stream.encoding = GetDatabaseEncoding();
  stream.max_record_bytes = static_cast<std::size_t>(settings::max_record_bytes);
  ViewSource bytes(as_bytes(text));
  StreamSource source(bytes, stream);
  Record record, other;
  if (!source.read(record) && (!text.empty() || stream.dialect.is_ragged))
    throw Error("22P04", "text has no row").detail("A load passes over such a line.").context(kPosition);
  if (record.problem) refuse(*record.problem);
  if (source.read(other))
    throw Error("22P04", "text has more than one row").detail("A line ends outside of quotes.").context(kPosition);
  return std::string(std::string_view(record.raw));
}

/// Checks that a text is a JSON object, of columns that the user may fill: it may be somebody else who loads it.
void check_json_record(const std::string& text, TargetTable& target) {
  const char* const json = text.c_str();
  pg::call([json] { (void)DirectFunctionCall1(json_in, CStringGetDatum(json)); });
  JsonSource source(target.loaded_columns(), [&target](const std::string& name) { return target.no_such_column(name); });
  Record record;
  record.raw.assign(pg::to_utf8(text));
  Fields fields;
  source.split(record, fields);
  if (fields.problem) refuse(*fields.problem);
  target.check_may_insert(fields);
}

std::string checked_record(const std::string& text, const StoredRejects& rejects, ReloadTarget& into) {
  TargetTable& target = into.table();
  const bool is_json = into.options().is_json();
  if (!is_json) target.choose_columns(rejects.load().columns);
  if (into.options().on_conflict == OnConflict::update) target.check_may_update();
  if (is_json) {
    check_json_record(text, target);
    return text;
  }
  target.check_may_insert();
  return stream_record(text, into.options());
}

Datum correct_reject(FunctionCallInfo call_info) {
  const pg::Arguments arguments(call_info);
  const std::int64_t load_id = arguments.bigint(0, "load_id");
  const std::int64_t row_number = arguments.bigint(1, "row_number");
  std::optional<std::string> text = arguments.optional_text(2);
  StoredRejects rejects(load_id);
  rejects.check_is_open(row_number);
  ReloadTarget into(rejects.load(), load_id);
  if (text) text = checked_record(*text, rejects, into);
  rejects.correct(row_number, text);
  into.table().close();
  rejects.close();
  return Datum{0};
}

}  // namespace
}  // namespace ferry::load

FERRY_SQL_FUNCTION(ferry_correct_reject) {
  return ferry::pg::boundary([&] { return ferry::load::correct_reject(fcinfo); });
}
