#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "backup/file_check.hpp"
#include "backup/folder.hpp"
#include "base/concat.hpp"
#include "base/error.hpp"
#include "pg/arguments.hpp"
#include "pg/encoding.hpp"
#include "pg/guard.hpp"

#include "pg/server.hpp"

extern "C" {
#include "commands/dbcommands.h"
}

// A backup that is damaged is an answer, not an error: a query that verifies many goes on with the next.
namespace ferry::backup {
namespace {

struct Answer {
  std::optional<std::string> table_name;
  std::string path;
  std::optional<std::int64_t> rows, bytes;
  std::string problem;
};

class Answers {
 public:
  explicit Answers(FunctionCallInfo fcinfo) : rows_(fcinfo) {}
  void add(const Answer& answer) {
    const bool is_ok = answer.problem.empty();
    const Datum row[] = {answer.table_name ? pg::text_datum(*answer.table_name) : Datum{0},
                         pg::text_datum(answer.path),
                         Int64GetDatum(answer.rows.value_or(0)),
                         Int64GetDatum(answer.bytes.value_or(0)),
                         BoolGetDatum(is_ok),
                         is_ok ? Datum{0} : pg::text_datum(answer.problem)};
    const bool nulls[] = {!answer.table_name, false, !answer.rows, !answer.bytes, false, is_ok};
    rows_.add(row, nulls);
  }

 private:
  pg::ResultRows rows_;
};

Answer verify_table(Directory& directory, const std::string& id, const TableEntry& entry) {
  Answer answer{.table_name = sql_name(entry), .path = directory.path_of(id, entry.file), .rows = {}, .bytes = {}, .problem = {}};
  FileCheck check = check_file(directory, id, entry);
  if (check.bytes) answer.bytes = check.bytes;
  if (check.problem.empty() || check.bytes) {
    const RowsCheck rows = check_rows(answer.path, entry, check.problem.empty());
    answer.rows = rows.rows;
    if (!rows.problem.empty() && rows.problem != check.problem)
      check.problem += concat(check.problem.empty() ? "" : "; ", rows.problem);
  }
  answer.problem = check.problem;
  return answer;
}

/// What is in the folder and not in the manifest.
void report_strangers(Directory& directory, const Manifest& manifest, Answers& answers) {
  for (const FolderFile& file : directory.files_of(manifest.backup_id)) {
    const bool is_known =
        file.name == kManifestName || std::any_of(manifest.tables.begin(), manifest.tables.end(),
                                                  [&](const TableEntry& table) { return table.file == file.name; });
    if (is_known) continue;
    answers.add({.table_name = {},
                 .path = directory.path_of(manifest.backup_id, file.name),
                 .rows = {},
                 .bytes = file.is_regular ? std::optional(file.bytes) : std::nullopt,
                 .problem = "the manifest does not know this file"});
  }
}

void check_is_own(const Manifest& manifest, const std::string& id) {
  if (manifest.database == pg::to_utf8(pg::call(get_database_name, MyDatabaseId))) return;
  throw Error("42501", concat("backup \"", id, "\" was taken in database \"", pg::shown_from_utf8(manifest.database), '"'))
      .hint("Name its directory to verify it from another database.");
}

Datum verify_backup(FunctionCallInfo fcinfo) {
  const pg::Arguments arguments(fcinfo);
  const std::string id = arguments.text(0, "backup_id");
  check_backup_id(id);
  const std::unique_ptr<Directory> directory = find_directory(arguments.optional_text(1), Purpose::restore);
  if (!directory->changed_at(id))
    throw Error("58P01", concat("backup \"", id, "\" does not exist in directory \"", directory->path(), '"'));

  Answers answers(fcinfo);
  const std::string path = directory->path_of(id, kManifestName);
  std::variant<Manifest, std::string> read("the manifest is missing: the backup is not a finished one");
  if (is_finished(*directory, id)) read = try_read_manifest(*directory, id);
  if (const auto* const problem = std::get_if<std::string>(&read)) {
    answers.add({.table_name = {}, .path = path, .rows = {}, .bytes = {}, .problem = *problem});
    return Datum{0};
  }
  const auto* const manifest = std::get_if<Manifest>(&read);
  if (arguments.is_null(1)) check_is_own(*manifest, id);
  for (const TableEntry& table : manifest->tables) {
    pg::check_interrupts();
    answers.add(verify_table(*directory, id, table));
  }
  report_strangers(*directory, *manifest, answers);
  return Datum{0};
}

}  // namespace
}  // namespace ferry::backup

FERRY_SQL_FUNCTION(ferry_verify_backup) {
  return ferry::pg::boundary([&]() -> Datum { return ferry::backup::verify_backup(fcinfo); });
}
