#include "pg/parent_lock.hpp"

#include "pg/compat.hpp"
#include "pg/guard.hpp"
#include "pg/key_image.hpp"

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

}  // namespace

void lock_parents(Oid parent_oid, Oid index_oid, Oid type, const std::vector<Datum>& keys, void (*found)(void*, const Key&),
                  void* self) {
  CommandCounterIncrement();
  PushActiveSnapshot(GetTransactionSnapshot());
  Relation const parent = table_open(parent_oid, RowShareLock);
  Relation const index = index_open(index_oid, AccessShareLock);
  TupleTableSlot* const slot = table_slot_create(parent, nullptr);
  const AttrNumber attribute = index->rd_index->indkey.values[0];
  const Oid equal = get_opfamily_member(index->rd_opfamily[0], type, type, BTEqualStrategyNumber);
  ScanKeyData scan_key;
  ScanKeyInit(&scan_key, 1, BTEqualStrategyNumber, get_opcode(equal), Datum{0});
  scan_key.sk_collation = index->rd_indcollation[0];
  IndexScanDesc const scan = compat::begin_index_scan(parent, index, GetActiveSnapshot(), 1);
  for (std::size_t i = 0; i < keys.size(); i++) {
    CHECK_FOR_INTERRUPTS();
    const Key key = key_of(type, keys[i]);
    scan_key.sk_argument = keys[i];
    index_rescan(scan, &scan_key, 1, nullptr, 0);
    if (index_getnext_slot(scan, ForwardScanDirection, slot) && lock_row(parent, slot, type, attribute, key)) found(self, key);
  }
  index_endscan(scan);
  ExecDropSingleTupleTableSlot(slot);
  index_close(index, NoLock);
  table_close(parent, NoLock);
  PopActiveSnapshot();
}

bool may_lock_parents(Oid parent, Oid owner) {
  constexpr AclMode kNeeded = ACL_SELECT | ACL_UPDATE;
  return pg_class_aclmask(parent, owner, kNeeded, ACLMASK_ALL) == kNeeded;
}

}  // namespace ferry::pg
