#include "pg/key_image.hpp"

#include "pg/guard.hpp"

#include "pg/server.hpp"

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

}  // namespace ferry::pg
