// The rows of a table as an Avro file, in either profile, for tests/tap/write_avro_types.pl.

#include <string>

#include "avro/container.hpp"
#include "avro/schema_json.hpp"
#include "base/concat.hpp"
#include "map/row_writer.hpp"
#include "map/types.hpp"
#include "pg/guard.hpp"

#include "pg/server.hpp"

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
  call([relation, &rows] {
    PushActiveSnapshot(GetTransactionSnapshot());
    TableScanDesc const scan = table_beginscan(relation, GetActiveSnapshot(), 0, nullptr);
    TupleTableSlot* const slot = table_slot_create(relation, nullptr);
    while (table_scan_getnextslot(scan, ForwardScanDirection, slot)) rows.append(slot);
    ExecDropSingleTupleTableSlot(slot);
    table_endscan(scan);
    PopActiveSnapshot();
  });
}

}  // namespace

/// avro_export(target regclass, profile text) -> bytea. Errors have the column and the row as their context.
FERRY_SQL_FUNCTION(avro_export) {
  return pg::boundary([&]() -> Datum {
    const char* const profile = call([=] { return const_cast<const char*>(TextDatumGetCString(fcinfo->args[1].value)); });
    Relation const relation = call(table_open, DatumGetObjectId(fcinfo->args[0].value), LOCKMODE{AccessShareLock});
    const map::Table table = map::describe(relation);
    map::RowWriter rows(table, map::profile_of(profile));
    try {
      write_rows(relation, rows);
    } catch (Error& error) {
      if (rows.current_column() != nullptr)
        error.context(concat("column ", rows.current_column()->name, ", row ", rows.row_count() + 1));
      throw;
    }
    call(table_close, relation, LOCKMODE{AccessShareLock});
    BytesSink sink;
    const std::string schema = avro::to_json(map::record_schema(table, {.profile = map::profile_of(profile)}).root());
    avro::ContainerWriter out(sink, {.schema_json = schema, .sync_marker = {}, .codec = avro::CodecKind::null_});
    out.write_block(rows.row_count(), rows.payload());
    const Bytes& bytes = sink.bytes();
    return call([&bytes] {
      auto* const result = static_cast<bytea*>(palloc(VARHDRSZ + bytes.size()));
      SET_VARSIZE(result, VARHDRSZ + bytes.size());
      memcpy(VARDATA(result), bytes.data(), bytes.size());
      return PointerGetDatum(result);
    });
  });
}
