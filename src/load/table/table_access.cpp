#include "load/table/table_access.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "pg/compat.hpp"

#include "pg/server.hpp"

extern "C" {
#include "catalog/pg_language.h"
#include "catalog/pg_proc.h"
#include "nodes/nodeFuncs.h"
#include "utils/fmgroids.h"
#include "utils/typcache.h"
}

namespace ferry::load {

namespace {

/// Those of the server's functions in C that are stable and run queries. Source: the callers of SPI_connect().
constexpr std::array kRunQueries{Oid{F_TABLE_TO_XML},    Oid{F_TABLE_TO_XMLSCHEMA},    Oid{F_TABLE_TO_XML_AND_XMLSCHEMA},
                                 Oid{F_SCHEMA_TO_XML},   Oid{F_SCHEMA_TO_XMLSCHEMA},   Oid{F_SCHEMA_TO_XML_AND_XMLSCHEMA},
                                 Oid{F_DATABASE_TO_XML}, Oid{F_DATABASE_TO_XMLSCHEMA}, Oid{F_DATABASE_TO_XML_AND_XMLSCHEMA}};

/// Those that are volatile, but neither run queries nor leave anything behind that a rollback undoes, as lo_create() does.
constexpr std::array<std::string_view, 8> kHarmless{"clock_timestamp", "gen_random_uuid", "nextval", "random",
                                                    "random_normal",   "timeofday",       "uuidv4",  "uuidv7"};

bool server_function_may_look(Form_pg_proc function) {
  if (function->prolang != INTERNALlanguageId) return true;
  const auto contains = [](const auto& list, const auto& one) { return std::find(list.begin(), list.end(), one) != list.end(); };
  if (function->provolatile == PROVOLATILE_VOLATILE) return !contains(kHarmless, std::string_view(NameStr(function->proname)));
  return contains(kRunQueries, function->oid);
}

bool function_may_look(Oid function, void* /*unused*/) {
  HeapTuple const tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
  if (!HeapTupleIsValid(tuple)) return true;
  Form_pg_proc const form = reinterpret_cast<Form_pg_proc>(GETSTRUCT(tuple));
  const bool may_look =
      form->provolatile != PROVOLATILE_IMMUTABLE && (function >= FirstNormalObjectId || server_function_may_look(form));
  ReleaseSysCache(tuple);
  return may_look;
}

bool node_may_look(Node* node, void* unused) {
  if (node == nullptr) return false;
  // the server does not count the rules of a domain among the functions of a cast to it
  if (IsA(node, CoerceToDomain) && may_look_at_tables(castNode(CoerceToDomain, node)->resulttype)) return true;
  return check_functions_in_node(node, function_may_look, unused) || pg::compat::walk_expression(node, node_may_look, unused);
}

}  // namespace

bool may_look_at_tables(Node* expression) { return node_may_look(expression, nullptr); }

bool may_look_at_tables(Oid type) {
  const char kind = get_typtype(type);
  if (kind != TYPTYPE_DOMAIN)
    return type >= FirstNormalObjectId && (kind == TYPTYPE_COMPOSITE || kind == TYPTYPE_RANGE || kind == TYPTYPE_MULTIRANGE ||
                                           OidIsValid(get_element_type(type)));
  // lives as long as the context, which calls back into it when it is reset
  auto* const domain = static_cast<DomainConstraintRef*>(palloc0(sizeof(DomainConstraintRef)));
  InitDomainConstraintRef(type, domain, CurrentMemoryContext, false);
  for (int i = 0; i < list_length(domain->constraints); i++) {
    const auto* const rule = static_cast<DomainConstraintState*>(list_nth(domain->constraints, i));
    if (may_look_at_tables(reinterpret_cast<Node*>(rule->check_expr))) return true;
  }
  return may_look_at_tables(getBaseType(type));
}

}  // namespace ferry::load
