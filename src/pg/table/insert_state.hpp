#pragma once

#include "pg/compat.hpp"

// What indexes keep from one entry to the next, with pins of the subtransaction at work, as BRIN does. It is released before a
// subtransaction begins and before it ends, and forgotten where that was rolled back, which has released the pins. The functions
// call the server without a guard.
namespace ferry::pg {

inline void release_insert_state(ResultRelInfo* table) {
  for (int i = 0; i < table->ri_NumIndices; i++)
    compat::release_insert_state(table->ri_IndexRelationDescs[i], table->ri_IndexRelationInfo[i]);
}

inline void forget_insert_state(ResultRelInfo* table) {
  for (int i = 0; i < table->ri_NumIndices; i++)
    if (compat::keeps_insert_state(table->ri_IndexRelationDescs[i])) table->ri_IndexRelationInfo[i]->ii_AmCache = nullptr;
}

}  // namespace ferry::pg
