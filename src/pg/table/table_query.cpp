#include "pg/table/table_query.hpp"

#include "pg/compat.hpp"

#include "pg/server.hpp"

extern "C" {
#include "access/sysattr.h"
#include "nodes/makefuncs.h"
}

namespace ferry::pg {

Query* select_from(Relation relation, const List* columns, bool with_children) {
  ParseState* const from = make_parsestate(nullptr);
  compat::Permissions* const permissions =
      compat::permissions_of(addRangeTableEntryForRelation(from, relation, AccessShareLock, nullptr, with_children, true));
  Query* const select = makeNode(Query);
  select->commandType = CMD_SELECT;
  select->canSetTag = true;
  for (int i = 0; i < list_length(columns); i++) {
    const Form_pg_attribute column = TupleDescAttr(RelationGetDescr(relation), list_nth_int(columns, i) - 1);
    Var* const value = makeVar(1, column->attnum, column->atttypid, column->atttypmod, column->attcollation, 0);
    const auto resno = static_cast<AttrNumber>(i + 1);
    TargetEntry* const entry = makeTargetEntry(reinterpret_cast<Expr*>(value), resno, pstrdup(NameStr(column->attname)), false);
    entry->resorigtbl = RelationGetRelid(relation);
    entry->resorigcol = column->attnum;
    select->targetList = lappend(select->targetList, entry);
    permissions->selectedCols = bms_add_member(permissions->selectedCols, column->attnum - FirstLowInvalidHeapAttributeNumber);
  }
  compat::set_range_table(select, from);
  RangeTblRef* const table = makeNode(RangeTblRef);
  table->rtindex = 1;
  select->jointree = makeFromExpr(list_make1(table), nullptr);
  return select;
}

}  // namespace ferry::pg
