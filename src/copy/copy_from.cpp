#include "copy/copy_from.hpp"

#include "base/concat.hpp"
#include "copy/privileges.hpp"
#include "pg/compat.hpp"
#include "pg/extension.hpp"
#include "pg/guard.hpp"
#include "pg/io/open_source.hpp"
#include "pg/io/path.hpp"
#include "pg/names.hpp"

#include "pg/server.hpp"

extern "C" {
#include "access/sysattr.h"
#include "commands/copy.h"
#include "nodes/makefuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parse_coerce.h"
#include "parser/parse_collate.h"
#include "parser/parse_expr.h"
#include "parser/parse_relation.h"
#include "tcop/utility.h"
}

namespace ferry::copy {

using pg::call;

namespace {

constexpr const char* kMissingFileHint =
    "COPY FROM instructs the PostgreSQL server process to read a file. You may want a client-side facility such as psql's "
    "\\copy.";

/// The table of a statement, open, and what the statement says of its columns.
struct OpenTable {
  Relation table;
  List* attributes;  ///< the numbers of the columns that are loaded
  List* filter;      ///< see load::WriterOptions
};

/// Generated columns have no values yet when WHERE is evaluated. Calls the server without a guard.
void check_filter_columns(Relation table, Node* condition) {
  Bitmapset* used = nullptr;
  pull_varattnos(condition, 1, &used);
  TupleDesc const description = RelationGetDescr(table);
  const bool whole_row = bms_is_member(0 - FirstLowInvalidHeapAttributeNumber, used);
  for (int i = 0; i < description->natts; i++) {
    const FormData_pg_attribute& column = *TupleDescAttr(description, i);
    const bool is_used = whole_row || bms_is_member(column.attnum - FirstLowInvalidHeapAttributeNumber, used);
    if (!is_used || column.attgenerated == '\0') continue;
    ereport(ERROR, (errcode(ERRCODE_INVALID_COLUMN_REFERENCE),
                    errmsg("generated columns are not supported in COPY FROM WHERE conditions"),
                    errdetail("Column \"%s\" is a generated column.", NameStr(column.attname))));
  }
}

/// The condition of WHERE, ready to be executed. Calls the server without a guard.
List* plan_filter(ParseState* state, ParseNamespaceItem* item, Relation table, Node* raw) {
  addNSItemToQuery(state, item, false, true, true);
  Node* condition = transformExpr(state, raw, EXPR_KIND_COPY_WHERE);
  condition = coerce_to_boolean(state, condition, "WHERE");
  assign_expr_collations(state, condition);
  check_filter_columns(table, condition);
  condition = eval_const_expressions(nullptr, condition);
  condition = reinterpret_cast<Node*>(canonicalize_qual(reinterpret_cast<Expr*>(condition), false));
  return make_ands_implicit(reinterpret_cast<Expr*>(condition));
}

/// Whether rows can be written into the relation. Calls the server without a guard.
void check_kind(Relation table) {
  const char* const name = RelationGetRelationName(table);
  switch (table->rd_rel->relkind) {
    case RELKIND_RELATION:
    case RELKIND_PARTITIONED_TABLE:
    case RELKIND_FOREIGN_TABLE:
    case RELKIND_VIEW:
      return;
    case RELKIND_MATVIEW:
      ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE), errmsg("cannot copy to materialized view \"%s\"", name)));
    case RELKIND_SEQUENCE:
      ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE), errmsg("cannot copy to sequence \"%s\"", name)));
    default:
      ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE), errmsg("cannot copy to non-table relation \"%s\"", name)));
  }
}

/// Opens the table under the user's privileges. Source: DoCopy(). Calls the server without a guard.
OpenTable open_table(ParseState* state, const CopyStmt& statement) {
  PreventCommandIfParallelMode("COPY");
  PreventCommandDuringRecovery("COPY FROM");
  Relation const table = table_openrv(statement.relation, RowExclusiveLock);
  ParseNamespaceItem* const item = addRangeTableEntryForRelation(state, table, RowExclusiveLock, nullptr, false, false);
  pg::compat::Permissions* const permissions = pg::compat::permissions_of(item);
  permissions->requiredPerms = ACL_INSERT;  // a column in WHERE adds ACL_SELECT
  OpenTable open{table, NIL, NIL};
  if (statement.whereClause != nullptr) open.filter = plan_filter(state, item, table, statement.whereClause);
  open.attributes = CopyGetAttnums(RelationGetDescr(table), table, statement.attlist);
  permissions->insertedCols = column_set(open.attributes);
  pg::compat::check_permissions(state->p_rtable, permissions);
  PreventCommandIfReadOnly("COPY FROM");  // into a temporary table too: the log is none
  return open;
}

/// Where the statement's data comes from, which options tell the log.
pg::Origin origin_of(const CopyStmt& statement, const pg::ClientOrigin& client, load::LoadOptions& options) {
  if (statement.filename == nullptr) {
    options.source_name = "STDIN";
    options.stream_kind = pg::StreamKind::pipe;
    return client;
  }
  const std::string name = statement.filename;
  if (statement.is_program) {
    options.source_name = "PROGRAM " + name;
    options.stream_kind = pg::StreamKind::program;
    return pg::ProgramOrigin{name};
  }
  options.source_name = name;
  options.stream_kind = pg::StreamKind::file;
  return pg::FileOrigin{name, kMissingFileHint};
}

/// Opens the data and loads it.
load::LoadSummary load_source(const pg::Origin& origin, const Import& plan, load::TargetTable& target) {
  const std::unique_ptr<pg::Input> input = pg::open_source(origin, plan.compression);
  try {
    const load::LoadSummary summary = plan.run(*input, plan.load, target);
    input->close();
    return summary;
  } catch (const Error&) {
    input->raise_cause();
    throw;
  }
}

/// Before a client sends its data. Calls the server without a guard.
void check_table(Relation table) {
  check_kind(table);
  (void)pg::extension_schema();  // raises where there is none
}

/// Tells the client of rejects, and how to read those that are in the log.
void announce(const load::LoadSummary& summary) {
  if (summary.rows_rejected == 0) return;
  const std::string message =
      summary.rows_rejected == 1 ? "1 row was rejected" : concat(summary.rows_rejected, " rows were rejected");
  if (summary.rejects_not_kept == summary.rows_rejected) {
    pg::notice(message.c_str());
    return;
  }
  const char* const view = call([] { return pg::shown_name(get_relname_relid("ferry_rejects", pg::extension_schema())); });
  const char* const which = summary.rejects_not_kept == 0 ? "them" : "those that are in the log";
  const std::string hint = concat("To see ", which, ": SELECT * FROM ", view, " WHERE load_id = ", *summary.load_id, ";");
  pg::notice(message.c_str(), hint.c_str());
}

}  // namespace

std::int64_t copy_from(const Format& format, ParseState* state, CopyStmt* statement) {
  call([statement] { check_role(*statement); });
  if (is_elsewhere(*statement)) pg::check_may_read(statement->filename);
  const OpenTable open = call([=] { return open_table(state, *statement); });
  Import plan = format.import_from(state, *statement, open.table, open.attributes);
  plan.load.filter = open.filter;
  call(check_table, open.table);
  load::TargetTable target(RelationGetRelid(open.table));
  const pg::Origin origin = origin_of(*statement, {plan.messages, list_length(open.attributes)}, plan.load);
  const load::LoadSummary summary = load_source(origin, plan, target);
  target.close();
  call(table_close, open.table, NoLock);
  announce(summary);
  return summary.rows_loaded;
}

}  // namespace ferry::copy
