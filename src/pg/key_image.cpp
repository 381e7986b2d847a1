#include "pg/key_image.hpp"

#include "pg/guard.hpp"

#include "pg/server.hpp"

extern "C" {
#include "utils/uuid.h"
}

namespace ferry::pg {

bool has_key_image(Oid type, Oid collation) {
  switch (type) {
    case INT2OID:
    case INT4OID:
    case INT8OID:
    case UUIDOID:
      return true;
    case TEXTOID:
      return call([collation] { return get_collation_isdeterministic(collation); });
    default:
      return false;
  }
}

Key key_of(Oid type, Datum value) {
  switch (type) {
    case INT2OID:
      return {.number = DatumGetInt16(value)};
    case INT4OID:
      return {.number = DatumGetInt32(value)};
    case INT8OID:
      return {.number = DatumGetInt64(value)};
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

}  // namespace ferry::pg
