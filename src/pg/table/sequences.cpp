#include "pg/table/sequences.hpp"

#include "base/concat.hpp"
#include "pg/guard.hpp"
#include "pg/names.hpp"

#include "pg/server.hpp"

extern "C" {
#include "access/htup_details.h"
#include "access/relation.h"
#include "catalog/namespace.h"
#include "catalog/pg_sequence.h"
#include "commands/sequence.h"
#include "storage/bufmgr.h"
#include "storage/bufpage.h"
#include "storage/lmgr.h"
#include "utils/fmgrprotos.h"
}

namespace ferry::pg {

namespace {

/// Whether the sequence could still give out value or one before it. Calls the server without a guard.
bool has_before_it(Oid sequence, bool ascends, std::int64_t value) {
  Relation const relation = try_open_sequence(sequence);
  if (relation == nullptr) return false;
  const Buffer buffer = ReadBuffer(relation, 0);
  LockBuffer(buffer, BUFFER_LOCK_SHARE);
  Page const page = BufferGetPage(buffer);
  ItemId const item = PageGetItemId(page, FirstOffsetNumber);
  HeapTupleData tuple{};
  tuple.t_data = reinterpret_cast<HeapTupleHeader>(PageGetItem(page, item));
  tuple.t_len = ItemIdGetLength(item);
  const FormData_pg_sequence_data data = *reinterpret_cast<Form_pg_sequence_data>(GETSTRUCT(&tuple));
  UnlockReleaseBuffer(buffer);
  relation_close(relation, NoLock);
  if (value == data.last_value) return !data.is_called;
  return ascends ? value > data.last_value : value < data.last_value;
}

/// The same, and value is within the limits of the sequence. Calls the server without a guard.
bool is_behind(Oid sequence, std::int64_t value) {
  HeapTuple const tuple = SearchSysCache1(SEQRELID, ObjectIdGetDatum(sequence));
  if (!HeapTupleIsValid(tuple)) return false;
  const FormData_pg_sequence form = *reinterpret_cast<Form_pg_sequence>(GETSTRUCT(tuple));
  ReleaseSysCache(tuple);
  if (value < form.seqmin || value > form.seqmax) return false;
  return has_before_it(sequence, form.seqincrement > 0, value);
}

/// Calls the server without a guard.
bool may_move(Oid sequence, Oid role) { return pg_class_aclcheck(sequence, role, ACL_UPDATE) == ACLCHECK_OK; }

/// Sets the sequence so that the next value comes after value, if it is not there already. Calls the server without a guard.
void set_forward(Oid sequence, std::int64_t value) {
  HeapTuple const tuple = SearchSysCache1(SEQRELID, ObjectIdGetDatum(sequence));
  if (!HeapTupleIsValid(tuple)) return;
  const FormData_pg_sequence form = *reinterpret_cast<Form_pg_sequence>(GETSTRUCT(tuple));
  ReleaseSysCache(tuple);
  const bool ascends = form.seqincrement > 0;
  if (value < form.seqmin || value > form.seqmax) return;
  // nextval() takes a RowExclusiveLock: while we have ours nobody moves the sequence between our look and our step. Where a
  // transaction that uses the sequence is open we go without, rather than wait for its end.
  const bool locked = ConditionalLockRelationOid(sequence, ShareRowExclusiveLock);
  if (has_before_it(sequence, ascends, value)) DirectFunctionCall2(setval_oid, ObjectIdGetDatum(sequence), Int64GetDatum(value));
  if (locked) UnlockRelationOid(sequence, ShareRowExclusiveLock);
}

}  // namespace

std::string sequence_name(Oid sequence) {
  const char* const name = call(get_rel_name, sequence);
  if (call(RelationIsVisible, sequence)) return name;
  return concat(call(schema_of, sequence), '.', name);
}

Relation try_open_sequence(Oid sequence) {
  Relation const relation = try_relation_open(sequence, AccessShareLock);
  if (relation == nullptr) return nullptr;
  if (relation->rd_rel->relkind == RELKIND_SEQUENCE && !RELATION_IS_OTHER_TEMP(relation)) return relation;
  relation_close(relation, NoLock);
  return nullptr;
}

void advance_sequence(const ColumnSequence& from, Oid table_owner, std::int64_t value, const char* kind) {
  const Oid sequence = from.sequence;
  // a value that came from the sequence needs neither a step nor the right to it
  if (!call(is_behind, sequence, value)) return;
  const bool user_may = call(may_move, sequence, GetUserId());
  if (user_may && (from.is_owned || call(may_move, sequence, table_owner))) {
    call(set_forward, sequence, value);
    return;
  }
  notice(concat("sequence \"", sequence_name(sequence), "\" was not moved past the ", kind, " value ", value).c_str(),
         user_may ? "Moving it needs the UPDATE privilege on the sequence for the owner of the table, too."
                  : "Moving it needs the UPDATE privilege on the sequence.");
}

}  // namespace ferry::pg
