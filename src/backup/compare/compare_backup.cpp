#include <algorithm>
#include <string>

#include "backup/compare/compared_columns.hpp"
#include "backup/compare/comparison.hpp"
#include "backup/folder.hpp"
#include "backup/readable_backup.hpp"
#include "backup/table_plan.hpp"
#include "base/concat.hpp"
#include "base/error.hpp"
#include "pg/arguments.hpp"
#include "pg/encoding.hpp"
#include "pg/guard.hpp"
#include "pg/names.hpp"

#include "pg/server.hpp"

extern "C" {
#include "access/relation.h"
}

// What has changed in a table since a backup of it. The table is locked and read as for a backup.
namespace ferry::backup {
namespace {

/// Errors: 55000 no primary key; 42703 a column of it that cannot be compared.
std::vector<AttrNumber> check_key(Relation table, const MatchedColumns& columns, const TableEntry& entry) {
  const std::string name = RelationGetRelationName(table);
  std::vector<AttrNumber> key = primary_key(table);
  if (key.empty())
    throw Error("55000", concat("table \"", name, "\" has no primary key"))
        .detail("Rows of the table and of its backup are paired by their primary key.")
        .hint(
            "Restore the backup into another table by restore_table(..., into_table => ...), and compare the two by EXCEPT ALL.");
  for (const AttrNumber attribute : key)
    if (std::find(columns.attributes.begin(), columns.attributes.end(), attribute) == columns.attributes.end()) {
      const std::string column = NameStr(TupleDescAttr(RelationGetDescr(table), attribute - 1)->attname);
      throw Error("42703", concat("column \"", column, "\" of the primary key of table \"", name, "\" cannot be compared"))
          .detail(concat("The backup does not have it, or has another type there. ", definition_then(entry)));
    }
  return key;
}

void compare_table(Relation table, const PlannedTable& planned, const Where& where, FunctionCallInfo fcinfo) {
  const std::string name = RelationGetRelationName(table);
  const std::string schema = pg::call(pg::schema_of, RelationGetRelid(table));
  const Found found = find_backup(*where.directory, where.backup_id, where.database, {{pg::to_utf8(schema), pg::to_utf8(name)}});
  const TableEntry& entry = *found.tables[0];
  check_may_have(where, found.manifest.backup_id, entry, RelationGetRelid(table));
  const std::string path = concat(found.folder, '/', entry.file);
  verify_file(path, entry);
  BackupRows source(path, entry, table, pg::Operation::comparison, match_compared);
  const ComparedTable compared{table, planned.members, planned.is_elsewhere, check_key(table, source.columns(), entry)};
  report_not_compared(source.columns(), name);
  pg::ResultRows result(fcinfo);
  compare(compared, source, result);
}

Datum compare_backup(FunctionCallInfo fcinfo) {
  const pg::Arguments arguments(fcinfo);
  const Oid target = arguments.oid(0, "target");
  const Where where = find_where(arguments.optional_text(1), arguments.optional_text(2));
  auto [planned, taken_at] = lock_and_snapshot({.tables = {target}});
  Relation const table = open_checked(planned[0]);
  compare_table(table, planned[0], where, fcinfo);
  pg::call([table] {
    relation_close(table, NoLock);
    PopActiveSnapshot();
  });
  return Datum{0};
}

}  // namespace
}  // namespace ferry::backup

FERRY_SQL_FUNCTION(ferry_compare_backup) {
  return ferry::pg::boundary([&]() -> Datum { return ferry::backup::compare_backup(fcinfo); });
}
