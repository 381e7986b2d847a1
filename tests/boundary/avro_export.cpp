// The rows of a table or a query as an Avro file, in either profile, for tests/tap/write_avro_types.pl.

#include <span>
#include <string>

#include "avro/container.hpp"
#include "avro/schema_json.hpp"
#include "base/concat.hpp"
#include "export/table_scan.hpp"
#include "map/types/table.hpp"
#include "map/write/row_writer.hpp"
#include "pg/guard.hpp"

#include "pg/server.hpp"

extern "C" {
#include "executor/executor.h"
#include "executor/spi.h"
#include "utils/array.h"
}

namespace {

using namespace ferry;
using pg::call;

class BytesSink final : public ByteSink {
 public:
  void write(ByteView bytes) override { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }
  [[nodiscard]] const Bytes& bytes() const { return bytes_; }

 private:
  Bytes bytes_;
};

void write_rows(Relation relation, map::RowWriter& rows) {
  exporter::TableScan scan;
  call([&] {
    PushActiveSnapshot(GetTransactionSnapshot());
    scan.begin(relation, relation, GetActiveSnapshot(), rows);
    while (scan.append_to(rows, SIZE_MAX)) CHECK_FOR_INTERRUPTS();
    scan.end();
    PopActiveSnapshot();
  });
}

/// The file that holds the rows written.
Datum to_file(const map::Table& table, map::Profile profile, const map::RowWriter& rows) {
  BytesSink sink;
  const std::string schema = avro::to_json(map::record_schema(table, {.profile = profile}).root());
  avro::ContainerWriter out(sink, {.schema_json = schema, .sync_marker = {}, .codec = codec::CodecKind::null_});
  out.write_block(rows.row_count(), rows.payload());
  const Bytes& bytes = sink.bytes();
  return call([&bytes] {
    auto* const result = static_cast<bytea*>(palloc(VARHDRSZ + bytes.size()));
    SET_VARSIZE(result, VARHDRSZ + bytes.size());
    memcpy(VARDATA(result), bytes.data(), bytes.size());
    return PointerGetDatum(result);
  });
}

const char* text_argument(FunctionCallInfo fcinfo, int number) {
  return call([=] { return const_cast<const char*>(TextDatumGetCString(fcinfo->args[number].value)); });
}

}  // namespace

/// avro_export(target regclass, profile text) -> bytea. Errors have the column and the row as their context.
FERRY_C_FUNCTION(avro_export) {
  return pg::boundary([&]() -> Datum {
    const map::Profile profile = map::profile_of(text_argument(fcinfo, 1));
    Relation const relation = call(table_open, DatumGetObjectId(fcinfo->args[0].value), LOCKMODE{AccessShareLock});
    const map::Table table = map::describe(relation);
    map::RowWriter rows(table, profile);
    try {
      write_rows(relation, rows);
    } catch (Error& error) {
      if (rows.current_column() != nullptr)
        error.context(concat("column ", rows.current_column()->name, ", row ", rows.row_count() + 1));
      throw;
    }
    call(table_close, relation, LOCKMODE{AccessShareLock});
    return to_file(table, profile, rows);
  });
}

/// avro_export_query(query text, profile text, columns int2[]) -> bytea: those columns of the result, in that order.
FERRY_C_FUNCTION(avro_export_query) {
  return pg::boundary([&]() -> Datum {
    const char* const query = text_argument(fcinfo, 0);
    const map::Profile profile = map::profile_of(text_argument(fcinfo, 1));
    auto* const columns = call([=] { return DatumGetArrayTypeP(fcinfo->args[2].value); });
    MemoryContext const caller = CurrentMemoryContext;
    call([=] {
      SPI_connect();
      SPI_execute(query, true, 0);
      MemoryContextSwitchTo(caller);
    });
    TupleDesc const descriptor = SPI_tuptable->tupdesc;
    const std::span<const AttrNumber> attributes(reinterpret_cast<const AttrNumber*>(ARR_DATA_PTR(columns)),
                                                 static_cast<std::size_t>(ARR_DIMS(columns)[0]));
    const map::Table table = map::select_columns(map::describe(descriptor, "query"), attributes);
    map::RowWriter rows(table, profile);
    call([descriptor, &rows] {
      TupleTableSlot* const slot = MakeSingleTupleTableSlot(descriptor, &TTSOpsHeapTuple);
      rows.begin_batch();
      for (std::uint64_t i = 0; i < SPI_tuptable->numvals; i++) {
        ExecStoreHeapTuple(SPI_tuptable->vals[i], slot, false);
        rows.append(slot);
      }
      rows.end_batch();
      ExecDropSingleTupleTableSlot(slot);
      SPI_finish();
    });
    return to_file(table, profile, rows);
  });
}
