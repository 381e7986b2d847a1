#pragma once

#include <cstdint>

#include "pg/server.hpp"

extern "C" {
#include "catalog/pg_type.h"
}

namespace ferry::pg {

/// What a heap aligns values of a column to. alignment: as pg_attribute.attalign has it.
[[nodiscard]] inline std::uint8_t alignment_bytes(char alignment) {
  switch (alignment) {
    case TYPALIGN_DOUBLE:
      return ALIGNOF_DOUBLE;
    case TYPALIGN_INT:
      return ALIGNOF_INT;
    case TYPALIGN_SHORT:
      return ALIGNOF_SHORT;
    default:
      return 1;
  }
}

}  // namespace ferry::pg
