#pragma once

#include <cstddef>

#include "load/table/unique_keys.hpp"
#include "load/write/result.hpp"

namespace ferry::load {

/// What becomes of a row whose key is taken.
inline void refuse(Result& result, UniqueKey& taken, TupleTableSlot* slot, OnConflict on_conflict) {
  if (on_conflict == OnConflict::skip)
    result.state = Result::State::skipped;
  else
    result.reject(taken.violation(slot));
}

/// Whether more rows were written in vain than it costs to ask the table for keys before.
[[nodiscard]] constexpr bool is_probing_cheaper(std::size_t refused, std::size_t written) { return refused * 16 > written; }

}  // namespace ferry::load
