#pragma once

#include "pg/server.hpp"

namespace ferry::pg {

/// The schema that the extension pg_ferry is in. Calls the server without a guard. Errors: 42704 where it is not installed.
Oid extension_schema();

}  // namespace ferry::pg
