#pragma once

#include "pg/guard.hpp"

namespace ferry::pg {

/// What an input function makes of a text, or of a null.
struct InputValue {
  Datum value;
  ErrorData* refusal;  ///< why it takes no such text, in the current memory context; null where there is a value
};

/// A refusal costs no subtransaction where the function leaves nothing but memory behind: from PostgreSQL 16 on where it says so
/// itself, before of the functions of which that is known. Others raise, and so do all for what is no refusal. Calls the server
/// without a guard.
[[nodiscard]] InputValue input_value(FmgrInfo* function, char* text, Oid parameter, int32 typmod);

}  // namespace ferry::pg
