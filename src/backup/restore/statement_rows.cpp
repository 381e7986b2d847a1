#include "backup/restore/statement_rows.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "base/concat.hpp"
#include "base/error.hpp"
#include "pg/compat.hpp"
#include "pg/guard.hpp"
#include "pg/memory.hpp"
#include "pg/names.hpp"
#include "pg/table/query_writer.hpp"
#include "pg/table/table_writer.hpp"
#include "pg/table/trigger_list.hpp"

#include "pg/server.hpp"

extern "C" {
#include "catalog/dependency.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "executor/spi.h"
#include "utils/rls.h"
}

namespace ferry::backup {
namespace {

/// What one INSERT takes, of the file's uncompressed bytes.
constexpr std::size_t kBatchRows = 10'000, kBatchBytes = std::size_t{1} << 20;

/// Whether a trigger is somebody's own, which a restore does not fire. Those of constraints are the server's, and those whose
/// function belongs to an extension may be how the engine works.
bool is_of_user(const Trigger& trigger) {
  return !trigger.tgisinternal && !OidIsValid(getExtensionOfObject(ProcedureRelationId, trigger.tgfoid));
}

void check_triggers(Relation table, Mode mode) {
  for (int i = 0; table->trigdesc != nullptr && i < table->trigdesc->numtriggers; i++) {
    const Trigger& trigger = table->trigdesc->triggers[i];
    const bool matches = TRIGGER_FOR_INSERT(trigger.tgtype) || (mode == Mode::upsert && TRIGGER_FOR_UPDATE(trigger.tgtype));
    if (!matches || !is_of_user(trigger) || !pg::fires(trigger)) continue;
    ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                    errmsg("cannot restore table \"%s\" with trigger \"%s\"", RelationGetRelationName(table), trigger.tgname),
                    errdetail("An extension stores the rows of the table. The statements that reach them fire the trigger, "
                              "which a restore does not do."),
                    errhint("Drop the trigger and create it again after the restore.")));
  }
}

/// The rows of a source on their way through INSERT.
class StatementRows {
 public:
  StatementRows(Relation table, BackupRows& source, Mode mode)
      : table_(table), source_(source), on_conflict_(conflict_of(mode)), writer_(table) {
    const MatchedColumns& columns = source.columns();
    columns_.given = columns.attributes;
    for (const DefaultColumn& column : columns.defaults)
      if (column.expression != nullptr) columns_.given.push_back(column.attribute);
    if (mode == Mode::upsert) {
      add_key();
      check_replaced();
    }
    // a default that looks at the rows before its own must see them
    slots_.resize(columns.has_volatile_default ? 1 : kBatchRows);
    pg::call([this] {
      executor_ = CreateExecutorState();
      batch_context_ = AllocSetContextCreate(CurrentMemoryContext, "pg_ferry restore batch", ALLOCSET_DEFAULT_SIZES);
    });
  }

  void write() {
    while (source_.next_block()) {
      for (bool has_more = true; has_more;) {
        pg::check_interrupts();
        std::size_t count = 0;
        source_.guarded([&] { has_more = read_batch(count); });
        if (count > 0) put(std::span(slots_).first(count));
        pg::call(MemoryContextReset, batch_context_);
      }
    }
    pg::call([this] {
      for (TupleTableSlot* const slot : slots_)
        if (slot != nullptr) ExecDropSingleTupleTableSlot(slot);
      MemoryContextDelete(batch_context_);
      FreeExecutorState(executor_);
    });
  }

 private:
  using OnConflict = pg::QueryWriter::OnConflict;

  static OnConflict conflict_of(Mode mode) { return mode == Mode::upsert ? OnConflict::update : OnConflict::raise; }

  /// What a row has there in a column that the backup has not, it keeps.
  void add_key() {
    Oid constraint = InvalidOid;
    const Bitmapset* const key = pg::call(get_primary_key_attnos, RelationGetRelid(table_), false, &constraint);
    for (int i = -1; (i = bms_next_member(key, i)) >= 0;)
      columns_.key.push_back(static_cast<AttrNumber>(i + FirstLowInvalidHeapAttributeNumber));
    for (const AttrNumber attribute : source_.columns().attributes)
      if (std::find(columns_.key.begin(), columns_.key.end(), attribute) == columns_.key.end())
        columns_.replaced.push_back(attribute);
  }

