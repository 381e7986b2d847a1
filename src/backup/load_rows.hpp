#pragma once

#include "backup/restore_source.hpp"
#include "pg/guard.hpp"
#include "pg/table_writer.hpp"

namespace ferry::backup {

/// When the foreign keys of rows are checked.
enum class Brackets {
  many,  ///< after every thousand rows
  one,   ///< the caller's, around everything
};

inline constexpr int kBracketRows = 1000;

/// Gives every row of source to put(slot), which calls the server without a guard and in a memory context that lives as long as
/// the row.
template <class F>
void load_rows(RestoreSource& source, pg::TableWriter& writer, Brackets brackets, F&& put) {
  while (source.next_block()) {
    for (bool has_more = true; has_more;) {
      pg::check_interrupts();
      source.guarded([&] {
        if (brackets == Brackets::many) writer.begin_bracket();
        MemoryContext const caller = CurrentMemoryContext;
        for (int i = 0; i < kBracketRows && has_more; i++) {
          TupleTableSlot* const slot = writer.input_slot();
          MemoryContextSwitchTo(writer.expression_context()->ecxt_per_tuple_memory);
          has_more = source.next_row(slot);
          if (has_more) put(slot);
        }
        MemoryContextSwitchTo(caller);
        if (brackets == Brackets::many) writer.end_bracket();
      });
    }
  }
}

}  // namespace ferry::backup
