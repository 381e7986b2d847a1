#include "load/table/not_null.hpp"

#include <cstring>

#include "base/concat.hpp"
#include "pg/guard.hpp"
#include "pg/names.hpp"

#include "pg/server.hpp"

extern "C" {
#include "executor/tuptable.h"
#include "mb/pg_wchar.h"
#include "utils/acl.h"
#include "utils/rls.h"
}

namespace ferry::load {

using pg::call;

namespace {

/// The row as the server's errors show it: values in parentheses, long ones cut.
std::string describe_row(TupleTableSlot* slot) {
  constexpr int kMaxShownBytes = 64;
  const TupleDesc description = slot->tts_tupleDescriptor;
  std::string row;
  for (int i = 0; i < description->natts; i++) {
    const Form_pg_attribute attribute = TupleDescAttr(description, i);
    if (attribute->attisdropped) continue;
    const char* const value =
        slot->tts_isnull[i] ? "null" : call(pg::output_text, attribute->atttypid, Datum{slot->tts_values[i]});
    const std::size_t size = std::strlen(value);
    row += row.empty() ? "(" : ", ";
    if (size <= kMaxShownBytes)
      row += value;
    else
      row.append(value, static_cast<std::size_t>(pg_mbcliplen(value, static_cast<int>(size), kMaxShownBytes))) += "...";
  }
  return row + ")";
}

}  // namespace

std::string failing_row(TupleTableSlot* row_of_table) { return concat("Failing row contains ", describe_row(row_of_table), "."); }

NotNull::NotNull(TargetTable& target) {
  use(target.relation());
  const TupleDesc description = RelationGetDescr(table_);
  for (int i = 0; i < description->natts; i++) {
    const char generated = TupleDescAttr(description, i)->attgenerated;
    if (generated != '\0' && generated != ATTRIBUTE_GENERATED_STORED) return;  // computed when it is read
  }
  const Oid table = RelationGetRelid(table_);
  can_tell_ = call([table] {
    return check_enable_rls(table, InvalidOid, true) != RLS_ENABLED &&
           pg_class_aclcheck(table, GetUserId(), ACL_SELECT) == ACLCHECK_OK;
  });
}

NotNull NotNull::of_partition(Relation partition) const {
  NotNull rules;
  rules.use(partition);
  rules.can_tell_ = can_tell_;
  return rules;
}

void NotNull::use(Relation table) {
  table_ = table;
  const TupleDesc description = RelationGetDescr(table);
  for (int i = 0; i < description->natts; i++)
    if (TupleDescAttr(description, i)->attnotnull) attributes_.push_back(TupleDescAttr(description, i)->attnum);
}

std::optional<Problem> NotNull::violation(TupleTableSlot* slot, TupleTableSlot* row_of_table) const {
  for (const AttrNumber attribute : attributes_) {
    if (!slot->tts_isnull[attribute - 1]) continue;
    const std::string column = NameStr(TupleDescAttr(RelationGetDescr(table_), attribute - 1)->attname);
    return Problem{.sqlstate = "23502",
                   .column = column,
                   .constraint = {},
                   .reason = concat("null value in column \"", column, "\" of relation \"", RelationGetRelationName(table_),
                                    "\" violates not-null constraint"),
                   .detail = failing_row(row_of_table)};
  }
  return std::nullopt;
}

}  // namespace ferry::load
