#include "load/log/stored_load.hpp"

#include "base/concat.hpp"
#include "base/error.hpp"
#include "load/log/log_tables.hpp"
#include "pg/compat.hpp"
#include "pg/guard.hpp"
#include "pg/table/key_search.hpp"

#include "pg/server.hpp"

extern "C" {
#include "utils/array.h"
#include "utils/jsonb.h"
}

namespace ferry::load {

using pg::call;

namespace {

/// A text of the log as a string of C. Calls the server without a guard.
const char* text_of(TupleTableSlot* row, AttrNumber column) {
  const std::string_view bytes = bytes_of(row, column);
  return pnstrdup(bytes.data(), bytes.size());
}

/// The row of the load; null where there is none that the user may see. In a slot to be dropped. Calls the server without a
/// guard.
TupleTableSlot* find_row(Relation loads, std::int64_t load_id, LoadLock lock) {
  const Datum key_value = Int64GetDatum(load_id);
  TupleTableSlot* const key = make_key(loads, &key_value, 1);
  TupleTableSlot* const load = table_slot_create(loads, nullptr);
  const bool locks = lock == LoadLock::until_end;
  Snapshot const snapshot = RegisterSnapshot(locks ? GetLatestSnapshot() : GetTransactionSnapshot());
  pg::KeySearch search = pg::KeySearch::open(loads, pg::compat::primary_key_index(loads), snapshot);
  const bool visible = search.find(key, load) && may_see_load(text_of(load, kLoadedBy), text_of(load, kLoadOwner));
  if (visible) ExecMaterializeSlot(load);
  search.close();
  UnregisterSnapshot(snapshot);
  ExecDropSingleTupleTableSlot(key);
  if (visible && (!locks || lock_load(loads, load_id, load))) return load;
  ExecDropSingleTupleTableSlot(load);
  return nullptr;
}

std::vector<std::string> column_names_of(TupleTableSlot* load) {
  Datum* names = nullptr;
  int count = 0;
  call([&names, &count, load] {
    bool is_null = false;
    ArrayType* const array = DatumGetArrayTypeP(slot_getattr(load, kLoadColumnNames, &is_null));
    deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &names, nullptr, &count);
    for (int i = 0; i < count; i++) names[i] = CStringGetDatum(TextDatumGetCString(names[i]));
  });
  std::vector<std::string> columns;
  for (int i = 0; i < count; i++) columns.emplace_back(DatumGetCString(names[i]));
  return columns;
}

}  // namespace

LoggedLoad find_logged_load(Relation loads, std::int64_t load_id, LoadLock lock) {
  TupleTableSlot* const row = call([=] { return find_row(loads, load_id, lock); });
  if (row == nullptr)
    throw Error("42704", concat("load ", load_id, " does not exist"))
        .detail("A load is visible only to the role that ran it and to the one that owned its table then.");
  LoggedLoad load;
  load.schema_name = call(text_of, row, kLoadSchema);
  load.table_name = call(text_of, row, kLoadTable);
  load.source = call(text_of, row, kLoadSource);
  load.loaded_by = call(text_of, row, kLoadedBy);
  load.table_owner = call(text_of, row, kLoadOwner);
  load.columns = column_names_of(row);
  load.options_json = call([row] {
    bool is_null = false;
    Jsonb* const json = DatumGetJsonbP(slot_getattr(row, kLoadOptions, &is_null));
    return const_cast<const char*>(JsonbToCString(nullptr, &json->root, VARSIZE(json)));
  });
  load.rejects_not_kept = call([row] {
    bool is_null = false;
    return DatumGetInt64(slot_getattr(row, kLoadRejectsNotKept, &is_null));
  });
  call(ExecDropSingleTupleTableSlot, row);
  return load;
}

}  // namespace ferry::load
