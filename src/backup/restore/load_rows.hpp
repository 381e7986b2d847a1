#pragma once

#include "backup/backup_rows.hpp"
#include "pg/guard.hpp"
#include "pg/table/table_writer.hpp"

namespace ferry::backup {

/// So many rows are written before their foreign keys are checked.
inline constexpr int kBracketRows = 1000;

/// Gives every row of source to put(slot), which calls the server without a guard and in a memory context that lives as long as
/// the row.
template <class F>
void load_rows(BackupRows& source, pg::TableWriter& writer, F&& put) {
  while (source.next_block()) {
    bool has_more = true;
    while (has_more) {
      pg::check_interrupts();
      source.guarded([&] {
        writer.begin_bracket();
        MemoryContext const caller = CurrentMemoryContext;
        for (int i = 0; i < kBracketRows && has_more; i++) {
          TupleTableSlot* const slot = writer.input_slot();
          MemoryContextSwitchTo(writer.expression_context()->ecxt_per_tuple_memory);
          has_more = source.next_row(slot, writer.expression_context());
          if (has_more) put(slot);
        }
        MemoryContextSwitchTo(caller);
        writer.end_bracket();
      });
    }
  }
}

}  // namespace ferry::backup
