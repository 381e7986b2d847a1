#pragma once

#include "pg/server.hpp"

namespace ferry::pg {

/// The version of the extension that this library is made for: its functions, their arguments, the columns of the log. In a
/// source file of its own, so that the tests can link a library for another one.
extern const char* const kLibraryVersion;

/// The schema that the extension pg_ferry is in. Calls the server without a guard. Errors: 42704 where it is not installed,
/// 55000 where it is of another version than the library, whose file may be replaced at any time.
Oid extension_schema();

/// Raises what extension_schema() would. Asks the catalog only where a function or a table was changed since it did so last.
void require_version();

}  // namespace ferry::pg
