#include "backup/compare/key_order.hpp"

#include "pg/guard.hpp"

#include "pg/server.hpp"

extern "C" {
#include "access/transam.h"
#include "catalog/pg_collation.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "parser/parse_oper.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
}

namespace ferry::backup {
namespace {

/// The value of a column for jsonb_build_object().
Expr* json_value(const FormData_pg_attribute* column) {
  auto* const value =
      reinterpret_cast<Expr*>(makeVar(1, column->attnum, column->atttypid, column->atttypmod, column->attcollation, 0));
  if (getBaseType(column->atttypid) < FirstNormalObjectId) return value;
  CoerceViaIO* const text = makeNode(CoerceViaIO);
  text->arg = value;
  text->resulttype = TEXTOID;
  text->resultcollid = DEFAULT_COLLATION_OID;
  text->coerceformat = COERCE_EXPLICIT_CAST;
  text->location = -1;
  return reinterpret_cast<Expr*>(text);
}

}  // namespace

KeyOrder KeyOrder::open(Relation table, const std::vector<AttrNumber>& key) {
  KeyOrder order;
  order.count_ = static_cast<int>(key.size());
  const AttrNumber* const attributes = key.data();
  pg::call([&order, table, attributes] {
    order.columns_ = static_cast<Column*>(palloc0(sizeof(Column) * static_cast<std::size_t>(order.count_)));
    for (int i = 0; i < order.count_; i++) {
      const Form_pg_attribute attribute = TupleDescAttr(RelationGetDescr(table), attributes[i] - 1);
      Column& column = order.columns_[i];
      column.attribute = attribute->attnum;
      column.collation = attribute->attcollation;
      get_sort_group_operators(attribute->atttypid, true, true, false, &column.less, &column.equal, nullptr, &column.is_hashable);
      column.support.ssup_cxt = CurrentMemoryContext;
      column.support.ssup_collation = column.collation;
      PrepareSortSupportFromOrderingOp(column.less, &column.support);
    }
  });
  return order;
}

Tuplesortstate* KeyOrder::begin_sort(TupleDesc descriptor) const {
  const auto count = static_cast<std::size_t>(count_);
  auto* const attributes = static_cast<AttrNumber*>(palloc(count * sizeof(AttrNumber)));
  auto* const operators = static_cast<Oid*>(palloc(count * sizeof(Oid)));
  auto* const collations = static_cast<Oid*>(palloc(count * sizeof(Oid)));
  auto* const nulls_first = static_cast<bool*>(palloc0(count * sizeof(bool)));
  for (int i = 0; i < count_; i++) {
    attributes[i] = columns_[i].attribute;
    operators[i] = columns_[i].less;
    collations[i] = columns_[i].collation;
  }
  return tuplesort_begin_heap(descriptor, count_, attributes, operators, collations, nulls_first, work_mem, nullptr,
                              TUPLESORT_NONE);
}

void KeyOrder::sort(Query* select) const {
  for (int i = 0; i < count_; i++) {
    SortGroupClause* const clause = makeNode(SortGroupClause);
    clause->tleSortGroupRef = static_cast<Index>(i + 1);
    clause->eqop = columns_[i].equal;
    clause->sortop = columns_[i].less;
    clause->hashable = columns_[i].is_hashable;
    for (int at = 0; at < list_length(select->targetList); at++)
      if (auto* const entry = static_cast<TargetEntry*>(list_nth(select->targetList, at));
          entry->resorigcol == columns_[i].attribute)
        entry->ressortgroupref = clause->tleSortGroupRef;
    select->sortClause = lappend(select->sortClause, clause);
  }
}

int KeyOrder::compare(const TupleTableSlot* a, const TupleTableSlot* b) const {
  for (int i = 0; i < count_; i++) {
    const int at = columns_[i].attribute - 1;
    const int order =
        ApplySortComparator(a->tts_values[at], a->tts_isnull[at], b->tts_values[at], b->tts_isnull[at], &columns_[i].support);
    if (order != 0) return order;
  }
  return 0;
}

bool KeyOrder::is_of_plain_values(TupleDesc descriptor) const {
  for (int i = 0; i < count_; i++)
    if (!TupleDescAttr(descriptor, columns_[i].attribute - 1)->attbyval) return false;
  return true;
}

Expr* KeyOrder::as_jsonb(TupleDesc descriptor) const {
  List* arguments = NIL;
  for (int i = 0; i < count_; i++) {
    const Form_pg_attribute attribute = TupleDescAttr(descriptor, columns_[i].attribute - 1);
    const Datum name = CStringGetTextDatum(NameStr(attribute->attname));
    arguments = lappend(arguments, makeConst(TEXTOID, -1, InvalidOid, -1, name, false, false));
    arguments = lappend(arguments, json_value(attribute));
  }
  return reinterpret_cast<Expr*>(
      makeFuncExpr(F_JSONB_BUILD_OBJECT_ANY, JSONBOID, arguments, InvalidOid, InvalidOid, COERCE_EXPLICIT_CALL));
}

}  // namespace ferry::backup
