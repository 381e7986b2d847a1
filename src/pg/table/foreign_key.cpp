#include "pg/table/foreign_key.hpp"

#include <algorithm>

#include "base/concat.hpp"
#include "pg/compat.hpp"
#include "pg/names.hpp"
#include "pg/subtransaction.hpp"
#include "pg/table/key_image.hpp"
#include "pg/table/parent_lock.hpp"
#include "pg/table/table_engine.hpp"

#include "pg/server.hpp"

extern "C" {
#include "access/genam.h"
#include "catalog/pg_am.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_operator.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "utils/array.h"
#include "utils/datum.h"
#include "utils/ruleutils.h"
}

namespace ferry::pg {

namespace {

/// What the keys that are remembered may take; then the memory starts anew. A key of text takes its bytes and some more.
constexpr std::size_t kMaxKnownBytes = 4 << 20;
constexpr std::size_t kBytesOfKey = 40, kBytesOfTextKey = 100;

/// Adds to the context of errors, as long as it lives, whose rights they are about; on the stack only.
class RightsOfOwner {
 public:
  /// key outlives the object.
  explicit RightsOfOwner(const ForeignKeyDefinition& key) : key_(key) {
    callback_.callback = describe;
    callback_.arg = this;
    callback_.previous = error_context_stack;
    error_context_stack = &callback_;
  }
  ~RightsOfOwner() { error_context_stack = callback_.previous; }
  RightsOfOwner(const RightsOfOwner&) = delete;
  RightsOfOwner& operator=(const RightsOfOwner&) = delete;

 private:
  /// Called by the server while it makes an error; raises none. Of a missing right alone, where the catalogs can be read.
  static void describe(void* self) {
    const ForeignKeyDefinition& key = static_cast<const RightsOfOwner*>(self)->key_;
    if (geterrcode() != ERRCODE_INSUFFICIENT_PRIVILEGE) return;
    const char* const owner = GetUserNameFromId(key.parent_owner, true);
    if (owner == nullptr) return;
    set_errcontext_domain(TEXTDOMAIN);
    errcontext_msg("check of foreign key \"%s\" of table \"%s\", which runs as role \"%s\"", key.name.c_str(),
                   key.table_name.c_str(), owner);
  }

