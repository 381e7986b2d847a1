#include "map/read/domain_check.hpp"

extern "C" {
#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "utils/builtins.h"
#include "utils/expandeddatum.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
}

// The server's domain_check() cannot leave constraints out, and wants a receive function of the type, which not every type has.
namespace ferry::map {
namespace {

/// Sorts the names of the CHECKs of one domain into those that are valid and those that are not.
void add_names(Oid domain, List** validated, List** unvalidated) {
  ScanKeyData key;
  ScanKeyInit(&key, Anum_pg_constraint_contypid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(domain));
  Relation const catalog = table_open(ConstraintRelationId, AccessShareLock);
  SysScanDesc const scan = systable_beginscan(catalog, ConstraintTypidIndexId, true, nullptr, 1, &key);
  while (HeapTuple const tuple = systable_getnext(scan)) {
    const auto* const form = reinterpret_cast<Form_pg_constraint>(GETSTRUCT(tuple));
    List** const names = form->convalidated ? validated : unvalidated;
    if (form->contype == CONSTRAINT_CHECK) *names = lappend(*names, makeString(pstrdup(NameStr(form->conname))));
  }
  systable_endscan(scan);
  table_close(catalog, AccessShareLock);
}

/// The names of CHECKs that are NOT VALID, of the domain and of those below it. A valid one with the same name counts.
List* unvalidated_checks(Oid domain) {
  List *validated = NIL, *unvalidated = NIL;
  while (get_typtype(domain) == TYPTYPE_DOMAIN) {
    add_names(domain, &validated, &unvalidated);
    HeapTuple const tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(domain));
    if (!HeapTupleIsValid(tuple)) elog(ERROR, "cache lookup failed for type %u", domain);
    domain = reinterpret_cast<Form_pg_type>(GETSTRUCT(tuple))->typbasetype;
    ReleaseSysCache(tuple);
  }
  return list_difference(unvalidated, validated);
}

bool is_passed(const DomainCheck& check, const DomainConstraintState& constraint) {
  for (int i = 0; i < list_length(check.passed); i++)
    if (strcmp(strVal(list_nth(check.passed, i)), constraint.name) == 0) return true;
  return false;
}

void fail_null(Oid domain) {
  ereport(ERROR, (errcode(ERRCODE_NOT_NULL_VIOLATION), errmsg("domain %s does not allow null values", format_type_be(domain)),
                  errdatatype(domain)));
}

void fail_check(Oid domain, const char* constraint) {
  ereport(ERROR, (errcode(ERRCODE_CHECK_VIOLATION),
                  errmsg("value for domain %s violates check constraint \"%s\"", format_type_be(domain), constraint),
                  errdomainconstraint(domain, constraint)));
}

}  // namespace

DomainCheck* make_domain_check(Oid domain, bool passes_unvalidated) {
  auto* const check = static_cast<DomainCheck*>(palloc0(sizeof(DomainCheck)));
  check->domain = domain;
  check->expressions = CreateStandaloneExprContext();
  if (passes_unvalidated) check->passed = unvalidated_checks(domain);
  InitDomainConstraintRef(domain, &check->constraints, CurrentMemoryContext, true);
  return check;
}

void check_domain(DomainCheck& check, Datum value, bool is_null) {
  UpdateDomainConstraintRef(&check.constraints);
  const List* const constraints = check.constraints.constraints;
  ExprContext* const expressions = check.expressions;
  for (int i = 0; i < list_length(constraints); i++) {
    const auto* const constraint = static_cast<const DomainConstraintState*>(list_nth(constraints, i));
    if (constraint->constrainttype == DOM_CONSTRAINT_NOTNULL) {
      if (is_null) fail_null(check.domain);
      continue;
    }
    if (is_passed(check, *constraint)) continue;
    // functions that are called must not change the value
    expressions->domainValue_datum = MakeExpandedObjectReadOnly(value, is_null, check.constraints.tcache->typlen);
    expressions->domainValue_isNull = is_null;
    if (!ExecCheck(constraint->check_exprstate, expressions)) fail_check(check.domain, constraint->name);
  }
  ReScanExprContext(expressions);
}

}  // namespace ferry::map
