#include "load/write/record_store.hpp"

#include "pg/compat.hpp"

#include "pg/server.hpp"

extern "C" {
#include "executor/executor.h"
}

namespace ferry::load {

using pg::call;

namespace {
constexpr int kColumns = 3;
}

RecordStore::RecordStore() {
  row_context_ = call([] { return AllocSetContextCreate(CurrentMemoryContext, "pg_ferry kept record", ALLOCSET_DEFAULT_SIZES); });
  description_ = call([] {
    TupleDesc const description = CreateTemplateTupleDesc(kColumns);
    TupleDescInitEntry(description, 1, "row_number", INT8OID, -1, 0);
    TupleDescInitEntry(description, 2, "line_number", INT8OID, -1, 0);
    TupleDescInitEntry(description, 3, "raw", BYTEAOID, -1, 0);
    pg::compat::finish_tuple_desc(description);
    return description;
  });
  constexpr int kKilobytes = 4096;
  store_ = call(tuplestore_begin_heap, true, false, kKilobytes);
  slot_ = call([this] { return MakeSingleTupleTableSlot(description_, &TTSOpsMinimalTuple); });
}

void RecordStore::add(const Record& record) {
  const Record* const row = &record;
  call([this, row] {
    MemoryContext const caller = MemoryContextSwitchTo(row_context_);
    Datum values[kColumns] = {Int64GetDatum(row->row_number), Int64GetDatum(row->line_number),
                              PointerGetDatum(cstring_to_text_with_len(row->raw.data(), static_cast<int>(row->raw.size())))};
    bool nulls[kColumns] = {};
    tuplestore_putvalues(store_, description_, values, nulls);
    MemoryContextSwitchTo(caller);
    MemoryContextReset(row_context_);
  });
  size_++;
}

void RecordStore::close() {
  call([this] {
    ExecDropSingleTupleTableSlot(slot_);
    tuplestore_end(store_);
    MemoryContextDelete(row_context_);
  });
}

void RecordStore::rewind() { call(tuplestore_rescan, store_); }

bool RecordStore::read(Record& record) {
  const bool is_there = call([this] { return tuplestore_gettupleslot(store_, true, false, slot_); });
  if (!is_there) return false;
  slot_getallattrs(slot_);
  record.row_number = DatumGetInt64(slot_->tts_values[0]);
  record.line_number = DatumGetInt64(slot_->tts_values[1]);
  const auto* const raw = reinterpret_cast<const varlena*>(DatumGetPointer(slot_->tts_values[2]));
  record.raw.assign({VARDATA_ANY(raw), VARSIZE_ANY_EXHDR(raw)});
  record.is_cut = false;
  record.problem.reset();
  return true;
}

}  // namespace ferry::load
