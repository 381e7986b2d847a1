#pragma once

#include "pg/server.hpp"

extern "C" {
#include "nodes/execnodes.h"
#include "utils/typcache.h"
}

namespace ferry::map {

/// What a domain asks of values. Trivially destructible; belongs to the memory context that it was made in.
struct DomainCheck {
  Oid domain;
  DomainConstraintRef constraints;
  ExprContext* expressions;
  List* passed;  ///< names of constraints that are not enforced
};

/// passes_unvalidated: constraints that are NOT VALID are not enforced. Calls the server without a guard.
[[nodiscard]] DomainCheck* make_domain_check(Oid domain, bool passes_unvalidated);

/// Errors: 23502, 23514. Calls the server without a guard.
void check_domain(DomainCheck& check, Datum value, bool is_null);

}  // namespace ferry::map
