#include "load/foreign_keys.hpp"

#include "base/concat.hpp"
#include "pg/trigger_list.hpp"

#include "pg/server.hpp"

extern "C" {
#include "access/relation.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "utils/array.h"
#include "utils/fmgroids.h"
#include "utils/rls.h"
#include "utils/uuid.h"
}

namespace ferry::load {

using pg::call;

namespace {

/// What the keys that are remembered may take; then the memory starts anew. A key of text takes its bytes and some more.
constexpr std::size_t kMaxKnownBytes = 4 << 20;
constexpr std::size_t kBytesOfKey = 40, kBytesOfTextKey = 100;

std::string quoted(const char* name) {
  return call([name] { return quote_identifier(name); });
}

std::string quoted_relation(Relation relation) {
  return concat(quoted(call(get_namespace_name, RelationGetNamespace(relation))), ".", quoted(RelationGetRelationName(relation)));
}

}  // namespace

bool has_key_image(Oid type, Oid collation) {
  switch (type) {
    case INT2OID:
    case INT4OID:
    case INT8OID:
    case UUIDOID:
      return true;
    case TEXTOID:
      return call([collation] { return get_collation_isdeterministic(collation); });
    default:
      return false;
  }
}

Key key_of(Oid type, Datum value) {
  switch (type) {
    case INT2OID:
      return {.number = DatumGetInt16(value)};
    case INT4OID:
      return {.number = DatumGetInt32(value)};
    case INT8OID:
      return {.number = DatumGetInt64(value)};
    case UUIDOID:
      return {.is_number = false, .bytes = {reinterpret_cast<const char*>(DatumGetUUIDP(value)->data), UUID_LEN}};
    default: {
      const auto* varlena_value = reinterpret_cast<const varlena*>(DatumGetPointer(value));
      if (VARATT_IS_EXTERNAL(varlena_value) || VARATT_IS_COMPRESSED(varlena_value))
        varlena_value = call([value] { return PG_DETOAST_DATUM_PACKED(value); });
      return {.is_number = false,
              .bytes = {VARDATA_ANY(varlena_value), static_cast<std::size_t>(VARSIZE_ANY_EXHDR(varlena_value))}};
    }
  }
}

std::optional<std::vector<ForeignKey>> ForeignKey::of_table(Relation table) {
  std::vector<ForeignKey> keys;
  // a copy: the relation's own goes when an invalidation arrives, which opening the parents lets in
  const TriggerDesc* const triggers = call(CopyTriggerDesc, table->trigdesc);
  if (triggers == nullptr) return keys;
  // in the order in which the server fires them: by name
  for (int i = 0; i < triggers->numtriggers; i++) {
    const Trigger& trigger = triggers->triggers[i];
    if (trigger.tgfoid != F_RI_FKEY_CHECK_INS || !pg::fires(trigger)) continue;
    const Oid constraint = trigger.tgconstraint;
    HeapTuple const tuple = call([constraint] { return SearchSysCache1(CONSTROID, ObjectIdGetDatum(constraint)); });
    if (!HeapTupleIsValid(tuple)) return std::nullopt;
    auto key = read(table, tuple);
    call(ReleaseSysCache, tuple);
    if (!key) return std::nullopt;
    keys.push_back(std::move(*key));
  }
  return keys;
}

std::optional<ForeignKey> ForeignKey::read(Relation table, HeapTuple tuple) {
  const auto* const form = reinterpret_cast<Form_pg_constraint>(GETSTRUCT(tuple));
  AttrNumber child[INDEX_MAX_KEYS], parent[INDEX_MAX_KEYS];
  Oid equal[INDEX_MAX_KEYS];
  int count = 0;
  struct Out {
    AttrNumber *child, *parent;
    Oid* equal;
    int* count;
  } const out{child, parent, equal, &count};
  call([&out, tuple] {
    DeconstructFkConstraintRow(tuple, out.count, out.child, out.parent, out.equal, nullptr, nullptr, nullptr, nullptr);
  });
  if (count != 1 || form->confrelid == RelationGetRelid(table)) return std::nullopt;
  Relation const parent_table = call(table_open, form->confrelid, LOCKMODE{RowShareLock});
  const Form_pg_attribute child_column = TupleDescAttr(RelationGetDescr(table), child[0] - 1);
  const Form_pg_attribute parent_column = TupleDescAttr(RelationGetDescr(parent_table), parent[0] - 1);
  ForeignKey key;
  key.name_ = NameStr(form->conname);
  key.attribute_ = child[0];
  key.type_ = parent_column->atttypid;
  key.parent_owner_ = parent_table->rd_rel->relowner;
  key.parent_name_ = RelationGetRelationName(parent_table);
  Oid left = InvalidOid, right = InvalidOid;
  call([&left, &right, operator_oid = equal[0]] { op_input_types(operator_oid, &left, &right); });
  const bool simple = equal[0] < FirstNormalObjectId && parent_table->rd_rel->relkind == RELKIND_RELATION &&
                      child_column->atttypid == key.type_ && left == key.type_ && right == key.type_ &&
                      child_column->attcollation == parent_column->attcollation &&
                      has_key_image(key.type_, parent_column->attcollation);
  if (simple) {
    HeapTuple const operator_tuple =
        call([operator_oid = equal[0]] { return SearchSysCache1(OPEROID, ObjectIdGetDatum(operator_oid)); });
    const auto* const operator_form = reinterpret_cast<Form_pg_operator>(GETSTRUCT(operator_tuple));
    const std::string column = quoted(NameStr(parent_column->attname));
    // every name is qualified: an unqualified operator would let the user's search_path choose what runs as the owner
    key.query_ = concat("SELECT x.", column, " FROM ONLY ", quoted_relation(parent_table), " x WHERE x.", column, " OPERATOR(",
                        quoted(call(get_namespace_name, operator_form->oprnamespace)), ".", NameStr(operator_form->oprname),
                        ") ANY ($1) FOR KEY SHARE OF x");
    call(ReleaseSysCache, operator_tuple);
  }
  call(table_close, parent_table, LOCKMODE{NoLock});
  if (!simple) return std::nullopt;
  return key;
}

bool ForeignKey::check(TupleTableSlot** slots, std::size_t count, std::vector<bool>& good) {
  if (known_bytes_ > kMaxKnownBytes) {
    known_ = KeySet();
    known_bytes_ = 0;
  }
  KeySet asked;
  std::vector<Datum> unknown;
  const int at = attribute_ - 1;
  for (std::size_t i = 0; i < count; i++) {
    if (slots[i]->tts_isnull[at]) continue;
    const Key key = key_of(type_, slots[i]->tts_values[at]);
    if (!known_.has(key) && asked.add(key)) unknown.push_back(slots[i]->tts_values[at]);
  }
  if (unknown.empty()) return true;
  ask(unknown);
  // The query's snapshot is older than the commits it waited for. What it missed is asked for again, by a new one: else a row
  // could be rejected for the old state behind one that was rejected for the new.
  std::erase_if(unknown, [this](Datum value) { return known_.has(key_of(type_, value)); });
  if (unknown.empty()) return true;
  ask(unknown);
  good.assign(count, true);
  bool all_good = true;
  for (std::size_t i = 0; i < count; i++) {
    good[i] = slots[i]->tts_isnull[at] || known_.has(key_of(type_, slots[i]->tts_values[at]));
    all_good = all_good && good[i];
  }
  return all_good;
}

/// Asks the parent for keys and remembers those that it has.
void ForeignKey::ask(std::vector<Datum> keys) {
  Datum* const values = keys.data();  // construct_array() replaces those that are packed by copies of its own
  const int count = static_cast<int>(keys.size());
  const Oid type = type_, owner = parent_owner_;
  const char* const query = query_.c_str();
  KeySet* const known = &known_;
  std::size_t* const bytes = &known_bytes_;
  call([=] {
    std::int16_t length;
    bool by_value;
    char alignment;
    get_typlenbyvalalign(type, &length, &by_value, &alignment);
    if (SPI_connect() != SPI_OK_CONNECT) elog(ERROR, "SPI_connect failed");
    Oid user;
    int context;
    GetUserIdAndSecContext(&user, &context);
    SetUserIdAndSecContext(owner, context | SECURITY_LOCAL_USERID_CHANGE | SECURITY_NOFORCE_RLS);
    Oid array_type = get_array_type(type);
    SPIPlanPtr const plan = SPI_prepare(query, 1, &array_type);
    if (plan == nullptr) elog(ERROR, "SPI_prepare failed: %s", SPI_result_code_string(SPI_result));
    Datum array = PointerGetDatum(construct_array(values, count, type, length, by_value, alignment));
    const int result = SPI_execute_snapshot(plan, &array, nullptr, InvalidSnapshot, InvalidSnapshot, false, false, 0);
    SetUserIdAndSecContext(user, context);
    if (result != SPI_OK_SELECT) elog(ERROR, "SPI_execute_snapshot failed: %s", SPI_result_code_string(result));
    for (std::uint64_t i = 0; i < SPI_processed; i++) {
      bool is_null;
      const Key key = key_of(type, SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1, &is_null));
      if (known->add(key)) *bytes += key.is_number ? kBytesOfKey : kBytesOfTextKey + key.bytes.size();
    }
    SPI_finish();
  });
}

