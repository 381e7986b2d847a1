#pragma once

#include "base/key_set.hpp"

#include "pg/server.hpp"

namespace ferry::pg {

/// The key that a value of one of these types is. bytes() of it live as long as the value.
[[nodiscard]] Key key_of(Oid type, Datum value);
/// Whether key_of() knows the type, and its equality under the collation is that of bytes.
[[nodiscard]] bool has_key_image(Oid type, Oid collation);

}  // namespace ferry::pg
