#include "load/log/log.hpp"

#include <span>

#include "base/concat.hpp"
#include "load/log/last_load.hpp"
#include "load/log/log_tables.hpp"
#include "pg/arguments.hpp"
#include "pg/encoding.hpp"
#include "pg/extension.hpp"
#include "pg/guard.hpp"
#include "pg/table/bulk_table.hpp"
#include "pg/table/table_writer.hpp"
#include "settings.hpp"

#include "pg/server.hpp"

extern "C" {
#include "commands/sequence.h"
#include "executor/executor.h"
#include "mb/pg_wchar.h"
#include "utils/array.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"
}

namespace ferry::load {

using pg::call;
using pg::TableWriter;

namespace {

// Each of a reject's columns, and all together, go through COPY and pg_dump: bytea is dumped as two digits a byte, a character of
// text is escaped by one more, or becomes up to three times as long where the dump is of another encoding.
static_assert(std::size_t{3} * settings::kMostRecordBytes < MaxAllocSize);

/// What a reject takes in the log besides its texts, more or less.
constexpr std::size_t kRejectBytes = 100;

/// The rows of a store on their way into a table, many at a time: as many as a number of bytes allows. The functions call the
/// server without a guard; nothing here needs a destructor.
class StoreWriter {
 public:
  void run(Relation table, Tuplestorestate* store) {
    table_ = TableWriter::open(table, pg::TriggerSet::constraints);
    stored_ = MakeSingleTupleTableSlot(RelationGetDescr(table), &TTSOpsMinimalTuple);
    for (TupleTableSlot*& slot : slots_) slot = table_slot_create(table, &table_.executor_state()->es_tupleTable);
    MemoryContext const batch_context = AllocSetContextCreate(CurrentMemoryContext, "pg_ferry rejects", ALLOCSET_DEFAULT_SIZES);
    pg::BulkTable bulk;
    bulk.open(table_.target(), table_.executor_state());
    bulk.begin_bulk(false);
    while (const std::size_t count = read(store)) {
      CHECK_FOR_INTERRUPTS();
      MemoryContext const caller = MemoryContextSwitchTo(batch_context);
      const std::span rows(slots_, count);
      bulk.insert(rows, pg::BulkTable::Buffers::bulk);
      bulk.add_entries_or_raise(rows, [](TupleTableSlot* row, List*) { ExecClearTuple(row); });
      MemoryContextSwitchTo(caller);
      MemoryContextReset(batch_context);
    }
    bulk.end_bulk();
    bulk.close();
    ExecDropSingleTupleTableSlot(stored_);
    table_.close();
  }

 private:
  /// How many were read.
  std::size_t read(Tuplestorestate* store) {
    std::size_t bytes = 0, count = 0;
    while (count < kMostRows && bytes < kMostBytes && tuplestore_gettupleslot(store, true, false, stored_)) {
      bool is_copy = false;
      bytes += ExecFetchSlotMinimalTuple(stored_, &is_copy)->t_len;
      ExecCopySlot(slots_[count++], stored_);
    }
    return count;
  }

  static constexpr std::size_t kMostRows = 500;
  static constexpr std::size_t kMostBytes = 1 << 20;
  TableWriter table_{};
  TupleTableSlot* stored_ = nullptr;
  TupleTableSlot* slots_[kMostRows] = {};
};

}  // namespace

/// What the log has of a record.
struct Log::Kept {
  RecordText text;
  std::string_view bytes;  ///< of the text, or of the record where that is no text
  bool is_cut;

