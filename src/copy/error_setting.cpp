#include "copy/error_setting.hpp"

#include <cstring>

#include "settings.hpp"

#include "pg/server.hpp"

extern "C" {
#include "catalog/catalog.h"
#include "catalog/dependency.h"
#include "catalog/pg_class.h"
#include "commands/extension.h"
#include "utils/guc.h"
}

namespace ferry::copy {

namespace {

/// Whether an option leaves it open what becomes of errors. Calls nothing that raises.
bool leaves_it_open(const DefElem& option) {
  const char* const name = option.defname;
  if (std::strcmp(name, "on_error") == 0 || std::strcmp(name, "freeze") == 0) return false;
  if (std::strcmp(name, "format") != 0) return true;
  if (option.arg == nullptr || !IsA(option.arg, String)) return false;
  return std::strcmp(strVal(option.arg), "text") == 0 || std::strcmp(strVal(option.arg), "csv") == 0;
}

/// Whether loads take the table. Calls the server without a guard.
bool takes_loads(Relation table, Oid extension) {
  const char kind = table->rd_rel->relkind;
  const bool has_rows =
      kind == RELKIND_RELATION || kind == RELKIND_PARTITIONED_TABLE || kind == RELKIND_FOREIGN_TABLE || kind == RELKIND_VIEW;
  return has_rows && !IsSystemRelation(table) && getExtensionOfObject(RelationRelationId, RelationGetRelid(table)) != extension;
}

}  // namespace

bool is_load_by_setting(const CopyStmt& statement) {
  if (settings::on_error != settings::kOnErrorReject || !statement.is_from || InLocalUserIdChange()) return false;
  if (!check_function_bodies) return false;  // as pg_dump and pg_restore set it, and hardly anybody else
  for (int i = 0; i < list_length(statement.options); i++)
    if (!leaves_it_open(*static_cast<const DefElem*>(list_nth(statement.options, i)))) return false;
  const Oid extension = get_extension_oid("pg_ferry", true);
  if (!OidIsValid(extension)) return false;
  Relation const table = table_openrv_extended(statement.relation, RowExclusiveLock, true);
  if (table == nullptr) return false;
  const bool is = takes_loads(table, extension);
  table_close(table, NoLock);
  return is;
}

}  // namespace ferry::copy
