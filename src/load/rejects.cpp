#include "load/rejects.hpp"

#include "load/log_tables.hpp"
#include "pg/arguments.hpp"
#include "pg/compat.hpp"
#include "pg/extension.hpp"
#include "pg/guard.hpp"
#include "pg/table_writer.hpp"

#include "pg/server.hpp"

extern "C" {
#include "access/heapam.h"
#include "commands/sequence.h"
#include "executor/executor.h"
#include "utils/array.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"
}

namespace ferry::load {

using pg::call;
using pg::TableWriter;

namespace {

/// Writes the rows of a store into a table, many at a time. Calls the server without a guard.
void write_rejects(Relation table, Tuplestorestate* store) {
  constexpr int kRows = 500;
  TableWriter writer = TableWriter::open(table, pg::TriggerSet::constraints);
  EState* const executor = writer.executor_state();
  BulkInsertState const insert_state = GetBulkInsertState();
  MemoryContext const batch_context = AllocSetContextCreate(CurrentMemoryContext, "pg_ferry rejects", ALLOCSET_DEFAULT_SIZES);
  TupleTableSlot* const stored = MakeSingleTupleTableSlot(RelationGetDescr(table), &TTSOpsMinimalTuple);
  TupleTableSlot* slots[kRows];
  for (TupleTableSlot*& slot : slots) slot = table_slot_create(table, &executor->es_tupleTable);
  for (int count = kRows; count == kRows;) {
    CHECK_FOR_INTERRUPTS();
    for (count = 0; count < kRows && tuplestore_gettupleslot(store, true, false, stored); count++)
      ExecCopySlot(slots[count], stored);
    if (count == 0) break;
    MemoryContext const caller = MemoryContextSwitchTo(batch_context);
    table_multi_insert(table, slots, count, GetCurrentCommandId(true), 0, insert_state);
    for (int i = 0; i < count; i++) {
      ResetPerTupleExprContext(executor);
      pg::compat::insert_index_tuples(writer.target(), slots[i], executor, false, false, false);
    }
    MemoryContextSwitchTo(caller);
    MemoryContextReset(batch_context);
  }
  ExecDropSingleTupleTableSlot(stored);
  FreeBulkInsertState(insert_state);
  writer.close();
}

}  // namespace

Log::Log(LogPolicy policy) : policy_(policy), user_(GetUserId()), context_(CurrentMemoryContext) {
  if (policy == LogPolicy::all) open();
}

void Log::open() {
  MemoryContext const caller = MemoryContextSwitchTo(context_);
  loads_ = call(open_log_table, "ferry_load_log");
  rejects_ = call(open_log_table, "ferry_reject_log");
  load_id_ = call([] { return nextval_internal(get_relname_relid("ferry_load_id_seq", pg::extension_schema()), false); });
  constexpr int kKilobytes = 4096;
  store_ = call(tuplestore_begin_heap, false, false, kKilobytes);
  row_context_ = call([] { return AllocSetContextCreate(CurrentMemoryContext, "pg_ferry reject", ALLOCSET_DEFAULT_SIZES); });
  MemoryContextSwitchTo(caller);
}

void Log::add(const Reject& reject) {
  if (policy_ == LogPolicy::none) return;
  if (!load_id_) open();
  Datum values[kRejectColumns] = {};
  bool nulls[kRejectColumns] = {};
  Tuplestorestate* const store = store_;
  TupleDesc const description = RelationGetDescr(rejects_);
  MemoryContext const context = row_context_;
  const std::int64_t load_id = *load_id_;
  const Reject* const row = &reject;
  Datum* const value = values;
  bool* const null = nulls;
  call([=] {
    MemoryContext const caller = MemoryContextSwitchTo(context);
    int i = 0;
    value[i++] = Int64GetDatum(load_id);
    value[i++] = Int64GetDatum(row->row_number);
    null[i] = row->line_number == 0;
    value[i++] = Int64GetDatum(row->line_number);
    null[i] = !row->text.has_value();
    if (row->text) value[i] = PointerGetDatum(cstring_to_text_with_len(row->text->data(), static_cast<int>(row->text->size())));
    i++;
    null[i] = row->text.has_value();
    if (!row->text) value[i] = PointerGetDatum(cstring_to_text_with_len(row->raw.data(), static_cast<int>(row->raw.size())));
    i++;
    set_problem(row->problem, value, null);
    null[kRejectResolvedAt - 1] = true;
    tuplestore_putvalues(store, description, value, null);
    MemoryContextSwitchTo(caller);
    MemoryContextReset(context);
  });
}

void Log::write(const LoadSummary& summary, const Rules& rules) {
  if (!load_id_) return;
  const Datum schema = pg::text_datum(rules.schema_name()), table = pg::text_datum(rules.table_name());
  const Datum owner = pg::text_datum(rules.owner());
  const Datum source = pg::text_datum(summary.source);
  const Datum user = call([this] { return CStringGetTextDatum(GetUserNameFromId(user_, false)); });
  const char* const options = summary.options_json.c_str();
  const Datum options_datum = call([options] { return DirectFunctionCall1(jsonb_in, CStringGetDatum(options)); });
  ArrayBuildState* names = nullptr;
  for (const std::size_t place : rules.field_columns()) {
    const Datum name = pg::text_datum(rules.columns()[place].name);
    names = call(accumArrayResult, names, name, false, static_cast<Oid>(TEXTOID), CurrentMemoryContext);
  }
  const Datum columns = call([names] {
    return names == nullptr ? PointerGetDatum(construct_empty_array(TEXTOID)) : makeArrayResult(names, CurrentMemoryContext);
  });
  const Datum values[kLoadColumns] = {Int64GetDatum(*load_id_),
                                      schema,
                                      table,
                                      owner,
                                      columns,
                                      source,
                                      Int64GetDatum(summary.source_bytes),
                                      user,
                                      TimestampTzGetDatum(summary.started_at),
                                      TimestampTzGetDatum(GetCurrentTimestamp()),
                                      Int64GetDatum(summary.rows_read),
                                      Int64GetDatum(summary.rows_loaded),
                                      Int64GetDatum(summary.rows_rejected),
                                      Int64GetDatum(summary.rows_skipped),
                                      options_datum};
  const Datum* const value = values;
  Relation const loads = loads_, rejects = rejects_;
  Tuplestorestate* const store = store_;
  call([=] {
    TableWriter writer = TableWriter::open(loads, pg::TriggerSet::constraints);
    TupleTableSlot* slot = writer.input_slot();
    for (int i = 0; i < kLoadColumns; i++) {
      slot->tts_values[i] = value[i];
      slot->tts_isnull[i] = false;
    }
    ExecStoreVirtualTuple(slot);
    writer.insert(slot);
    writer.close();

    write_rejects(rejects, store);
    tuplestore_end(store);
    table_close(loads, NoLock);
    table_close(rejects, NoLock);
  });
}

}  // namespace ferry::load
