#pragma once

#include <span>

#include "pg/server.hpp"

extern "C" {
#include "access/htup.h"
#include "executor/tuptable.h"
}

namespace ferry::pg {

/// A virtual slot that has its row formed as a heap stores it, right before it is written; its values stay in their places for
/// the indexes. The server's slots would copy all the values of such a row first, or lose them; these copy only what an
/// expression might change in place. What calls the server does so without a guard.

/// How a heap stores the columns of such rows.
struct RowLayout;

/// In the current memory context.
[[nodiscard]] const RowLayout* make_row_layout(TupleDesc descriptor);

/// A new slot, in the current memory context, for rows of a heap. layout: of descriptor; both stay.
[[nodiscard]] TupleTableSlot* make_row_slot(TupleDesc descriptor, const RowLayout* layout);

/// Whether make_row_slot() made it.
[[nodiscard]] bool is_row_slot(const TupleTableSlot* slot);

/// Forms the rows of their values, in the current memory context, for table_multi_insert() in the same one. They hold until their
/// slots are cleared, or formed anew. Precondition: is_row_slot() of each.
void form_rows(std::span<TupleTableSlot* const> slots);

}  // namespace ferry::pg
