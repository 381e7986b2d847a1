#include "pg/table/parent_lock.hpp"

#include "pg/compat.hpp"
#include "pg/guard.hpp"
#include "pg/names.hpp"
#include "pg/table/key_image.hpp"

#include "pg/server.hpp"

extern "C" {
#include "access/genam.h"
#include "access/skey.h"
#include "access/stratnum.h"
#include "access/xact.h"
#include "executor/tuptable.h"
}

namespace ferry::pg {

namespace {

[[noreturn]] void fail_serialization(const char* what) {
  ereport(ERROR, (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE), errmsg("could not serialize access due to concurrent %s", what)));
}

/// Locks the row in slot, or the version of it that another transaction made meanwhile. False where none is left that has the
/// key.
bool lock_row(Relation parent, TupleTableSlot* slot, Oid type, AttrNumber attribute, const Key& key) {
  TM_FailureData failure;
  const int flags =
      TUPLE_LOCK_FLAG_LOCK_UPDATE_IN_PROGRESS | (IsolationUsesXactSnapshot() ? 0 : TUPLE_LOCK_FLAG_FIND_LAST_VERSION);
  ItemPointerData tid = slot->tts_tid;
  const TM_Result result = table_tuple_lock(parent, &tid, GetActiveSnapshot(), slot, GetCurrentCommandId(true), LockTupleKeyShare,
                                            LockWaitBlock, static_cast<std::uint8_t>(flags), &failure);
  switch (result) {
    case TM_Ok: {
      if (!failure.traversed) return true;
      bool is_null = false;
      const Datum value = slot_getattr(slot, attribute, &is_null);
      if (is_null) return false;
      const Key now = key_of(type, value);
      return key.is_number ? now.number == key.number : now.bytes == key.bytes;
    }
    case TM_SelfModified:
      return false;
    case TM_Updated:
      fail_serialization("update");
    case TM_Deleted:
      if (IsolationUsesXactSnapshot()) fail_serialization(compat::kParentDeleted);
      return false;
    default:
      elog(ERROR, "unexpected table_tuple_lock status: %d", static_cast<int>(result));
  }
}

/// Parents, and what is told of those that are found.
struct Search {
  Relation parent, index;
  TupleTableSlot* slot;
  Oid type;
  AttrNumber attribute;  ///< of the key
  const std::vector<Datum>& keys;
  void (*found)(void*, const Key&);
  void* self;
};

ScanKeyData condition(const Search& search, StrategyNumber strategy, Datum value) {
  const Oid comparison =
      get_opfamily_member(search.index->rd_opfamily[0], search.type, search.type, static_cast<int16>(strategy));
  ScanKeyData key;
  ScanKeyInit(&key, 1, strategy, get_opcode(comparison), value);
  key.sk_collation = search.index->rd_indcollation[0];
  return key;
}

/// Locks the row in the slot.
void settle(const Search& search, const Key& key) {
  if (lock_row(search.parent, search.slot, search.type, search.attribute, key)) search.found(search.self, key);
}

/// Goes down the index for each key.
void lock_each(const Search& search) {
  ScanKeyData scan_key = condition(search, BTEqualStrategyNumber, Datum{0});
  IndexScanDesc const scan = compat::begin_index_scan(search.parent, search.index, GetActiveSnapshot(), 1);
  for (const Datum value : search.keys) {
    CHECK_FOR_INTERRUPTS();
    scan_key.sk_argument = value;
    index_rescan(scan, &scan_key, 1, nullptr, 0);
    if (index_getnext_slot(scan, ForwardScanDirection, search.slot)) settle(search, key_of(search.type, value));
  }
  index_endscan(scan);
}

constexpr std::uint64_t kMostDense = 512;

/// The indexes of the least and of the largest key in keys, where at least every other number between them is a key.
struct Range {
  std::size_t least = 0, largest = 0;
  bool is_dense = false;
};

Range range_of(Oid type, const std::vector<Datum>& keys) {
  constexpr std::size_t kWorthwhile = 8;
  Range range;
  if (keys.size() < kWorthwhile || !key_of(type, keys[0]).is_number) return range;
  const auto number = [&](std::size_t index) { return key_of(type, keys[index]).number; };
  for (std::size_t i = 1; i < keys.size(); i++) {
    if (number(i) < number(range.least)) range.least = i;
    if (number(i) > number(range.largest)) range.largest = i;
  }
  const std::uint64_t width = static_cast<std::uint64_t>(number(range.largest)) - static_cast<std::uint64_t>(number(range.least));
  range.is_dense = width < kMostDense && width < 2 * keys.size();
  return range;
}

/// Goes through the index once, from the least key to the largest.
void lock_range(const Search& search, const Range& range) {
  bool is_wanted[kMostDense] = {};
  const auto number = [&](Datum value) { return key_of(search.type, value).number; };
  const std::int64_t least = number(search.keys[range.least]);
  for (const Datum value : search.keys) is_wanted[number(value) - least] = true;
  ScanKeyData scan_keys[] = {condition(search, BTGreaterEqualStrategyNumber, search.keys[range.least]),
                             condition(search, BTLessEqualStrategyNumber, search.keys[range.largest])};
  IndexScanDesc const scan = compat::begin_index_scan(search.parent, search.index, GetActiveSnapshot(), 2);
  index_rescan(scan, scan_keys, 2, nullptr, 0);
  while (index_getnext_slot(scan, ForwardScanDirection, search.slot)) {
    CHECK_FOR_INTERRUPTS();
    bool is_null = false;
    const Key key = key_of(search.type, slot_getattr(search.slot, search.attribute, &is_null));
    // an index that is damaged may give anything
    const std::uint64_t index = static_cast<std::uint64_t>(key.number) - static_cast<std::uint64_t>(least);
    if (index < kMostDense && is_wanted[index]) settle(search, key);
  }
  index_endscan(scan);
}

}  // namespace

void lock_parents(Oid parent_oid, Oid index_oid, Oid type, const std::vector<Datum>& keys, void (*found)(void*, const Key&),
                  void* self) {
  CommandCounterIncrement();
  PushActiveSnapshot(GetTransactionSnapshot());
  Relation const parent = table_open(parent_oid, RowShareLock);
  Relation const index = index_open(index_oid, AccessShareLock);
  TupleTableSlot* const slot = table_slot_create(parent, nullptr);
  const Search search{parent, index, slot, type, index->rd_index->indkey.values[0], keys, found, self};
  const Range range = range_of(type, keys);
  if (range.is_dense)
    lock_range(search, range);
  else
    lock_each(search);
  ExecDropSingleTupleTableSlot(slot);
  index_close(index, NoLock);
  table_close(parent, NoLock);
  PopActiveSnapshot();
}

void check_may_name(Oid parent, Oid owner) {
  Oid user;
  int context;
  GetUserIdAndSecContext(&user, &context);
  SetUserIdAndSecContext(owner, context | SECURITY_LOCAL_USERID_CHANGE);
  (void)LookupExplicitNamespace(schema_of(parent), false);
  SetUserIdAndSecContext(user, context);
}

bool may_lock_parents(Oid parent, Oid owner) {
  constexpr AclMode kNeeded = ACL_SELECT | ACL_UPDATE;
  return pg_class_aclmask(parent, owner, kNeeded, ACLMASK_ALL) == kNeeded;
}

}  // namespace ferry::pg
