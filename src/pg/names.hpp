#pragma once

#include "pg/server.hpp"

// What the server calls things, and how it writes values. All call the server without a guard; texts are in the current memory
// context.
namespace ferry::pg {

/// The schema of a relation.
[[nodiscard]] const char* schema_of(Oid relation);
/// schema.relation, each quoted where SQL needs it.
[[nodiscard]] const char* qualified_name(Oid relation);
/// The same as regclass shows it: without the schema where the search path finds it.
[[nodiscard]] const char* shown_name(Oid relation);
/// The text that the type's output function makes of a value that is not null.
[[nodiscard]] const char* output_text(Oid type, Datum value);

}  // namespace ferry::pg