Problem ForeignKey::violation(Relation table, TupleTableSlot* slot) const {
  const Oid relation = RelationGetRelid(table);
  const AttrNumber attribute = attribute_;
  const Form_pg_attribute column = TupleDescAttr(RelationGetDescr(table), attribute - 1);
  // as the server: the key is shown to those who may read it
  const char* const shown = call([=]() -> const char* {
    if (check_enable_rls(relation, InvalidOid, true) == RLS_ENABLED) return nullptr;
    if (pg_class_aclcheck(relation, GetUserId(), ACL_SELECT) != ACLCHECK_OK &&
        pg_attribute_aclcheck(relation, attribute, GetUserId(), ACL_SELECT) != ACLCHECK_OK)
      return nullptr;
    Oid output;
    bool is_varlena;
    getTypeOutputInfo(column->atttypid, &output, &is_varlena);
    return OidOutputFunctionCall(output, slot->tts_values[attribute - 1]);
  });
  const std::string name = NameStr(column->attname);
  return {.sqlstate = "23503",
          .column = name,
          .constraint = name_,
          .reason = concat("insert or update on table \"", RelationGetRelationName(table),
                           "\" violates foreign key constraint \"", name_, "\""),
          .detail = shown == nullptr ? concat("Key is not present in table \"", parent_name_, "\".")
                                     : concat("Key (", name, ")=(", shown, ") is not present in table \"", parent_name_, "\".")};
}

}  // namespace ferry::load
