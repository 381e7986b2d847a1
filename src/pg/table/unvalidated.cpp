#include "pg/table/unvalidated.hpp"

#include "pg/compat.hpp"
#include "pg/memory.hpp"

extern "C" {
#include "catalog/pg_constraint.h"
#include "nodes/makefuncs.h"
#include "utils/rel.h"
}

namespace ferry::pg {
namespace {

bool is_unvalidated_not_null(TupleDesc columns, int index) {
  const Form_pg_attribute column = TupleDescAttr(columns, index);
  return column->attnotnull && !column->attisdropped && !compat::is_not_null(columns, index);
}

bool has_unvalidated_rules(Relation table) {
  TupleDesc const columns = RelationGetDescr(table);
  const TupleConstr* const constraints = columns->constr;
  if (constraints == nullptr) return false;
  for (int i = 0; i < constraints->num_check; i++)
    if (!constraints->check[i].ccvalid) return true;
  for (int i = 0; i < columns->natts; i++)
    if (is_unvalidated_not_null(columns, i)) return true;
  return false;
}

ResultRelInfo* without_unvalidated_rules(const ResultRelInfo* target) {
  TupleDesc const columns = RelationGetDescr(target->ri_RelationDesc);
  TupleDesc const copy = CreateTupleDescCopyConstr(columns);
  for (int i = 0; i < copy->natts; i++)
    if (is_unvalidated_not_null(columns, i)) TupleDescAttr(copy, i)->attnotnull = false;
  for (int i = 0; i < copy->constr->num_check; i++)
    if (!copy->constr->check[i].ccvalid) copy->constr->check[i].ccbin = nodeToString(makeBoolConst(true, false));
  auto* const table = static_cast<Relation>(palloc(sizeof(RelationData)));
  *table = *target->ri_RelationDesc;
  table->rd_att = copy;
  auto* const made = static_cast<ResultRelInfo*>(palloc(sizeof(ResultRelInfo)));
  *made = *target;
  made->ri_RelationDesc = table;
  return made;
}

}  // namespace

ResultRelInfo* validated_part(ResultRelInfo* target, EState* estate, List** made) {
  Relation const table = target->ri_RelationDesc;
  if (!has_unvalidated_rules(table)) return target;
  for (int i = 0; i < list_length(*made); i++)
    if (auto* const known = static_cast<ResultRelInfo*>(list_nth(*made, i));
        RelationGetRelid(known->ri_RelationDesc) == RelationGetRelid(table))
      return known;
  *made = in_context(estate->es_query_cxt, [=] { return lappend(*made, without_unvalidated_rules(target)); });
  return static_cast<ResultRelInfo*>(llast(*made));
}

bool is_validated(Oid constraint) {
  HeapTuple const tuple = SearchSysCache1(CONSTROID, ObjectIdGetDatum(constraint));
  if (!HeapTupleIsValid(tuple)) return true;
  const bool validated = reinterpret_cast<Form_pg_constraint>(GETSTRUCT(tuple))->convalidated;
  ReleaseSysCache(tuple);
  return validated;
}

}  // namespace ferry::pg
