#include "pg/table/table_use.hpp"

#include "pg/guard.hpp"

#include "pg/server.hpp"

extern "C" {
#include "access/sysattr.h"
#include "nodes/makefuncs.h"
#include "tcop/pquery.h"
#include "utils/acl.h"
#include "utils/snapmgr.h"
}

namespace ferry::pg {
namespace {

/// Starts and ends a statement that needs permissions and does nothing. A module may keep what it is shown until the statement
/// ends, and but one list of tables for each: so this is not shown as a part of the statement that called the function.
void run_nothing(const ParseState* state, compat::Permissions* permissions) {
  Result* const nothing = makeNode(Result);
  nothing->resconstantqual = reinterpret_cast<Node*>(list_make1(makeBoolConst(false, false)));
  PlannedStmt* const plan = makeNode(PlannedStmt);
  plan->commandType = CMD_SELECT;
  plan->canSetTag = true;
  plan->planTree = &nothing->plan;
  plan->rtable = state->p_rtable;
  compat::set_permissions(plan, permissions);
  // a client that calls a function by its number has no portal
  const char* const text = ActivePortal != nullptr ? ActivePortal->sourceText : "";
  ParamListInfo const parameters = ActivePortal != nullptr ? ActivePortal->portalParams : nullptr;
  QueryDesc* const query =
      CreateQueryDesc(plan, text, GetActiveSnapshot(), InvalidSnapshot, None_Receiver, parameters, nullptr, 0);
  ExecutorStart(query, EXEC_FLAG_EXPLAIN_ONLY);
  ExecutorEnd(query);
  FreeQueryDesc(query);
}

Bitmapset* all_columns(TupleDesc row) {
  Bitmapset* columns = nullptr;
  for (int i = 0; i < row->natts; i++)
    if (!TupleDescAttr(row, i)->attisdropped) columns = bms_add_member(columns, i + 1 - FirstLowInvalidHeapAttributeNumber);
  return columns;
}

}  // namespace

void check_permissions(const ParseState* state, compat::Permissions* permissions) {
  if (ExecutorCheckPerms_hook == nullptr)
    compat::check_permissions(state->p_rtable, permissions);
  else
    run_nothing(state, permissions);
}

void show_use_to_others(Relation table, AclMode use) {
  call([=] {
    ParseState* const state = make_parsestate(nullptr);
    compat::Permissions* const permissions =
        compat::permissions_of(addRangeTableEntryForRelation(state, table, AccessShareLock, nullptr, false, false));
    // what an owner has revoked from itself is nothing to raise here
    permissions->requiredPerms = pg_class_aclmask(RelationGetRelid(table), GetUserId(), use, ACLMASK_ALL);
    if (permissions->requiredPerms == 0) permissions->requiredPerms = use;
    if ((use & ACL_SELECT) != 0) permissions->selectedCols = all_columns(RelationGetDescr(table));
    if ((use & ACL_INSERT) != 0) permissions->insertedCols = all_columns(RelationGetDescr(table));
    if ((use & ACL_UPDATE) != 0) permissions->updatedCols = all_columns(RelationGetDescr(table));
    check_permissions(state, permissions);
    free_parsestate(state);
  });
}

}  // namespace ferry::pg
