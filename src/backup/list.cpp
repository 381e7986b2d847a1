#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "backup/folder.hpp"
#include "base/concat.hpp"
#include "pg/arguments.hpp"
#include "pg/encoding.hpp"
#include "pg/guard.hpp"
#include "pg/warning.hpp"

#include "pg/server.hpp"

extern "C" {
#include "commands/dbcommands.h"
#include "datatype/timestamp.h"
#include "utils/array.h"
#include "utils/timestamp.h"
}

namespace ferry::backup {
namespace {

/// The time that a manifest tells; nothing where it is none.
std::optional<TimestampTz> time_of(const std::string& utc_text) {
  pg_tm utc{};
  int micros = 0;
  if (std::sscanf(utc_text.c_str(), "%4d-%2d-%2dT%2d:%2d:%2d.%6dZ", &utc.tm_year, &utc.tm_mon, &utc.tm_mday, &utc.tm_hour,
                  &utc.tm_min, &utc.tm_sec, &micros) != 7)
    return std::nullopt;
  int zone = 0;
  TimestampTz time = 0;
  if (utc.tm_mon < 1 || utc.tm_mon > 12 || utc.tm_mday < 1 || utc.tm_mday > 31 || tm2timestamp(&utc, micros, &zone, &time) != 0)
    return std::nullopt;
  return time;
}

Datum text_array(const std::vector<std::string>& texts) {
  std::vector<Datum> values;
  for (const std::string& text : texts) values.push_back(pg::text_datum(text));
  Datum* const data = values.data();
  const int count = static_cast<int>(values.size());
  return pg::call([=] { return PointerGetDatum(construct_array(data, count, TEXTOID, -1, false, TYPALIGN_INT)); });
}

void add(const Manifest& manifest, pg::ResultRows& result) {
  std::vector<std::string> tables;
  std::int64_t rows = 0, bytes = 0;
  for (const TableEntry& table : manifest.tables) {
    tables.push_back(sql_name(table));
    rows += table.rows;
    bytes += table.bytes;
  }
  const std::optional<TimestampTz> taken_at = time_of(manifest.taken_at);
  const Datum row[] = {pg::text_datum(manifest.backup_id), TimestampTzGetDatum(taken_at.value_or(0)), text_array(tables),
                       Int64GetDatum(rows), Int64GetDatum(bytes)};
  const bool nulls[] = {false, !taken_at, false, false, false};
  result.add(row, nulls);
}

Datum list_backups(FunctionCallInfo fcinfo) {
  const pg::Arguments arguments(fcinfo);
  const std::unique_ptr<Directory> directory = find_directory(arguments.optional_text(0), Purpose::restore);
  // who names a directory may read the server's files, and so all that is in it
  std::optional<std::string> database;
  if (arguments.is_null(0)) database = pg::to_utf8(pg::call(get_database_name, MyDatabaseId));
  pg::ResultRows result(fcinfo);
  for (const std::string& id : finished_backups(*directory)) {
    pg::check_interrupts();
    const std::variant<Manifest, std::string> read = try_read_manifest(*directory, id);
    if (const auto* const problem = std::get_if<std::string>(&read)) {
      // one that is gone by now was removed meanwhile
      if (is_finished(*directory, id)) pg::warning(concat("backup \"", id, "\" is damaged: ", *problem));
    } else if (const Manifest& manifest = std::get<Manifest>(read); !database || manifest.database == *database) {
      add(manifest, result);
    }
  }
  return Datum{0};
}

}  // namespace
}  // namespace ferry::backup

FERRY_SQL_FUNCTION(ferry_list_backups) {
  return ferry::pg::boundary([&]() -> Datum { return ferry::backup::list_backups(fcinfo); });
}