  Kept(Source& source, const Record& record, std::size_t most_bytes) : text(source.text_of(record, most_bytes)) {
    const std::string_view raw = record.raw;
    bytes = text.text ? std::string_view(*text.text) : raw;
    // a text may be longer than the bytes that it was made of
    is_cut = text.is_cut || bytes.size() > most_bytes;
    if (bytes.size() <= most_bytes) return;
    bytes = bytes.substr(0, most_bytes);
    if (text.text) bytes = pg::whole_characters(bytes, GetDatabaseEncoding());
  }
};

Log::Log(LogPolicy policy) : policy_(policy), user_(GetUserId()), context_(CurrentMemoryContext) {
  if (policy == LogPolicy::all) open();
}

void Log::open() {
  MemoryContext const caller = MemoryContextSwitchTo(context_);
  loads_ = call(open_log_table, "ferry_load_log", RowExclusiveLock);
  rejects_ = call(open_log_table, "ferry_reject_log", RowExclusiveLock);
  load_id_ = call([] { return nextval_internal(get_relname_relid("ferry_load_id_seq", pg::extension_schema()), false); });
  constexpr int kKilobytes = 4096;
  store_ = call(tuplestore_begin_heap, false, false, kKilobytes);
  row_context_ = call([] { return AllocSetContextCreate(CurrentMemoryContext, "pg_ferry reject", ALLOCSET_DEFAULT_SIZES); });
  MemoryContextSwitchTo(caller);
}

void Log::add(Source& source, const Record& record, const Problem& problem) {
  if (policy_ == LogPolicy::none) return;
  if (!load_id_) open();
  if (not_kept_.total() == 0) {
    const auto most_bytes = static_cast<std::size_t>(settings::max_record_bytes);
    const Kept kept(source, record, most_bytes);
    kept_bytes_ += static_cast<double>(kRejectBytes + kept.bytes.size() + problem.reason.size() + problem.detail.size() +
                                       problem.hint.size());
    if (kept_bytes_ <= settings::max_log_bytes) {
      std::string more = lines_taken_in(record);
      if (kept.is_cut) add_sentence(more, concat("Only the first ", most_bytes, " bytes of the record are kept."));
      if (more.empty()) return keep(record, kept, problem);
      Problem told = problem;
      add_sentence(told.detail, more);
      return keep(record, kept, told);
    }
  }
  not_kept_.add(problem);
}

void Log::keep(const Record& record, const Kept& kept, const Problem& problem) {
  call([&, this] {
    MemoryContext const caller = MemoryContextSwitchTo(row_context_);
    Datum values[kRejectColumns] = {};
    bool nulls[kRejectColumns] = {};
    const auto set = [&](RejectColumn column, Datum value) { values[column - 1] = value; };
    const auto set_null = [&](RejectColumn column, bool is_null) { nulls[column - 1] = is_null; };
    set(kRejectLoadId, Int64GetDatum(*load_id_));
    set(kRejectRowNumber, Int64GetDatum(record.row_number));
    set(kRejectLineNumber, Int64GetDatum(record.line_number));
    set_null(kRejectLineNumber, record.line_number == 0);
    const bool is_text = kept.text.text.has_value();
    set(is_text ? kRejectRawRow : kRejectRawBytes,
        PointerGetDatum(cstring_to_text_with_len(kept.bytes.data(), static_cast<int>(kept.bytes.size()))));
    set_null(is_text ? kRejectRawBytes : kRejectRawRow, true);
    set_problem(problem, values, nulls);
    set_null(kRejectResolvedAt, true);
    set(kRejectIsCut, BoolGetDatum(kept.is_cut));
    for (const RejectColumn column : {kRejectCorrectedRow, kRejectCorrectedBy, kRejectCorrectedAt}) set_null(column, true);
    tuplestore_putvalues(store_, RelationGetDescr(rejects_), values, nulls);
    MemoryContextSwitchTo(caller);
    MemoryContextReset(row_context_);
  });
}

void Log::tell_not_kept() const {
  if (not_kept_.total() == 0) return;
  const std::string message = not_in_log(not_kept_.total(), *load_id_);
  const std::string detail = concat("They were rejected for ", not_kept_.text(), ".");
  pg::notice(message.c_str(), "The setting \"pg_ferry.max_log_bytes\" limits what the log keeps of one load.", detail.c_str());
}

void Log::write(const LoadSummary& summary, const TargetTable& target) {
  if (!load_id_) return;
  const Datum schema = pg::text_datum(target.schema_name()), table = pg::text_datum(target.table_name());
  const Datum owner = pg::text_datum(target.owner());
  const Datum source = pg::text_datum(summary.source);
  const Datum user = call([this] { return CStringGetTextDatum(GetUserNameFromId(user_, false)); });
  const char* const options = summary.options_json.c_str();
  const Datum options_datum = call([options] { return DirectFunctionCall1(jsonb_in, CStringGetDatum(options)); });
  ArrayBuildState* names = nullptr;
  for (const std::size_t index : target.field_columns()) {
    const Datum name = pg::text_datum(target.columns()[index].name);
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
                                      options_datum,
                                      pg::text_datum(summary.source_digest),
                                      Int64GetDatum(summary.rejects_not_kept)};
  const Datum* const value = values;
  const bool has_digest = !summary.source_digest.empty();
  Relation const loads = loads_, rejects = rejects_;
  Tuplestorestate* const store = store_;
  call([=] {
    TableWriter writer = TableWriter::open(loads, pg::TriggerSet::constraints);
    TupleTableSlot* slot = writer.input_slot();
    for (int i = 0; i < kLoadColumns; i++) {
      slot->tts_values[i] = value[i];
      slot->tts_isnull[i] = false;
    }
    slot->tts_isnull[kLoadSourceDigest - 1] = !has_digest;
    ExecStoreVirtualTuple(slot);
    writer.insert(slot);
    writer.close();

    StoreWriter().run(rejects, store);
    tuplestore_end(store);
    table_close(loads, NoLock);
    table_close(rejects, NoLock);
  });
  note_last_load(*load_id_);
  tell_not_kept();
}

}  // namespace ferry::load
