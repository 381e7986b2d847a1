#include "pg/foreign_key.hpp"

#include "base/concat.hpp"
#include "pg/key_image.hpp"
#include "pg/parent_lock.hpp"

#include "pg/server.hpp"

extern "C" {
#include "access/genam.h"
#include "catalog/pg_am.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_operator.h"
#include "executor/spi.h"
#include "utils/array.h"
}

namespace ferry::pg {

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

}  // namespace

std::shared_ptr<ForeignKeyDefinition> read_foreign_key(Relation table, Oid constraint) {
  HeapTuple const tuple = call([constraint] { return SearchSysCache1(CONSTROID, ObjectIdGetDatum(constraint)); });
  if (!HeapTupleIsValid(tuple)) return nullptr;
  auto key = read_definition(table, tuple);
  call(ReleaseSysCache, tuple);
  return key;
}

void release_plan(ForeignKeyDefinition& definition) {
  if (definition.plan != nullptr) call(SPI_freeplan, definition.plan);
  definition.plan = nullptr;
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
  // asked each time: a plan that is kept does not hear of rights that came by a role and are gone
  call(check_may_name, key.parent, key.parent_owner);
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

}  // namespace ferry::pg
