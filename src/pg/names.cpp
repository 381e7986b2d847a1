#include "pg/names.hpp"

extern "C" {
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
}

namespace ferry::pg {

const char* schema_of(Oid relation) { return get_namespace_name(get_rel_namespace(relation)); }

const char* qualified_name(Oid relation) { return quote_qualified_identifier(schema_of(relation), get_rel_name(relation)); }

const char* shown_name(Oid relation) { return DatumGetCString(DirectFunctionCall1(regclassout, ObjectIdGetDatum(relation))); }

const char* output_text(Oid type, Datum value) {
  Oid function;
  bool is_varlena;
  getTypeOutputInfo(type, &function, &is_varlena);
  return OidOutputFunctionCall(function, value);
}

}  // namespace ferry::pg