  ErrorContextCallback callback_{};
  const ForeignKeyDefinition& key_;
};

std::string quoted(const char* name) {
  return call([name] { return quote_identifier(name); });
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

/// One foreign key of a table as pg_constraint has it.
struct Columns {
  int count = 0;
  AttrNumber child[INDEX_MAX_KEYS], parent[INDEX_MAX_KEYS];
  Oid equal[INDEX_MAX_KEYS];
};

/// Whether keys that the query returns tell which rows are good: one column, and equal keys have equal bytes.
bool may_return_keys(Relation table, Relation parent, const Columns& columns) {
  if (columns.count != 1 || parent->rd_rel->relkind != RELKIND_RELATION) return false;
  const Form_pg_attribute child_column = TupleDescAttr(RelationGetDescr(table), columns.child[0] - 1);
  const Form_pg_attribute parent_column = TupleDescAttr(RelationGetDescr(parent), columns.parent[0] - 1);
  Oid left = InvalidOid, right = InvalidOid;
  call([&left, &right, equal = columns.equal[0]] { op_input_types(equal, &left, &right); });
  const Oid type = parent_column->atttypid;
  return child_column->atttypid == type && left == type && right == type &&
         child_column->attcollation == parent_column->attcollation && has_key_image(type, parent_column->attcollation);
}

// Every name is qualified: an unqualified operator would let the user's search_path choose what runs as the owner.

/// Takes the lock that the server's own check takes.
constexpr std::string_view kLock = " FOR KEY SHARE OF x";

/// What a scan reads of a parent: the rows that it has itself, unless all are elsewhere.
std::string scanned_parent(Relation parent, bool is_elsewhere) {
  const bool reads_all = is_elsewhere || parent->rd_rel->relkind == RELKIND_PARTITIONED_TABLE;
  return concat(reads_all ? "" : "ONLY ", call(qualified_name, RelationGetRelid(parent)), " x");
}

std::string query_for_keys(Relation parent, bool is_elsewhere, const Columns& columns) {
  const std::string column = quoted(NameStr(TupleDescAttr(RelationGetDescr(parent), columns.parent[0] - 1)->attname));
  HeapTuple const tuple = call([equal = columns.equal[0]] { return SearchSysCache1(OPEROID, ObjectIdGetDatum(equal)); });
  const auto* const form = reinterpret_cast<Form_pg_operator>(GETSTRUCT(tuple));
  std::string query =
      concat("SELECT x.", column, " FROM ", scanned_parent(parent, is_elsewhere), " WHERE x.", column, " OPERATOR(",
             quoted(call(get_namespace_name, form->oprnamespace)), ".", NameStr(form->oprname), ") ANY ($1)", kLock);
  call(ReleaseSysCache, tuple);
  return query;
}

std::string query_for_positions(Relation table, Relation parent, bool is_elsewhere, const Columns& columns) {
  std::string arrays, names, condition;
  for (int i = 0; i < columns.count; i++) {
    const Form_pg_attribute child_column = TupleDescAttr(RelationGetDescr(table), columns.child[i] - 1);
    const Form_pg_attribute parent_column = TupleDescAttr(RelationGetDescr(parent), columns.parent[i] - 1);
    arrays += concat(i > 0 ? ", " : "", "pg_catalog.unnest($", i + 1, ")");
    names += concat("a", i + 1, ", ");
    const std::string left = concat("x.", quoted(NameStr(parent_column->attname))), right = concat("k.a", i + 1);
    const char* const clause = call([&left, &right, child_column, parent_column, equal = columns.equal[i]] {
      StringInfoData text;
      initStringInfo(&text);
      generate_operator_clause(&text, left.c_str(), parent_column->atttypid, equal, right.c_str(), child_column->atttypid);
      return const_cast<const char*>(text.data);
    });
    condition += concat(i > 0 ? " AND " : "", clause);
  }
  return concat("SELECT k.n FROM ROWS FROM (", arrays, ") WITH ORDINALITY AS k(", names, "n) JOIN ",
                scanned_parent(parent, is_elsewhere), " ON ", condition, kLock);
}

/// The definition of a foreign key, or nothing. Locks the parent.
std::shared_ptr<ForeignKeyDefinition> read_definition(Relation table, HeapTuple tuple) {
  const auto* const form = reinterpret_cast<Form_pg_constraint>(GETSTRUCT(tuple));
  Columns columns;
  call([&columns, tuple] {
    DeconstructFkConstraintRow(tuple, &columns.count, columns.child, columns.parent, columns.equal, nullptr, nullptr, nullptr,
                               nullptr);
  });
  ForeignKeyDefinition key;
  for (int i = 0; i < columns.count; i++) {
    const Oid type = TupleDescAttr(RelationGetDescr(table), columns.child[i] - 1)->atttypid;
    // an operator of a user's may raise an error of one row, which would end the query for all
    if (columns.equal[i] >= FirstNormalObjectId || !OidIsValid(call(get_array_type, type))) return nullptr;
    key.attributes.push_back(columns.child[i]);
    key.types.push_back(type);
  }
  if (call(compat::has_period, form->oid)) return nullptr;
  Relation const parent = call(table_open, form->confrelid, LOCKMODE{RowShareLock});
  key.constraint = form->oid;
  key.name = NameStr(form->conname);
  key.table_name = RelationGetRelationName(table);
  key.parent = form->confrelid;
  key.parent_owner = parent->rd_rel->relowner;
  key.parent_name = RelationGetRelationName(parent);
  key.is_full = form->confmatchtype == FKCONSTR_MATCH_FULL;
  key.parent_is_partitioned = parent->rd_rel->relkind == RELKIND_PARTITIONED_TABLE;
  key.returns_keys = may_return_keys(table, parent, columns);
  key.parent_is_elsewhere = call(has_rows_elsewhere, parent);
  key.query = key.returns_keys ? query_for_keys(parent, key.parent_is_elsewhere, columns)
                               : query_for_positions(table, parent, key.parent_is_elsewhere, columns);
  if (key.returns_keys && !key.parent_is_elsewhere) key.index = usable_index(form->conindid, key.types[0]);
  key.is_self_reference = form->confrelid == RelationGetRelid(table);
  key.referenced = columns.parent[0];
  key.parent_index = form->conindid;
  call(table_close, parent, LOCKMODE{NoLock});
  if (key.is_self_reference && !key.returns_keys) return nullptr;
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

ForeignKey::Nulls ForeignKey::nulls_of(TupleTableSlot* slot) const {
  std::size_t nulls = 0;
  for (const AttrNumber attribute : definition_->attributes) nulls += slot->tts_isnull[attribute - 1] ? 1 : 0;
  if (nulls == 0) return Nulls::none;
  return nulls == definition_->attributes.size() ? Nulls::all : Nulls::some;
}

/// Equal ones are of equal keys; where the query does not return keys, it lives until the next call.
Key ForeignKey::key_of_row(TupleTableSlot* slot) {
  const ForeignKeyDefinition& key = *definition_;
  if (key.returns_keys) return key_of(key.types[0], slot->tts_values[key.attributes[0] - 1]);
  image_.clear();
  for (const AttrNumber attribute : key.attributes)
    append_image(image_, TupleDescAttr(slot->tts_tupleDescriptor, attribute - 1), slot->tts_values[attribute - 1]);
  return {.is_number = false, .bytes = image_};
}

bool ForeignKey::check(TupleTableSlot** slots, std::size_t count, std::vector<bool>& good, const KeySet* promised) {
  if (known_bytes_ > kMaxKnownBytes) forget();
  const auto is_good = [&](const Key& key) { return known_.has(key) || (promised != nullptr && promised->has(key)); };
  KeySet asked;
  std::vector<TupleTableSlot*> unknown;
  bool has_mixed = false;
  for (std::size_t i = 0; i < count; i++) {
    const Nulls nulls = nulls_of(slots[i]);
    has_mixed = has_mixed || (nulls == Nulls::some && definition_->is_full);
    if (nulls != Nulls::none) continue;
    const Key key = key_of_row(slots[i]);
    if (!is_good(key) && asked.add(key)) unknown.push_back(slots[i]);
  }
  const auto ask_for_unknown = [&] {
    if (!unknown.empty()) ask(unknown);
    std::erase_if(unknown, [this](TupleTableSlot* slot) { return known_.has(key_of_row(slot)); });
  };
  ask_for_unknown();
  // The query's snapshot is older than the commits it waited for. What it missed is asked for again, by a new one: else a row
  // could be rejected for the old state behind one that was rejected for the new.
  ask_for_unknown();
  if (unknown.empty() && !has_mixed) return true;
  good.assign(count, true);
  const auto is_promised = [&](TupleTableSlot* slot) {
    return promised != nullptr && nulls_of(slot) == Nulls::none && promised->has(key_of_row(slot));
  };
  for (std::size_t i = 0; i < count; i++) good[i] = has_passed(slots[i]) || is_promised(slots[i]);
  return false;
}

bool ForeignKey::has_passed(TupleTableSlot* slot) {
  const Nulls nulls = nulls_of(slot);
  return nulls == Nulls::none ? known_.has(key_of_row(slot)) : nulls == Nulls::all || !definition_->is_full;
}

bool ForeignKey::is_same_key(TupleTableSlot* row, TupleTableSlot* other) const {
  const auto is_same = [=](AttrNumber attribute) {
    const Form_pg_attribute of = TupleDescAttr(row->tts_tupleDescriptor, attribute - 1);
    const int i = attribute - 1;
    if (row->tts_isnull[i] || other->tts_isnull[i]) return row->tts_isnull[i] == other->tts_isnull[i];
    return datumIsEqual(row->tts_values[i], other->tts_values[i], of->attbyval, of->attlen);
  };
  return std::all_of(definition_->attributes.begin(), definition_->attributes.end(), is_same);
}

void ForeignKey::forget() {
  known_ = KeySet();
  known_bytes_ = 0;
}

void ForeignKey::know(const Key& key) {
  if (known_.add(key)) known_bytes_ += key.is_number ? kBytesOfKey : kBytesOfTextKey + key.bytes.size();
}

/// Asks the parent for the keys of rows and remembers those that it has.
void ForeignKey::ask(const std::vector<TupleTableSlot*>& rows) {
  constexpr std::size_t kFew = 256;  // the query goes through many in the order of the index
  const ForeignKeyDefinition& key = *definition_;
  const RightsOfOwner rights(key);
  // asked each time: a plan that is kept does not hear of rights that came by a role and are gone
  call(check_may_name, key.parent, key.parent_owner);
  if (key.parent_is_elsewhere) return ask_engine(rows);
  if (rows.size() > kFew || !OidIsValid(key.index) || !call(may_lock_parents, key.parent, key.parent_owner)) {
    ask_by_query(rows);
    return;
  }
  std::vector<Datum> keys;
  for (TupleTableSlot* row : rows) keys.push_back(row->tts_values[key.attributes[0] - 1]);
  const auto found = [](void* self, const Key& one) { static_cast<ForeignKey*>(self)->know(one); };
  call([&] { lock_parents(key.parent, key.index, key.types[0], keys, found, this); });
}

namespace {

/// The values of rows in one column as an array, in the current memory context. Calls the server without a guard.
Datum array_of(const std::vector<TupleTableSlot*>& rows, AttrNumber attribute, Oid type) {
  std::int16_t length;
  bool by_value;
  char alignment;
  get_typlenbyvalalign(type, &length, &by_value, &alignment);
  // a copy: construct_array() replaces those that are packed
  auto* const values = static_cast<Datum*>(palloc(rows.size() * sizeof(Datum)));
  for (std::size_t i = 0; i < rows.size(); i++) values[i] = rows[i]->tts_values[attribute - 1];
  return PointerGetDatum(construct_array(values, static_cast<int>(rows.size()), type, length, by_value, alignment));
}

/// Runs the query, prepared before or now, on the keys of rows. Inside of SPI, with the rights of the parent's owner. Calls the
/// server without a guard. Source: ri_PerformCheck().
void run_query(ForeignKeyDefinition& key, const std::vector<TupleTableSlot*>& rows) {
  const int count = static_cast<int>(key.types.size());
  SPIPlanPtr plan = key.plan;
  Datum arrays[INDEX_MAX_KEYS];
  Oid array_types[INDEX_MAX_KEYS];
  for (int i = 0; i < count; i++) array_types[i] = get_array_type(key.types[static_cast<std::size_t>(i)]);
  if (plan == nullptr) plan = SPI_prepare(key.query.c_str(), count, array_types);
  if (plan == nullptr) elog(ERROR, "SPI_prepare failed: %s", SPI_result_code_string(SPI_result));
  if (key.keeps_plan && key.plan == nullptr) {
    SPI_keepplan(plan);
    key.plan = plan;
  }
  for (int i = 0; i < count; i++) {
    const auto at = static_cast<std::size_t>(i);
    arrays[i] = array_of(rows, key.attributes[at], key.types[at]);
  }
  Snapshot test = InvalidSnapshot, crosscheck = InvalidSnapshot;
  if (key.parent_is_partitioned && IsolationUsesXactSnapshot()) {
    CommandCounterIncrement();
    test = GetLatestSnapshot();
    crosscheck = GetTransactionSnapshot();
  }
  const int result = SPI_execute_snapshot(plan, arrays, nullptr, test, crosscheck, false, false, 0);
  if (result != SPI_OK_SELECT) elog(ERROR, "SPI_execute_snapshot failed: %s", SPI_result_code_string(result));
}

}  // namespace

/// Asks an engine, which may know no locks of single rows: then without them.
void ForeignKey::ask_engine(const std::vector<TupleTableSlot*>& rows) {
  ForeignKeyDefinition& key = *definition_;
  if (!key.query.ends_with(kLock)) return ask_by_query(rows);
  const auto error =
      attempt([&] { ask_by_query(rows); }, [](const char* sqlstate) { return std::string_view(sqlstate) == "0A000"; });
  if (!error) return;
  key.query.resize(key.query.size() - kLock.size());
  release_plan(key);
  ask_by_query(rows);
}

void ForeignKey::ask_by_query(const std::vector<TupleTableSlot*>& rows) {
  ForeignKeyDefinition& key = *definition_;
  call([&key, &rows, this] {
    if (SPI_connect() != SPI_OK_CONNECT) elog(ERROR, "SPI_connect failed");
    Oid user;
    int context;
    GetUserIdAndSecContext(&user, &context);
    SetUserIdAndSecContext(key.parent_owner, context | SECURITY_LOCAL_USERID_CHANGE | SECURITY_NOFORCE_RLS);
    run_query(key, rows);
    SetUserIdAndSecContext(user, context);
    for (std::uint64_t i = 0; i < SPI_processed; i++) {
      bool is_null;
      const Datum found = SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1, &is_null);
      know(key.returns_keys ? key_of(key.types[0], found) : key_of_row(rows[static_cast<std::size_t>(DatumGetInt64(found) - 1)]));
    }
    SPI_finish();
  });
}

}  // namespace ferry::pg
