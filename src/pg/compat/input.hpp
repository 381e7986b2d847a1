#pragma once

// What values and rows may be.

#include "pg/server.hpp"

extern "C" {
#include "fmgr.h"
#include "nodes/execnodes.h"
}
// 16 made it. Goes with 15.
#if PG_VERSION_NUM >= 160000
extern "C" {
#include "nodes/miscnodes.h"
}
#endif

namespace ferry::pg::compat {

/// Whether an input function takes a text. refusal: why it does not, if it can say so without raising. 16 added that. Goes
/// with 15.
#if PG_VERSION_NUM >= 160000
constexpr bool kRefusesSoftly = true;
inline bool take_input(FmgrInfo* function, char* text, Oid parameter, int32 typmod, Datum* value, ErrorData** refusal) {
  ErrorSaveContext context{};
  context.type = T_ErrorSaveContext;
  context.details_wanted = true;
  const bool takes = InputFunctionCallSafe(function, text, parameter, typmod, reinterpret_cast<Node*>(&context), value);
  *refusal = context.error_data;
  return takes;
}
#else
constexpr bool kRefusesSoftly = false;
inline bool take_input(FmgrInfo* function, char* text, Oid parameter, int32 typmod, Datum* value, ErrorData** /*refusal*/) {
  *value = InputFunctionCall(function, text, parameter, typmod);
  return true;
}
#endif

/// The CHECKs of a table that ExecConstraints() has prepared, one for each of TupleConstr::check; null where one is not enforced.
/// 18 renamed it. Goes with 17.
#if PG_VERSION_NUM >= 180000
inline ExprState** prepared_checks(const ResultRelInfo* table) { return table->ri_CheckConstraintExprs; }
#else
inline ExprState** prepared_checks(const ResultRelInfo* table) { return table->ri_ConstraintExprs; }
#endif

}  // namespace ferry::pg::compat