  /// No UPDATE gives an identity column that is GENERATED ALWAYS the value of the backup.
  void check_replaced() const {
    for (const AttrNumber attribute : columns_.replaced) {
      const Form_pg_attribute column = TupleDescAttr(RelationGetDescr(table_), attribute - 1);
      if (column->attidentity != ATTRIBUTE_IDENTITY_ALWAYS) continue;
      throw Error("0A000", concat("cannot restore table \"", RelationGetRelationName(table_), "\" in mode upsert"))
          .detail(concat("An extension stores the rows of the table, and no UPDATE gives column \"", NameStr(column->attname),
                         "\", which is GENERATED ALWAYS AS IDENTITY, the value that the backup has."))
          .hint("Restore in mode replace, or use ALTER TABLE ... ALTER ... SET GENERATED BY DEFAULT before the restore.");
    }
  }

  /// False at the end of the block. Calls the server without a guard.
  bool read_batch(std::size_t& count) {
    const std::size_t begin = source_.position();
    MemoryContext const caller = MemoryContextSwitchTo(batch_context_);
    bool has_more = true;
    while (count < slots_.size() && source_.position() - begin < kBatchBytes) {
      has_more = source_.next_row(empty_slot(count), GetPerTupleExprContext(executor_));
      if (!has_more) break;
      count++;
    }
    MemoryContextSwitchTo(caller);
    return has_more;
  }

  TupleTableSlot* empty_slot(std::size_t index) {
    TupleTableSlot*& slot = slots_[index];
    if (slot == nullptr)
      slot = pg::in_context(executor_->es_query_cxt,
                            [this] { return MakeSingleTupleTableSlot(RelationGetDescr(table_), &TTSOpsVirtual); });
    return ExecClearTuple(slot);
  }

  void put(std::span<TupleTableSlot* const> rows) {
    const std::uint64_t count = writer_.insert_many(rows, columns_, on_conflict_);
    if (count != rows.size())
      throw Error("22000", concat("table \"", RelationGetRelationName(table_), "\" took ", count, " of ", rows.size(), " rows"))
          .detail("An extension stores the rows of the table, and its INSERT left some out.");
  }

  Relation table_;
  BackupRows& source_;
  OnConflict on_conflict_;
  pg::QueryWriter writer_;
  pg::QueryWriter::Columns columns_;
  std::vector<TupleTableSlot*> slots_;
  EState* executor_ = nullptr;
  MemoryContext batch_context_ = nullptr;
};

}  // namespace

void check_statements_suffice(Relation table, Mode mode) {
  const char* const name = RelationGetRelationName(table);
  if (table->rd_rules != nullptr)
    ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("cannot restore table \"%s\" with a rule", name),
                    errdetail("An extension stores the rows of the table, and the rule changes the statements that reach them."),
                    errhint("Drop the rule and create it again after the restore.")));
  if (check_enable_rls(RelationGetRelid(table), InvalidOid, true) == RLS_ENABLED)
    ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                    errmsg("row-level security policies would apply to the restore of table \"%s\"", name),
                    errhint("Restore as a role with BYPASSRLS, or as the owner of the table if row-level security is not forced "
                            "on it.")));
  check_triggers(table, mode);
  if (mode == Mode::upsert) pg::TableWriter::check_replaceable(table);
}

std::int64_t count_by_query(Oid table) {
  const char* const query = psprintf("SELECT pg_catalog.count(*) FROM %s", pg::qualified_name(table));
  SPI_connect();
  if (const int result = SPI_execute(query, false, 0); result != SPI_OK_SELECT || SPI_processed != 1)
    elog(ERROR, "could not execute \"%s\": %s", query, SPI_result_code_string(result));
  bool is_null = false;
  const std::int64_t count = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &is_null));
  SPI_finish();
  return count;
}

void add_rows_by_statements(Relation table, BackupRows& source, Mode mode) { StatementRows(table, source, mode).write(); }

}  // namespace ferry::backup
