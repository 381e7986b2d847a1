#include "backup/restore/added_rows.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "backup/restore/load_rows.hpp"
#include "pg/memory.hpp"
#include "pg/table/bulk_table.hpp"
#include "pg/table/foreign_key.hpp"
#include "pg/table/index_rebuild.hpp"
#include "pg/table/table_writer.hpp"
#include "pg/table/trigger_list.hpp"

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

/// Which way rows go into a table.
struct Way {
  bool in_bulk;        ///< many in one go: an ordinary table, and every row is new
  bool replaces;       ///< a row takes the place of one with its primary key
  Bitmapset* columns;  ///< in these
};

Way find_way(Relation table, const BackupRows& source, Mode mode) {
  if (mode != Mode::upsert) return {table->rd_rel->relkind == RELKIND_RELATION, false, nullptr};
  Bitmapset* columns = pg::call([table] { return bms_add_range(nullptr, 1, RelationGetNumberOfAttributes(table)); });
  for (const DefaultColumn& column : source.columns().defaults)
    columns = pg::call(bms_del_member, columns, int{column.attribute});
  return {false, true, columns};
}

pg::TableWriter open_writer(Relation table, List* partners, List* passed) {
  return pg::call([=] {
    PushActiveSnapshot(GetLatestSnapshot());
    pg::TableWriter opened = pg::TableWriter::open(table, pg::TriggerSet::constraints);
    opened.leave_out_foreign_keys_with(partners);
    opened.leave_out_checks_of(passed);
    return opened;
  });
}

void close_writer(pg::TableWriter& writer) {
  pg::call([&writer] {
    writer.close();
    PopActiveSnapshot();
  });
}

/// Calls the server without a guard.
void put_row(pg::TableWriter& writer, TupleTableSlot* row, const Way& way) {
  const pg::TableWriter::Outcome outcome = way.replaces ? writer.upsert(row, way.columns) : writer.insert(row);
  // no trigger of ours fires that could leave out a row
  if (outcome == pg::TableWriter::Outcome::suppressed)
    ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION), errmsg("foreign server left a row out")));
}

/// The foreign keys of a table that are checked for the rows of a batch at once. What breaks one of them is left to the server's
/// own triggers, which know what to say of it.
class BatchKeys {
 public:
  /// triggers: those that a new row of table fires; may be null, and is not changed. with_generated: generated columns are
  /// computed before pass().
  BatchKeys(Relation table, const TriggerDesc* triggers, bool with_generated) {
    for (int i = 0; triggers != nullptr && i < triggers->numtriggers; i++) {
      const Trigger& trigger = triggers->triggers[i];
      if (trigger.tgfoid != F_RI_FKEY_CHECK_INS || !pg::fires(trigger)) continue;
      auto definition = pg::read_foreign_key(table, trigger.tgconstraint);
      if (definition == nullptr || definition->is_self_reference) continue;
      const auto is_generated = [table](AttrNumber attribute) {
        return TupleDescAttr(RelationGetDescr(table), attribute - 1)->attgenerated != '\0';
      };
      const auto& attributes = definition->attributes;
      if (!with_generated && std::any_of(attributes.begin(), attributes.end(), is_generated)) continue;
      keys_.emplace_back(std::move(definition));
      constraints_ = pg::call(lappend_oid, constraints_, Oid{trigger.tgconstraint});
    }
  }

  /// A list of OIDs.
  [[nodiscard]] List* constraints() const { return constraints_; }

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
  BatchedRows(Relation table, BackupRows& source, Mode mode, List* partners)
      : table_(table),
        source_(source),
        way_(find_way(table, source, mode)),
        rebuilds_indexes_(way_.in_bulk && source.bytes() >= kWorthwhileBytes && pg::call(pg::may_rebuild_indexes, table)),
        writer_(open_writer(table, partners, NIL)),
        keys_(table, writer_.target()->ri_TrigDesc, way_.in_bulk),
        checked_writer_(open_writer(table, partners, keys_.constraints())),
        slots_(kBatchRows) {
    writer_.send_in_batches();
    checked_writer_.send_in_batches();
    batch_context_ = pg::call(
        [] { return AllocSetContextCreateInternal(CurrentMemoryContext, "pg_ferry restore batch", ALLOCSET_DEFAULT_SIZES); });
    pg::call([this] {
      bulk_.open(writer_.target(), writer_.executor_state());
      bulk_.begin_bulk(rebuilds_indexes_);
    });
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
      bulk_.end_bulk();
      bulk_.close();
      MemoryContextDelete(batch_context_);
    });
    close_writer(checked_writer_);
    close_writer(writer_);
    if (rebuilds_indexes_) pg::call(pg::rebuild_indexes, table_);
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
      if (way_.in_bulk) writer_.complete_many(slots_.data(), count);
      if (keys_.pass(slots_.data(), count))
        put(checked_writer_, 0, count, caller);
      else
        put_each(count, caller);
    }
    MemoryContextSwitchTo(caller);
    for (int i = 0; i < count; i++) ExecClearTuple(slots_[static_cast<std::size_t>(i)]);
    MemoryContextReset(batch_context_);
    return has_more;
  }

  /// triggers: where they run. Calls the server without a guard.
  void put(pg::TableWriter& writer, int first, int count, MemoryContext triggers) {
    writer.begin_bracket();
    MemoryContext const caller = CurrentMemoryContext;
    if (way_.in_bulk)
      writer.insert_many(std::span(slots_).subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(count)), bulk_,
                         !rebuilds_indexes_);
    for (int i = first; i < first + count && !way_.in_bulk; i++) {
      writer.input_slot();  // empties the memory of the row before
      MemoryContextSwitchTo(writer.expression_context()->ecxt_per_tuple_memory);
      put_row(writer, slots_[static_cast<std::size_t>(i)], way_);
    }
    writer.flush();
    MemoryContextSwitchTo(triggers);
    writer.end_bracket();
    MemoryContextSwitchTo(caller);
  }

  /// With every check of the server's own, and the place of the row in an error. Calls the server without a guard.
  void put_each(int count, MemoryContext triggers) {
    for (int i = 0; i < count; i++) {
      CHECK_FOR_INTERRUPTS();
      source_.look_back(count - 1 - i);
      put(writer_, i, 1, triggers);
    }
  }

  TupleTableSlot* empty_slot(std::size_t index) {
    TupleTableSlot*& slot = slots_[index];
    if (slot == nullptr)
      slot = pg::in_context(writer_.executor_state()->es_query_cxt, [this] { return table_slot_create(table_, nullptr); });
    return ExecClearTuple(slot);
  }

  Relation table_;
  BackupRows& source_;
  Way way_;
  bool rebuilds_indexes_;
  pg::TableWriter writer_;
  BatchKeys keys_;
  pg::TableWriter checked_writer_;  ///< leaves those out
  std::vector<TupleTableSlot*> slots_;
  MemoryContext batch_context_ = nullptr;
  pg::BulkTable bulk_;
};

/// Row by row: for rows whose defaults may look at the rows before them.
void write_each(Relation table, BackupRows& source, Mode mode, List* partners) {
  const Way way = find_way(table, source, mode);
  pg::TableWriter writer = open_writer(table, partners, NIL);
  load_rows(source, writer, [&](TupleTableSlot* row) { put_row(writer, row, way); });
  close_writer(writer);
}

}  // namespace

void add_rows(Relation table, BackupRows& source, Mode mode, List* partners) {
  if (source.columns().has_volatile_default)
    write_each(table, source, mode, partners);
  else
    BatchedRows(table, source, mode, partners).write();
}

}  // namespace ferry::backup
