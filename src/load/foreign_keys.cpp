#include "load/foreign_keys.hpp"

#include "base/concat.hpp"
#include "load/parent_lock.hpp"
#include "load/table_facts.hpp"
#include "pg/trigger_list.hpp"

#include "pg/server.hpp"

extern "C" {
#include "access/genam.h"
#include "access/relation.h"
#include "catalog/pg_am.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "storage/lmgr.h"
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

using Definitions = std::vector<std::shared_ptr<ForeignKeyDefinition>>;

namespace {

/// The index of a parent if keys can be looked up in it without a query.
Oid usable_index(Oid index, Oid type) {
  if (!OidIsValid(index)) return InvalidOid;
  Relation const open = call(index_open, index, LOCKMODE{AccessShareLock});
  const Form_pg_index form = open->rd_index;
  const bool is_usable = open->rd_rel->relam == BTREE_AM_OID && form->indisvalid && form->indnkeyatts == 1 &&
                         form->indkey.values[0] > 0 && open->rd_opfamily[0] < FirstNormalObjectId &&
                         open->rd_opcintype[0] == type;
  call(index_close, open, LOCKMODE{NoLock});
  return is_usable ? index : InvalidOid;
}

/// The definition of a foreign key of one column, or nothing. Locks the parent.
std::shared_ptr<ForeignKeyDefinition> read_definition(Relation table, HeapTuple tuple) {
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
  if (count != 1 || form->confrelid == RelationGetRelid(table)) return nullptr;
  Relation const parent_table = call(table_open, form->confrelid, LOCKMODE{RowShareLock});
  const Form_pg_attribute child_column = TupleDescAttr(RelationGetDescr(table), child[0] - 1);
  const Form_pg_attribute parent_column = TupleDescAttr(RelationGetDescr(parent_table), parent[0] - 1);
  ForeignKeyDefinition key;
  key.name = NameStr(form->conname);
  key.attribute = child[0];
  key.type = parent_column->atttypid;
  key.parent = form->confrelid;
  key.parent_owner = parent_table->rd_rel->relowner;
  key.parent_name = RelationGetRelationName(parent_table);
  Oid left = InvalidOid, right = InvalidOid;
  call([&left, &right, operator_oid = equal[0]] { op_input_types(operator_oid, &left, &right); });
  const bool simple = equal[0] < FirstNormalObjectId && parent_table->rd_rel->relkind == RELKIND_RELATION &&
                      child_column->atttypid == key.type && left == key.type && right == key.type &&
                      child_column->attcollation == parent_column->attcollation &&
                      has_key_image(key.type, parent_column->attcollation);
  if (simple) {
    HeapTuple const operator_tuple =
        call([operator_oid = equal[0]] { return SearchSysCache1(OPEROID, ObjectIdGetDatum(operator_oid)); });
    const auto* const operator_form = reinterpret_cast<Form_pg_operator>(GETSTRUCT(operator_tuple));
    const std::string column = quoted(NameStr(parent_column->attname));
    // every name is qualified: an unqualified operator would let the user's search_path choose what runs as the owner
    key.query = concat("SELECT x.", column, " FROM ONLY ", quoted_relation(parent_table), " x WHERE x.", column, " OPERATOR(",
                       quoted(call(get_namespace_name, operator_form->oprnamespace)), ".", NameStr(operator_form->oprname),
                       ") ANY ($1) FOR KEY SHARE OF x");
    call(ReleaseSysCache, operator_tuple);
    key.index = usable_index(form->conindid, key.type);
  }
  call(table_close, parent_table, LOCKMODE{NoLock});
  if (!simple) return nullptr;
  return std::make_shared<ForeignKeyDefinition>(std::move(key));
}

/// The definitions of all that fire, in the order in which the server fires them: by name; nothing where one is not for us.
std::optional<Definitions> read_definitions(Relation table) {
  Definitions keys;
  // a copy: the relation's own goes when an invalidation arrives, which opening the parents lets in
  const TriggerDesc* const triggers = call(CopyTriggerDesc, table->trigdesc);
  for (int i = 0; triggers != nullptr && i < triggers->numtriggers; i++) {
    const Trigger& trigger = triggers->triggers[i];
    if (trigger.tgfoid != F_RI_FKEY_CHECK_INS || !pg::fires(trigger)) continue;
    const Oid constraint = trigger.tgconstraint;
    HeapTuple const tuple = call([constraint] { return SearchSysCache1(CONSTROID, ObjectIdGetDatum(constraint)); });
    if (!HeapTupleIsValid(tuple)) return std::nullopt;
    auto key = read_definition(table, tuple);
    call(ReleaseSysCache, tuple);
    if (!key) return std::nullopt;
    keys.push_back(std::move(key));
  }
  return keys;
}

/// Reads the definitions and lets facts keep them, where nobody has done so for another role of the session.
std::optional<Definitions> read_and_keep(Relation table, TableFacts& facts) {
  std::optional<Definitions> keys = read_definitions(table);
  if (facts.foreign_keys || facts.is_stale) return keys;
  if (keys)
    for (const auto& key : *keys) {
      facts.parents.push_back(key->parent);
      key->keeps_plan = true;
    }
  facts.replication_role = SessionReplicationRole;
  facts.foreign_keys = keys;
  return keys;
}

}  // namespace

void release_plan(ForeignKeyDefinition& definition) {
  if (definition.plan != nullptr) call(SPI_freeplan, definition.plan);
  definition.plan = nullptr;
}

std::optional<std::vector<ForeignKey>> ForeignKey::of_table(Relation table, TableFacts& facts) {
  std::optional<Definitions> definitions;
  if (facts.foreign_keys && facts.replication_role == SessionReplicationRole) {
    definitions = *facts.foreign_keys;
    if (definitions)
      for (const auto& key : *definitions) call(LockRelationOid, key->parent, LOCKMODE{RowShareLock});
  }
  // with its lock comes what others did to a parent until then
  if (!definitions && !(facts.foreign_keys && !*facts.foreign_keys && facts.replication_role == SessionReplicationRole))
    definitions = read_and_keep(table, facts);
  else if (definitions && facts.is_stale)
    definitions = read_definitions(table);
  if (!definitions) return std::nullopt;
  std::vector<ForeignKey> keys;
  for (auto& definition : *definitions) keys.push_back(ForeignKey(std::move(definition)));
  return keys;
}

bool ForeignKey::check(TupleTableSlot** slots, std::size_t count, std::vector<bool>& good) {
  if (known_bytes_ > kMaxKnownBytes) {
    known_ = KeySet();
    known_bytes_ = 0;
  }
  KeySet asked;
  std::vector<Datum> unknown;
  const int at = definition_->attribute - 1;
  for (std::size_t i = 0; i < count; i++) {
    if (slots[i]->tts_isnull[at]) continue;
    const Key key = key_of(definition_->type, slots[i]->tts_values[at]);
    if (!known_.has(key) && asked.add(key)) unknown.push_back(slots[i]->tts_values[at]);
  }
  if (unknown.empty()) return true;
  ask(unknown);
  // The query's snapshot is older than the commits it waited for. What it missed is asked for again, by a new one: else a row
  // could be rejected for the old state behind one that was rejected for the new.
  std::erase_if(unknown, [this](Datum value) { return known_.has(key_of(definition_->type, value)); });
  if (unknown.empty()) return true;
  ask(unknown);
  good.assign(count, true);
  bool all_good = true;
  for (std::size_t i = 0; i < count; i++) {
    good[i] = slots[i]->tts_isnull[at] || known_.has(key_of(definition_->type, slots[i]->tts_values[at]));
    all_good = all_good && good[i];
  }
  return all_good;
}

void ForeignKey::know(const Key& key) {
  if (known_.add(key)) known_bytes_ += key.is_number ? kBytesOfKey : kBytesOfTextKey + key.bytes.size();
}

/// Asks the parent for keys and remembers those that it has.
void ForeignKey::ask(std::vector<Datum> keys) {
  constexpr std::size_t kFew = 256;  // the query goes through many in the order of the index
  const ForeignKeyDefinition& key = *definition_;
  if (keys.size() > kFew || !OidIsValid(key.index) || !call(may_lock_parents, key.parent, key.parent_owner)) {
    ask_by_query(std::move(keys));
    return;
  }
  const auto found = [](void* self, const Key& one) { static_cast<ForeignKey*>(self)->know(one); };
  call([&] { lock_parents(key.parent, key.index, key.type, keys, found, this); });
}

void ForeignKey::ask_by_query(std::vector<Datum> keys) {
  Datum* const values = keys.data();  // construct_array() replaces those that are packed by copies of its own
  const int count = static_cast<int>(keys.size());
  ForeignKeyDefinition* const definition = definition_.get();
  const Oid type = definition->type, owner = definition->parent_owner;
  call([=, this] {
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
    SPIPlanPtr plan = definition->plan;
    if (plan == nullptr) plan = SPI_prepare(definition->query.c_str(), 1, &array_type);
    if (plan == nullptr) elog(ERROR, "SPI_prepare failed: %s", SPI_result_code_string(SPI_result));
    if (definition->keeps_plan && definition->plan == nullptr) {
      SPI_keepplan(plan);
      definition->plan = plan;
    }
    Datum array = PointerGetDatum(construct_array(values, count, type, length, by_value, alignment));
    const int result = SPI_execute_snapshot(plan, &array, nullptr, InvalidSnapshot, InvalidSnapshot, false, false, 0);
    SetUserIdAndSecContext(user, context);
    if (result != SPI_OK_SELECT) elog(ERROR, "SPI_execute_snapshot failed: %s", SPI_result_code_string(result));
    for (std::uint64_t i = 0; i < SPI_processed; i++) {
      bool is_null;
      know(key_of(type, SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1, &is_null)));
    }
    SPI_finish();
  });
}

Problem ForeignKey::violation(Relation table, TupleTableSlot* slot) const {
  const Oid relation = RelationGetRelid(table);
  const AttrNumber attribute = definition_->attribute;
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
          .constraint = definition_->name,
          .reason = concat("insert or update on table \"", RelationGetRelationName(table),
                           "\" violates foreign key constraint \"", definition_->name, "\""),
          .detail = shown == nullptr
                        ? concat("Key is not present in table \"", definition_->parent_name, "\".")
                        : concat("Key (", name, ")=(", shown, ") is not present in table \"", definition_->parent_name, "\".")};
}

}  // namespace ferry::load
