#pragma once

#include <string>

#include "base/key_set.hpp"
#include "pg/guard.hpp"

#include "pg/server.hpp"

extern "C" {
#include "catalog/pg_attribute.h"
#include "utils/date.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"
}

namespace ferry::pg {

/// The key that a value of one of these types is. bytes() of it live as long as the value.
[[nodiscard]] inline Key key_of(Oid type, Datum value) {
  switch (type) {
    case INT2OID:
      return {.number = DatumGetInt16(value)};
    case INT4OID:
      return {.number = DatumGetInt32(value)};
    case DATEOID:
      return {.number = DatumGetDateADT(value)};
    case INT8OID:
      return {.number = DatumGetInt64(value)};
    case TIMESTAMPOID:
    case TIMESTAMPTZOID:
      return {.number = DatumGetTimestamp(value)};
    case UUIDOID:
      return {.is_number = false, .bytes = {reinterpret_cast<const char*>(DatumGetUUIDP(value)->data), UUID_LEN}};
    default: {
      const auto* varlena_value = reinterpret_cast<const varlena*>(DatumGetPointer(value));
      if (VARATT_IS_EXTERNAL(varlena_value) || VARATT_IS_COMPRESSED(varlena_value))
        varlena_value = call([value] { return PG_DETOAST_DATUM_PACKED(value); });
      return {.is_number = false,
              .bytes = {VARDATA_ANY(varlena_value), static_cast<std::size_t>(VARSIZE_ANY_EXHDR(varlena_value))}};
    }
  }
}

/// Appends the bytes of a value of any type, which tell where they end. Values with equal bytes are equal; others may be, too.
void append_image(std::string& image, Form_pg_attribute column, Datum value);

/// Whether key_of() knows the type, and its equality under the collation is that of bytes.
[[nodiscard]] bool has_key_image(Oid type, Oid collation);

}  // namespace ferry::pg
