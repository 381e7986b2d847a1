#include "pg/table/key_image.hpp"

#include "pg/guard.hpp"

#include "pg/server.hpp"

namespace ferry::pg {

void append_image(std::string& image, Form_pg_attribute column, Datum value) {
  if (column->attbyval) {
    image.append(reinterpret_cast<const char*>(&value), sizeof value);
  } else if (column->attlen > 0) {
    image.append(static_cast<const char*>(DatumGetPointer(value)), static_cast<std::size_t>(column->attlen));
  } else if (column->attlen == -1) {
    const auto* bytes = reinterpret_cast<const varlena*>(DatumGetPointer(value));
    if (VARATT_IS_EXTERNAL(bytes) || VARATT_IS_COMPRESSED(bytes))
      bytes = call([value] { return PG_DETOAST_DATUM_PACKED(value); });
    const std::size_t size = VARSIZE_ANY_EXHDR(bytes);
    image.append(reinterpret_cast<const char*>(&size), sizeof size).append(VARDATA_ANY(bytes), size);
  } else {
    image.append(DatumGetCString(value)).push_back('\0');
  }
}

bool has_key_image(Oid type, Oid collation) {
  switch (type) {
    case INT2OID:
    case INT4OID:
    case INT8OID:
    case DATEOID:
    case TIMESTAMPOID:
    case TIMESTAMPTZOID:
    case UUIDOID:
      return true;
    case TEXTOID:
      return call([collation] { return get_collation_isdeterministic(collation); });
    default:
      return false;
  }
}

}  // namespace ferry::pg
