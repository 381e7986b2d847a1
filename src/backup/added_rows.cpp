#include "backup/added_rows.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "backup/load_rows.hpp"
#include "pg/foreign_key.hpp"
#include "pg/index_rebuild.hpp"
#include "pg/table_writer.hpp"
#include "pg/trigger_list.hpp"

#include "pg/server.hpp"

extern "C" {
#include "access/heapam.h"
#include "executor/executor.h"
#include "utils/fmgroids.h"
}

namespace ferry::backup {
namespace {

/// A batch is as large as COPY's.
constexpr std::size_t kBatchRows = 1000, kBatchBytes = std::size_t{64} << 10;
/// A smaller file is not worth a way of its own.
constexpr std::int64_t kWorthwhileBytes = std::int64_t{64} << 10;

pg::TableWriter open_writer(Relation table, List* partners) {
  return pg::call([table, partners] {
    PushActiveSnapshot(GetLatestSnapshot());
    pg::TableWriter opened = pg::TableWriter::open(table, pg::TriggerSet::constraints);
    opened.leave_out_foreign_keys_with(partners);
    return opened;
  });
}

void close_writer(pg::TableWriter& writer) {
  pg::call([&writer] {
    writer.close();
    PopActiveSnapshot();
  });
}

/// The foreign keys of a table that are checked for the rows of a batch at once. What breaks one of them is left to the server's
/// own triggers, which know what to say of it.
class BatchKeys {
 public:
  /// triggers: those that a new row of table fires; may be null, and is not changed.
  BatchKeys(Relation table, const TriggerDesc* triggers) {
    for (int i = 0; triggers != nullptr && i < triggers->numtriggers; i++) {
      const Trigger& trigger = triggers->triggers[i];
      if (trigger.tgfoid != F_RI_FKEY_CHECK_INS || !pg::fires(trigger)) continue;
      auto definition = pg::read_foreign_key(table, trigger.tgconstraint);
      if (definition == nullptr) continue;
      keys_.emplace_back(std::move(definition));
      constraints_ = pg::call(lappend_oid, constraints_, Oid{trigger.tgconstraint});
    }
  }

  /// A list of OIDs.
  [[nodiscard]] const List* constraints() const { return constraints_; }

  /// Whether all rows of slots pass. Their parents stay locked then.
  [[nodiscard]] bool pass(TupleTableSlot** slots, int count) {
    if (keys_.empty()) return true;
    pg::call([=] {
      for (int i = 0; i < count; i++) slot_getallattrs(slots[i]);
    });
    std::vector<bool> unused;
    const auto passes = [&](pg::ForeignKey& key) { return key.check(slots, static_cast<std::size_t>(count), unused); };
    return std::all_of(keys_.begin(), keys_.end(), passes);
  }

 private:
  std::vector<pg::ForeignKey> keys_;
  List* constraints_ = NIL;
};

/// Writes a table a batch at a time.
class BatchedRows {
 public:
  BatchedRows(Relation table, RestoreSource& source, List* partners)
      : table_(table),
        source_(source),
        has_late_indexes_(source.bytes() >= kWorthwhileBytes && pg::call(pg::may_rebuild_indexes, table)),
        writer_(open_writer(table, partners)),
        keys_(table, writer_.target()->ri_TrigDesc),
        slots_(kBatchRows) {
    pg::call([this] { writer_.expect_checked(keys_.constraints()); });
    batch_context_ = pg::call([] {
      return AllocSetContextCreateInternal(CurrentMemoryContext, "pg_ferry restore batch", ALLOCSET_DEFAULT_SIZES);
    });
    state_ = pg::call(GetBulkInsertState);
  }

  void write() {
    while (source_.next_block()) {
      for (bool has_more = true; has_more;) {
        pg::check_interrupts();
        source_.guarded([&] { has_more = write_batch(); });
      }
    }
    pg::call([this] {
      for (TupleTableSlot* const slot : slots_)
        if (slot != nullptr) ExecDropSingleTupleTableSlot(slot);
      FreeBulkInsertState(state_);
      MemoryContextDelete(batch_context_);
    });
    close_writer(writer_);
    if (has_late_indexes_) pg::call(pg::rebuild_indexes, table_);
  }

