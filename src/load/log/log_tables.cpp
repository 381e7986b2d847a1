#include "load/log/log_tables.hpp"

#include "pg/compat.hpp"
#include "pg/extension.hpp"
#include "pg/guard.hpp"
#include "pg/table/key_search.hpp"

#include "pg/server.hpp"

namespace ferry::load {

Relation open_log_table(const char* name, LOCKMODE lock) {
  const Oid table = get_relname_relid(name, pg::extension_schema());
  if (!OidIsValid(table)) elog(ERROR, "table \"%s\" of extension \"pg_ferry\" is missing", name);
  return table_open(table, lock);
}

std::string_view bytes_of(TupleTableSlot* row, AttrNumber column) {
  bool is_null = false;
  const Datum value = slot_getattr(row, column, &is_null);
  if (is_null) return {};
  const varlena* const bytes = PG_DETOAST_DATUM_PACKED(value);
  return {VARDATA_ANY(bytes), static_cast<std::size_t>(VARSIZE_ANY_EXHDR(bytes))};
}

bool may_see_load(const char* loaded_by, const char* table_owner) {
  if (superuser()) return true;
  for (const char* const name : {loaded_by, table_owner}) {
    const Oid role = get_role_oid(name, true);
    if (OidIsValid(role) && has_privs_of_role(GetUserId(), role)) return true;
  }
  return false;
}

TupleTableSlot* make_key(Relation table, const Datum* values, int count) {
  TupleTableSlot* const key = MakeSingleTupleTableSlot(RelationGetDescr(table), &TTSOpsVirtual);
  ExecClearTuple(key);
  for (int i = 0; i < key->tts_tupleDescriptor->natts; i++) {
    key->tts_values[i] = i < count ? values[i] : Datum{0};
    key->tts_isnull[i] = i >= count;
  }
  return ExecStoreVirtualTuple(key);
}

void set_problem(const Problem& problem, Datum* values, bool* nulls) {
  // an empty text stands for none, but for those that are never null
  const auto set = [=](AttrNumber column, const std::string& text, bool nullable) {
    nulls[column - 1] = nullable && text.empty();
    values[column - 1] = PointerGetDatum(cstring_to_text_with_len(text.data(), static_cast<int>(text.size())));
  };
  set(kRejectSqlstate, problem.sqlstate, false);
  set(kRejectColumnName, problem.column, true);
  set(kRejectConstraintName, problem.constraint, true);
  set(kRejectReason, problem.reason, false);
  set(kRejectDetail, problem.detail, true);
  set(kRejectHint, problem.hint, true);
}

bool lock_load(Relation loads, std::int64_t load_id, TupleTableSlot* found) {
  const Datum value = Int64GetDatum(load_id);
  TupleTableSlot* const key = make_key(loads, &value, 1);
  const bool exists = pg::find_and_lock_by_key(loads, pg::compat::primary_key_index(loads), key, found);
  ExecDropSingleTupleTableSlot(key);
  return exists;
}

}  // namespace ferry::load

FERRY_SQL_FUNCTION(ferry_can_see_load) {
  return ferry::pg::boundary([&] {
    return ferry::pg::call([=] {
      return BoolGetDatum(
          ferry::load::may_see_load(text_to_cstring(PG_GETARG_TEXT_PP(0)), text_to_cstring(PG_GETARG_TEXT_PP(1))));
    });
  });
}
