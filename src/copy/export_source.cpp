#include "copy/export_source.hpp"

#include <vector>

#include "copy/privileges.hpp"
#include "pg/compat.hpp"
#include "pg/guard.hpp"
#include "pg/table/table_engine.hpp"

#include "pg/server.hpp"

extern "C" {
#include "access/sysattr.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/pg_inherits.h"
#include "commands/copy.h"
#include "parser/parse_relation.h"
#include "utils/lsyscache.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"
}

namespace ferry::copy {

using pg::call;

namespace {

/// Whether rows can be read from the relation. Calls the server without a guard.
void check_kind(Relation relation) {
  const char* const name = RelationGetRelationName(relation);
  switch (relation->rd_rel->relkind) {
    case RELKIND_RELATION:
    case RELKIND_PARTITIONED_TABLE:
    case RELKIND_VIEW:
      return;
    case RELKIND_MATVIEW:
      if (RelationIsScannable(relation)) return;
      ereport(ERROR,
              (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE), errmsg("materialized view \"%s\" has not been populated", name),
               errhint("Use the REFRESH MATERIALIZED VIEW command.")));
    case RELKIND_FOREIGN_TABLE:
      ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE), errmsg("cannot copy from foreign table \"%s\"", name),
                      errhint("Try the COPY (SELECT ...) TO variant.")));
    case RELKIND_SEQUENCE:
      ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE), errmsg("cannot copy from sequence \"%s\"", name)));
    default:
      ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE), errmsg("cannot copy from non-table relation \"%s\"", name)));
  }
}

/// The numbers of the columns that the statement names, or of all. Generated ones have values to be exported, too, which is why
/// this is not CopyGetAttnums(). Calls the server without a guard.
List* find_columns(Relation relation, List* names) {
  TupleDesc const description = RelationGetDescr(relation);
  List* found = NIL;
  if (names == NIL)
    for (int i = 0; i < description->natts; i++)
      if (!TupleDescAttr(description, i)->attisdropped) found = lappend_int(found, i + 1);
  for (int i = 0; i < list_length(names); i++) {
    const char* const name = strVal(list_nth(names, i));
    const AttrNumber number = get_attnum(RelationGetRelid(relation), name);
    if (number <= 0)
      ereport(ERROR, (errcode(ERRCODE_UNDEFINED_COLUMN),
                      errmsg("column \"%s\" of relation \"%s\" does not exist", name, RelationGetRelationName(relation))));
    if (list_member_int(found, number))
      ereport(ERROR, (errcode(ERRCODE_DUPLICATE_COLUMN), errmsg("column \"%s\" specified more than once", name)));
    found = lappend_int(found, number);
  }
  return found;
}

struct OpenRelation {
  Relation relation;
  List* columns;
  bool has_row_security;
};

/// Source: DoCopy(). Calls the server without a guard.
OpenRelation open_for_export(ParseState* state, const CopyStmt& statement) {
  Relation const relation = table_openrv(statement.relation, AccessShareLock);
  ParseNamespaceItem* const item = addRangeTableEntryForRelation(state, relation, AccessShareLock, nullptr, false, false);
  pg::compat::Permissions* const permissions = pg::compat::permissions_of(item);
  permissions->requiredPerms = ACL_SELECT;
  List* const columns = find_columns(relation, statement.attlist);
  permissions->selectedCols = column_set(columns);
  pg::compat::check_permissions(state->p_rtable, permissions);
  const bool has_row_security = check_enable_rls(RelationGetRelid(relation), InvalidOid, false) == RLS_ENABLED;
  check_kind(relation);
  return {relation, columns, has_row_security};
}

struct Leaves {
  List* tables;        ///< of Relation
  bool has_foreign;    ///< foreign tables, which are not among them
  bool has_elsewhere;  ///< rows that another engine stores
};

