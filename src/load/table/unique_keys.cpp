#include "load/table/unique_keys.hpp"

#include <algorithm>

#include "base/concat.hpp"
#include "pg/compat.hpp"
#include "pg/table/key_image.hpp"
#include "pg/table/trigger_list.hpp"

#include "pg/server.hpp"

extern "C" {
#include "access/genam.h"
#include "access/nbtree.h"
#include "access/skey.h"
#include "access/stratnum.h"
#include "access/xact.h"
#include "catalog/pg_am.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "utils/fmgroids.h"
#include "utils/ruleutils.h"
}

namespace ferry::load {

using pg::call;

namespace {

/// The position of the trigger that checks a deferrable key, among those of the table; -1 where none does.
int find_trigger(Relation table, Relation index) {
  const TriggerDesc* const triggers = table->trigdesc;
  for (int i = 0; triggers != nullptr && i < triggers->numtriggers; i++)
    if (triggers->triggers[i].tgfoid == F_UNIQUE_KEY_RECHECK && triggers->triggers[i].tgconstrindid == RelationGetRelid(index) &&
        pg::fires(triggers->triggers[i]))
      return i;
  return -1;
}

/// Whether key_of() knows the keys in that column of the index. What texts have in common has the same bytes in each of them.
bool has_image_at(Relation table, Relation index, int column) {
  const Oid type = index->rd_opcintype[column];
  const Oid stored =
      call(getBaseType, TupleDescAttr(RelationGetDescr(table), index->rd_index->indkey.values[column] - 1)->atttypid);
  // an operator class of a user's may call equal what has different bytes
  return index->rd_opfamily[column] < FirstNormalObjectId && (stored == type || (type == TEXTOID && stored == VARCHAROID)) &&
         pg::has_key_image(type, index->rd_indcollation[column]);
}

}  // namespace

bool UniqueKey::supports(Relation table, Relation index) {
  const Form_pg_index form = index->rd_index;
  if (!form->indimmediate && find_trigger(table, index) < 0) return false;
  if (index->rd_rel->relam != BTREE_AM_OID || !form->indisvalid || !form->indisready) return false;
  for (int i = 0; i < form->indnkeyatts; i++)
    if (form->indkey.values[i] <= 0 || index->rd_opfamily[i] >= FirstNormalObjectId) return false;
  return call(RelationGetIndexExpressions, index) == NIL && call(RelationGetIndexPredicate, index) == NIL;
}

UniqueKey::UniqueKey(Relation table, Relation index)
    : table_(table), index_(index), has_image_(!index->rd_index->indnullsnotdistinct) {
  for (int i = 0; i < index->rd_index->indnkeyatts; i++) {
    attributes_.push_back(index->rd_index->indkey.values[i]);
    types_.push_back(index->rd_opcintype[i]);
    has_image_ = has_image_ && has_image_at(table, index, i);
  }
  if (!index->rd_index->indimmediate) trigger_position_ = find_trigger(table, index);
  is_number_ = types_.size() == 1 && has_image_ && types_[0] != UUIDOID && types_[0] != TEXTOID &&
               TupleDescAttr(RelationGetDescr(table), attributes_[0] - 1)->attnotnull;
  found_ = call([table] { return table_slot_create(table, nullptr); });
}

void UniqueKey::close() { call(ExecDropSingleTupleTableSlot, found_); }

void UniqueKey::begin_batch() {
  in_gap_ = false;
  InitDirtySnapshot(dirty_);
  search_ = call([this] { return pg::KeySearch::open(table_, RelationGetRelid(index_), &dirty_); });
  if (is_number_ && !knows_largest_) find_largest();
}

void UniqueKey::forget_accepted() {
  accepted_.clear();
  accepted_rows_.clear();
  ascending_.clear();
}

void UniqueKey::end_batch() {
  call([this] {
    ExecClearTuple(found_);
    search_->close();
  });
  search_.reset();
}

/// The largest key in the index, whoever wrote it.
void UniqueKey::find_largest() {
  knows_largest_ = true;
  const ScanDirection direction = (index_->rd_indoption[0] & INDOPTION_DESC) != 0 ? ForwardScanDirection : BackwardScanDirection;
  call([this, direction] {
    SnapshotData any;
    InitDirtySnapshot(any);
    IndexScanDesc const scan = pg::compat::begin_index_scan(table_, index_, &any, 0);
    index_rescan(scan, nullptr, 0, nullptr, 0);
    if (index_getnext_slot(scan, direction, found_)) {
      bool is_null = false;
      largest_ = pg::key_of(types_[0], slot_getattr(found_, attributes_[0], &is_null)).number;
      has_largest_ = true;
    }
    ExecClearTuple(found_);
    index_endscan(scan);
  });
}

void UniqueKey::find_gap(const std::vector<TupleTableSlot*>& rows) {
  if (!is_number_ || !has_largest_ || rows.size() < 2) return;
  const auto less_than = [this](TupleTableSlot* a, TupleTableSlot* b) { return less(a, b); };
  const auto [least, most] = std::minmax_element(rows.begin(), rows.end(), less_than);
  if (key(*least).number > largest_) return;
  const int at = attributes_[0] - 1;
  const Datum low = (*least)->tts_values[at], high = (*most)->tts_values[at];
  in_gap_ = call([this, low, high] {
    const auto function_of = [this](StrategyNumber strategy) {
      return get_opcode(get_opfamily_member(index_->rd_opfamily[0], types_[0], types_[0], static_cast<std::int16_t>(strategy)));
    };
    SnapshotData any;
    InitDirtySnapshot(any);
    ScanKeyData keys[2];
    ScanKeyInit(&keys[0], 1, BTGreaterEqualStrategyNumber, function_of(BTGreaterEqualStrategyNumber), low);
    ScanKeyInit(&keys[1], 1, BTLessEqualStrategyNumber, function_of(BTLessEqualStrategyNumber), high);
    IndexScanDesc const scan = pg::compat::begin_index_scan(table_, index_, &any, 2);
    index_rescan(scan, keys, 2, nullptr, 0);
    const bool is_empty = !index_getnext_slot(scan, ForwardScanDirection, found_);
    ExecClearTuple(found_);
    index_endscan(scan);
    return is_empty;
  });
}

bool UniqueKey::is_never_taken(TupleTableSlot* slot) const {
  if (index_->rd_index->indnullsnotdistinct) return false;
  for (const AttrNumber attribute : attributes_)
    if (slot->tts_isnull[attribute - 1]) return true;
  return false;
}

Key UniqueKey::key(TupleTableSlot* slot) {
  if (types_.size() == 1) return pg::key_of(types_[0], slot->tts_values[attributes_[0] - 1]);
  image_.clear();
  for (std::size_t i = 0; i < types_.size(); i++) {
    const Key part = pg::key_of(types_[i], slot->tts_values[attributes_[i] - 1]);
    const std::size_t size = part.is_number ? sizeof part.number : part.bytes.size();
    image_.append(reinterpret_cast<const char*>(&size), sizeof size);
    image_.append(part.is_number ? reinterpret_cast<const char*>(&part.number) : part.bytes.data(), size);
  }
  return {.is_number = false, .bytes = image_};
}

bool UniqueKey::beyond_largest(TupleTableSlot* slot) {
  if (!is_number_) return false;
  return !has_largest_ || key(slot).number > largest_;
}

bool UniqueKey::ascends(const std::vector<TupleTableSlot*>& rows) const {
  bool has_last = has_largest_;
  std::int64_t last = largest_;
  for (TupleTableSlot* slot : rows) {
    const std::int64_t number = pg::key_of(types_[0], slot->tts_values[attributes_[0] - 1]).number;
    if (has_last && number <= last) return false;
    last = number;
    has_last = true;
  }
  return true;
}

/// As the index orders keys, ascending, nulls last.
int UniqueKey::compare(TupleTableSlot* a, TupleTableSlot* b) const {
  return call([=, this] {
    for (std::size_t i = 0; i < attributes_.size(); i++) {
      const int at = attributes_[i] - 1;
      if (a->tts_isnull[at] || b->tts_isnull[at]) {
        if (a->tts_isnull[at] != b->tts_isnull[at]) return a->tts_isnull[at] ? 1 : -1;
        continue;
      }
      const auto column = static_cast<int>(i);
      FmgrInfo* const order = index_getprocinfo(index_, static_cast<AttrNumber>(column + 1), BTORDER_PROC);
      const int result =
          DatumGetInt32(FunctionCall2Coll(order, index_->rd_indcollation[column], a->tts_values[at], b->tts_values[at]));
      if (result != 0) return result;
    }
    return 0;
  });
}

/// Where the row is among accepted_rows_, or belongs.
std::vector<TupleTableSlot*>::iterator UniqueKey::find_accepted(TupleTableSlot* slot) {
  const auto less_than = [this](TupleTableSlot* a, TupleTableSlot* b) { return compare(a, b) < 0; };
  if (accepted_rows_.empty() || less_than(accepted_rows_.back(), slot)) return accepted_rows_.end();
  return std::lower_bound(accepted_rows_.begin(), accepted_rows_.end(), slot, less_than);
}

bool UniqueKey::has_accepted(const Key& key) {
  for (const std::int64_t number : ascending_) accepted_.add({.number = number});
  ascending_.clear();
  return accepted_.has(key);
}

UniqueKey::Answer UniqueKey::ask(TupleTableSlot* slot, bool probe) {
  if (beyond_largest(slot) || is_never_taken(slot)) return Answer::free;
  const auto is_accepted = [this, slot] {
    if (has_image_) return has_accepted(key(slot));
    const auto at = find_accepted(slot);
    return at != accepted_rows_.end() && compare(*at, slot) == 0;
  };
  if (is_accepted()) return Answer::taken;
  if (!probe || in_gap_) return Answer::free;
  const bool found = call([this, slot] {
    const bool is_there = search_->find(slot, found_);
    ExecClearTuple(found_);
    return is_there;
  });
  if (!found) return Answer::free;
  // whether a taken key is a duplicate or a serialization failure, only the server's own insert finds out
  if (IsolationIsSerializable()) return Answer::unknown;
  return TransactionIdIsValid(dirty_.xmin) || TransactionIdIsValid(dirty_.xmax) ? Answer::unknown : Answer::taken;
}

bool UniqueKey::has_other(TupleTableSlot* slot) {
  return call([this, slot] {
    const bool is_there = search_->find(slot, found_, &slot->tts_tid);
    ExecClearTuple(found_);
    return is_there && !TransactionIdIsValid(dirty_.xmin) && !TransactionIdIsValid(dirty_.xmax);
  });
}

void UniqueKey::accept(TupleTableSlot* slot) {
  if (is_never_taken(slot)) return;
  if (!has_image_) {
    accepted_rows_.insert(find_accepted(slot), slot);
    return;
  }
  const Key accepted = key(slot);
  if (is_number_ && (!has_largest_ || accepted.number > largest_)) {
    largest_ = accepted.number;
    has_largest_ = true;
    ascending_.push_back(accepted.number);
  } else {
    accepted_.add(accepted);
  }
}

bool UniqueKey::less(TupleTableSlot* a, TupleTableSlot* b) const {
  const int at = attributes_[0] - 1;
  if (a->tts_isnull[at] || b->tts_isnull[at]) return b->tts_isnull[at] && !a->tts_isnull[at];
  const Key x = pg::key_of(types_[0], a->tts_values[at]), y = pg::key_of(types_[0], b->tts_values[at]);
  return x.is_number ? x.number < y.number : x.bytes < y.bytes;
}

/// Looks up what the server shows of a key to this user: nothing to those who may not read its columns. Asking the server each
/// time would deparse the index each time.
void UniqueKey::find_out_what_is_shown(TupleTableSlot* slot) {
  const char* const columns = call([this, slot]() -> const char* {
    Datum values[INDEX_MAX_KEYS];
    bool nulls[INDEX_MAX_KEYS];
    for (std::size_t i = 0; i < attributes_.size(); i++) {
      values[i] = slot->tts_values[attributes_[i] - 1];
      nulls[i] = slot->tts_isnull[attributes_[i] - 1];
    }
    if (BuildIndexValueDescription(index_, values, nulls) == nullptr) return nullptr;
    return pg_get_indexdef_columns(RelationGetRelid(index_), true);
  });
  shown_columns_ = columns == nullptr ? "" : columns;
  for (std::size_t i = 0; i < attributes_.size(); i++) {
    const Oid type = index_->rd_opcintype[i];
    outputs_.push_back(call([type] {
      Oid output;
      bool is_varlena;
      getTypeOutputInfo(type, &output, &is_varlena);
      return output;
    }));
  }
}

std::string UniqueKey::detail(TupleTableSlot* slot) {
  if (outputs_.empty()) find_out_what_is_shown(slot);
  if (shown_columns_.empty()) return {};
  std::string shown;
  for (std::size_t i = 0; i < attributes_.size(); i++) {
    const int at = attributes_[i] - 1;
    shown += i > 0 ? ", " : "";
    shown += slot->tts_isnull[at] ? "null" : call(OidOutputFunctionCall, outputs_[i], Datum{slot->tts_values[at]});
  }
  return concat("Key (", shown_columns_, ")=(", shown, ") already exists.");
}

Problem UniqueKey::violation(TupleTableSlot* slot) {
  auto attributes = attributes_;
  std::sort(attributes.begin(), attributes.end());
  std::string columns;
  for (const AttrNumber attribute : attributes)
    columns += concat(columns.empty() ? "" : ", ", NameStr(TupleDescAttr(RelationGetDescr(table_), attribute - 1)->attname));
  const std::string name = RelationGetRelationName(index_);
  return {.sqlstate = "23505",
          .column = std::move(columns),
          .constraint = name,
          .reason = concat("duplicate key value violates unique constraint \"", name, "\""),
          .detail = detail(slot)};
}

}  // namespace ferry::load
