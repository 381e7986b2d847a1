#include "load/log/past_loads.hpp"

#include "load/log/log_tables.hpp"
#include "pg/guard.hpp"

#include "pg/server.hpp"

extern "C" {
#include "access/genam.h"
#include "access/table.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"
}

namespace ferry::load {
namespace {

/// A row of the log, in the current memory context.
struct Row {
  std::int64_t load_id, source_bytes;
  const char *source, *table, *digest;
};

/// False where it is none of those, or not to be seen. Calls the server without a guard.
bool read_row(HeapTuple load, TupleDesc description, const char* folder, std::size_t folder_size, Row& row) {
  bool is_null = false;
  const auto value = [&](LoadColumn column) { return heap_getattr(load, column, description, &is_null); };
  const auto text_of = [&](LoadColumn column) { return TextDatumGetCString(value(column)); };
  const Datum digest = value(kLoadSourceDigest);
  if (is_null) return false;
  row.digest = TextDatumGetCString(digest);
  row.source = text_of(kLoadSource);
  if (strncmp(row.source, folder, folder_size) != 0 || row.source[folder_size] != '/') return false;
  row.load_id = DatumGetInt64(value(kLoadId));
  row.source_bytes = DatumGetInt64(value(kLoadSourceBytes));
  row.table = quote_qualified_identifier(text_of(kLoadSchema), text_of(kLoadTable));
  return may_see_load(text_of(kLoadedBy), text_of(kLoadOwner));
}

}  // namespace

PastLoads::PastLoads(const std::string& folder) {
  struct Scan {
    Relation table;
    Snapshot snapshot;
    SysScanDesc rows;
    MemoryContext context;
  };
  const Scan scan = pg::call([] {
    Relation const table = open_log_table("ferry_load_log", AccessShareLock);
    Snapshot const snapshot = RegisterSnapshot(GetLatestSnapshot());
    return Scan{table, snapshot, systable_beginscan(table, InvalidOid, false, snapshot, 0, nullptr),
                AllocSetContextCreate(CurrentMemoryContext, "pg_ferry past loads", ALLOCSET_SMALL_SIZES)};
  });
  const char* const start = folder.c_str();
  const std::size_t start_size = folder.size();
  Row row{};
  const auto next = [&scan, &row, start, start_size] {
    MemoryContext const caller = MemoryContextSwitchTo(scan.context);
    bool is_found = false;
    while (!is_found) {
      CHECK_FOR_INTERRUPTS();
      MemoryContextReset(scan.context);
      HeapTuple const load = systable_getnext(scan.rows);
      if (!HeapTupleIsValid(load)) break;
      is_found = read_row(load, RelationGetDescr(scan.table), start, start_size, row);
    }
    MemoryContextSwitchTo(caller);
    return is_found;
  };
  while (pg::call(next)) {
    PastLoad& known = loads_[{row.source, row.table}];
    if (known.load_id < row.load_id) known = {row.load_id, row.source_bytes, row.digest};
  }
  pg::call([&scan] {
    systable_endscan(scan.rows);
    UnregisterSnapshot(scan.snapshot);
    MemoryContextDelete(scan.context);
    table_close(scan.table, NoLock);
  });
}

const PastLoad* PastLoads::find(const std::string& path, const std::string& table) const {
  const auto found = loads_.find({path, table});
  return found == loads_.end() ? nullptr : &found->second;
}

}  // namespace ferry::load
