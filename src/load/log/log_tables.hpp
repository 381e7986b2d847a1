#pragma once

#include <cstdint>
#include <string_view>

#include "load/record/record.hpp"

#include "pg/server.hpp"

/// The tables of the log, which nobody but the extension's owner may touch, for the code that goes into them directly. The
/// functions call the server without a guard of their own.
namespace ferry::load {

/// Columns of ferry_load_log.
enum LoadColumn : AttrNumber {
  kLoadId = 1,
  kLoadSchema,
  kLoadTable,
  kLoadOwner,
  kLoadColumnNames,
  kLoadSource,
  kLoadSourceBytes,
  kLoadedBy,
  kLoadStartedAt,
  kLoadFinishedAt,
  kLoadRowsRead,
  kLoadRowsLoaded,
  kLoadRowsRejected,
  kLoadRowsSkipped,
  kLoadOptions,
  kLoadSourceDigest,
  kLoadRejectsNotKept,
  kLoadColumns = kLoadRejectsNotKept,
};

/// Columns of ferry_reject_log.
enum RejectColumn : AttrNumber {
  kRejectLoadId = 1,
  kRejectRowNumber,
  kRejectLineNumber,
  kRejectRawRow,
  kRejectRawBytes,
  kRejectSqlstate,
  kRejectColumnName,
  kRejectConstraintName,
  kRejectReason,
  kRejectDetail,
  kRejectHint,
  kRejectResolvedAt,
  kRejectIsCut,
  kRejectCorrectedRow,
  kRejectCorrectedBy,
  kRejectCorrectedAt,
  kRejectColumns = kRejectCorrectedAt,
};

/// Opens and locks a table of the log. Errors: 42704 in a database without the extension.
Relation open_log_table(const char* name, LOCKMODE lock);

/// The bytes of a text or bytea of the log, in the current memory context; of NULL none.
std::string_view bytes_of(TupleTableSlot* row, AttrNumber column);

/// Whether the current user may see a load: a member of the role that ran it, of the role that owned the table then, and every
/// superuser. The rule of the views, too. Roles are known by name; those that are gone count for nobody.
bool may_see_load(const char* loaded_by, const char* table_owner);

/// A new slot of the table's row type with these values in its first columns: what to search its key for. To be dropped.
TupleTableSlot* make_key(Relation table, const Datum* values, int count);

/// Locks a load until the transaction ends, so that its rejects are nobody else's meanwhile; waits for those who have it
/// locked. found: a slot of the table, for its row. False: the load is gone. Errors: 40001 under REPEATABLE READ and higher for
/// a load that the transaction's snapshot does not see.
bool lock_load(Relation loads, std::int64_t load_id, TupleTableSlot* found);

/// Sets the columns of a reject that say why, in the current memory context. The arrays are of the whole row.
void set_problem(const Problem& problem, Datum* values, bool* nulls);

}  // namespace ferry::load