 private:
  /// False at the end of the block. Calls the server without a guard.
  bool write_batch() {
    bool has_more = true;
    int count = 0;
    const std::size_t begin = source_.position();
    writer_.input_slot();
    MemoryContext const caller = MemoryContextSwitchTo(batch_context_);
    while (static_cast<std::size_t>(count) < slots_.size() && source_.position() - begin < kBatchBytes) {
      TupleTableSlot* const slot = empty_slot(static_cast<std::size_t>(count));
      has_more = source_.next_row(slot, writer_.expression_context());
      if (!has_more) break;
      count++;
    }
    if (count > 0) {
      writer_.complete_many(slots_.data(), count);
      if (keys_.pass(slots_.data(), count))
        put(0, count, true, caller);
      else
        put_each(count, caller);
    }
    MemoryContextSwitchTo(caller);
    for (int i = 0; i < count; i++) ExecClearTuple(slots_[static_cast<std::size_t>(i)]);
    MemoryContextReset(batch_context_);
    return has_more;
  }

  /// triggers: where they run. Calls the server without a guard.
  void put(int first, int count, bool are_checked, MemoryContext triggers) {
    writer_.begin_bracket();
    writer_.insert_many(slots_.data() + first, count, state_, !has_late_indexes_, are_checked);
    MemoryContext const caller = MemoryContextSwitchTo(triggers);
    writer_.end_bracket();
    MemoryContextSwitchTo(caller);
  }

  /// With every check of the server's own, and the place of the row in an error. Calls the server without a guard.
  void put_each(int count, MemoryContext triggers) {
    for (int i = 0; i < count; i++) {
      CHECK_FOR_INTERRUPTS();
      source_.look_back(count - 1 - i);
      put(i, 1, false, triggers);
    }
  }

  TupleTableSlot* empty_slot(std::size_t place) {
    TupleTableSlot*& slot = slots_[place];
    if (slot == nullptr) {
      MemoryContext const caller = MemoryContextSwitchTo(writer_.executor_state()->es_query_cxt);
      slot = table_slot_create(table_, nullptr);
      MemoryContextSwitchTo(caller);
    }
    return ExecClearTuple(slot);
  }

  Relation table_;
  RestoreSource& source_;
  bool has_late_indexes_;
  pg::TableWriter writer_;
  BatchKeys keys_;
  std::vector<TupleTableSlot*> slots_;
  MemoryContext batch_context_ = nullptr;
  BulkInsertState state_ = nullptr;
};

/// Row by row: for rows that replace others, that go to partitions, or whose defaults may look at the rows before them.
void write_each(Relation table, RestoreSource& source, Mode mode, List* partners) {
  pg::TableWriter writer = open_writer(table, partners);
  const bool replaces = mode == Mode::upsert;
  Bitmapset* columns = pg::call([table] { return bms_add_range(nullptr, 1, RelationGetNumberOfAttributes(table)); });
  for (const DefaultColumn& column : source.columns().defaults)
    columns = pg::call(bms_del_member, columns, int{column.attribute});
  load_rows(source, writer, [&writer, columns, replaces](TupleTableSlot* row) {
    if (replaces)
      writer.upsert(row, columns);
    else
      writer.insert(row);
  });
  close_writer(writer);
}

}  // namespace

void add_rows(Relation table, RestoreSource& source, Mode mode, List* partners) {
  const bool in_batches =
      mode != Mode::upsert && table->rd_rel->relkind == RELKIND_RELATION && !source.columns().has_volatile_default;
  if (in_batches)
    BatchedRows(table, source, partners).write();
  else
    write_each(table, source, mode, partners);
}

}  // namespace ferry::backup
