#include "copy/privileges.hpp"

#include "remote/url.hpp"

#include "pg/server.hpp"

extern "C" {
#include "access/sysattr.h"
#include "catalog/pg_authid.h"
#include "miscadmin.h"
#include "utils/acl.h"
}

namespace ferry::copy {

bool is_elsewhere(const CopyStmt& statement) {
  return statement.filename != nullptr && !statement.is_program && remote::is_url(statement.filename);
}

void check_role(const CopyStmt& statement) {
  if (statement.filename == nullptr || is_elsewhere(statement)) return;
  const Oid role = statement.is_program ? ROLE_PG_EXECUTE_SERVER_PROGRAM
                   : statement.is_from  ? ROLE_PG_READ_SERVER_FILES
                                        : ROLE_PG_WRITE_SERVER_FILES;
  if (has_privs_of_role(GetUserId(), role)) return;
  const char* const name = statement.is_program ? "pg_execute_server_program"
                           : statement.is_from  ? "pg_read_server_files"
                                                : "pg_write_server_files";
  const char* const what = statement.is_program ? "to or from an external program"
                           : statement.is_from  ? "from a file"
                                                : "to a file";
  constexpr const char* kHint = "Anyone can COPY to stdout or from stdin. psql's \\copy command also works for anyone.";
  if (pg::compat::kTellsRoleInDetail)
    ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE), errmsg("permission denied to COPY %s", what),
                    errdetail("Only roles with privileges of the \"%s\" role may COPY %s.", name, what), errhint("%s", kHint)));
  ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                  errmsg("must be superuser or have privileges of the %s role to COPY %s", name, what), errhint("%s", kHint)));
}

Bitmapset* column_set(List* attributes) {
  Bitmapset* columns = nullptr;
  for (int i = 0; i < list_length(attributes); i++)
    columns = bms_add_member(columns, list_nth_int(attributes, i) - FirstLowInvalidHeapAttributeNumber);
  return columns;
}

}  // namespace ferry::copy