/// The tables that hold the rows of a relation: itself, or the leaves of a partitioned one, which stay locked; none of a view.
/// Calls the server without a guard.
Leaves open_leaves(Relation relation) {
  Leaves leaves{};
  if (relation->rd_rel->relkind == RELKIND_VIEW) return leaves;
  leaves.has_elsewhere = !pg::is_stored_here(relation);
  if (relation->rd_rel->relkind != RELKIND_PARTITIONED_TABLE) {
    leaves.tables = list_make1(relation);
    return leaves;
  }
  List* const parts = find_all_inheritors(RelationGetRelid(relation), AccessShareLock, nullptr);
  for (int i = 0; i < list_length(parts); i++) {
    const char kind = get_rel_relkind(list_nth_oid(parts, i));
    if (kind == RELKIND_FOREIGN_TABLE) leaves.has_foreign = true;
    if (kind != RELKIND_RELATION) continue;
    Relation const leaf = table_open(list_nth_oid(parts, i), NoLock);
    leaves.has_elsewhere = leaves.has_elsewhere || !pg::is_stored_here(leaf);
    leaves.tables = lappend(leaves.tables, leaf);
  }
  return leaves;
}

/// The locks stay. Calls the server without a guard.
void close_leaves(List* leaves, Relation root) {
  for (int i = 0; i < list_length(leaves); i++)
    if (list_nth(leaves, i) != root) table_close(static_cast<Relation>(list_nth(leaves, i)), NoLock);
}

}  // namespace

ExportSource::ExportSource(ParseState* state, const PlannedStmt& planned) {
  const auto& statement = *reinterpret_cast<const CopyStmt*>(planned.utilityStmt);
  if (statement.relation != nullptr) {
    open_relation(state, statement);
    return;
  }
  const PlannedStmt* const original = &planned;
  Node* const query = statement.query;
  RawStmt* const raw = call([=] {
    auto* const made = makeNode(RawStmt);
    made->stmt = query;
    made->stmt_location = original->stmt_location;
    made->stmt_len = original->stmt_len;
    return made;
  });
  query_.emplace().begin(raw, state->p_sourcetext);
  table_ = map::describe(query_->descriptor(), "row");
}

void ExportSource::open_relation(ParseState* state, const CopyStmt& statement) {
  const OpenRelation open = call([state, copy = &statement] { return open_for_export(state, *copy); });
  relation_ = open.relation;
  oid_ = RelationGetRelid(relation_);
  name_ = RelationGetRelationName(relation_);
  table_ = map::describe(relation_);
  if (statement.attlist != NIL) {
    std::vector<AttrNumber> attributes;
    for (int i = 0; i < list_length(open.columns); i++)
      attributes.push_back(static_cast<AttrNumber>(list_nth_int(open.columns, i)));
    table_ = map::select_columns(table_, attributes);
  }
  const Leaves leaves = call([open] { return open_leaves(open.relation); });
  leaves_ = leaves.tables;
  if (leaves.tables != NIL && !leaves.has_foreign && !leaves.has_elsewhere && !open.has_row_security) return;
  // NOT NULL is somebody else's promise there
  for (map::Column& column : table_.columns) column.is_nullable = column.is_nullable || leaves.has_foreign;
  // the children of a partitioned table are what it has; those of an ordinary one COPY leaves out
  const bool with_children = relation_->rd_rel->relkind == RELKIND_PARTITIONED_TABLE || leaves.has_elsewhere;
  query_.emplace().begin(relation_, table_, with_children, state->p_sourcetext);
}

void ExportSource::run(exporter::FileExport& out) {
  if (query_) {
    query_->run(out);
    query_->finish();
  }
  for (int i = 0; !query_ && i < list_length(leaves_); i++) out.write_all(relation_, static_cast<Relation>(list_nth(leaves_, i)));
  if (relation_ == nullptr) return;
  call([this] {
    close_leaves(leaves_, relation_);
    table_close(relation_, NoLock);
  });
}

}  // namespace ferry::copy
