#pragma once

#include "pg/guard.hpp"

extern "C" {
#include "access/genam.h"
#include "access/relscan.h"
#include "access/skey.h"
#include "nodes/execnodes.h"
}

/// Rows by the columns of a unique btree index. The functions call the server without a guard of their own.
namespace ferry::pg {

/// Finds rows by key again and again with one scan. Trivially destructible; close() before the (sub)transaction ends.
class KeySearch {
 public:
  /// index: a unique btree index of table without expressions or predicate.
  static KeySearch open(Relation table, Oid index, Snapshot snapshot);
  void close();
  /// The row whose key columns equal those of row, into found, but not the one at except, which may be null; false where there
  /// is none or a key column is null, unless the index takes nulls for equal.
  bool find(TupleTableSlot* row, TupleTableSlot* found, ItemPointer except = nullptr);

 private:
  Relation index_;
  IndexScanDesc scan_;
  MemoryContext context_;  ///< of open(): the scan allocates as it goes what close() frees
  int key_count_;
  ScanKeyData keys_[INDEX_MAX_KEYS];
};

/// Finds the row with the key of row, waits for writers of that key, and locks it for an update. False where there is none.
/// Errors: 40001 under REPEATABLE READ and higher for a row that the transaction's snapshot does not see.
bool find_and_lock_by_key(Relation table, Oid index, TupleTableSlot* row, TupleTableSlot* found);

/// Raises 23505 or 23P01 if the row at tid conflicts with another one in index; returns if the row is gone.
void recheck_unique(Relation table, ItemPointer tid, Oid index);

}  // namespace ferry::pg
