#include "backup/sequences.hpp"

#include <string>

#include "base/concat.hpp"
#include "base/error.hpp"
#include "pg/encoding.hpp"
#include "pg/guard.hpp"

#include "pg/server.hpp"

extern "C" {
#include "access/relation.h"
#include "catalog/dependency.h"
#include "catalog/pg_sequence.h"
#include "commands/sequence.h"
#include "executor/spi.h"
#include "utils/fmgrprotos.h"
}

namespace ferry::backup {
namespace {

struct Position {
  std::int64_t last_value, increment;
  bool is_called;

  [[nodiscard]] bool operator==(const Position& other) const {
    return last_value == other.last_value && is_called == other.is_called;
  }
  /// Whether nextval() gives values here that it has given there already.
  [[nodiscard]] bool is_before(const Position& other) const {
    if (last_value != other.last_value) return increment > 0 ? last_value < other.last_value : last_value > other.last_value;
    return !is_called && other.is_called;
  }
};

/// The one row of a sequence. Calls the server without a guard.
Position read_position(Oid sequence) {
  Position position{};
  Relation const relation = relation_open(sequence, AccessShareLock);
  TupleTableSlot* const slot = table_slot_create(relation, nullptr);
  TableScanDesc const scan = table_beginscan_strat(relation, SnapshotSelf, 0, nullptr, true, false);
  if (!table_scan_getnextslot(scan, ForwardScanDirection, slot))
    elog(ERROR, "sequence \"%s\" has no row", RelationGetRelationName(relation));
  bool is_null = false;
  position.last_value = DatumGetInt64(slot_getattr(slot, SEQ_COL_LASTVAL, &is_null));
  position.is_called = DatumGetBool(slot_getattr(slot, SEQ_COL_CALLED, &is_null));
  ExecDropSingleTupleTableSlot(slot);
  table_endscan(scan);
  relation_close(relation, AccessShareLock);
  HeapTuple const tuple = SearchSysCache1(SEQRELID, ObjectIdGetDatum(sequence));
  if (!HeapTupleIsValid(tuple)) elog(ERROR, "cache lookup failed for sequence %u", sequence);
  position.increment = reinterpret_cast<Form_pg_sequence>(GETSTRUCT(tuple))->seqincrement;
  ReleaseSysCache(tuple);
  return position;
}

struct Owned {
  Oid sequence;
  std::string column;
};

/// The sequences of a table with the columns that own them.
std::vector<Owned> owned_sequences(Relation table) {
  std::vector<Owned> owned;
  TupleDesc const descriptor = RelationGetDescr(table);
  List* const oids = pg::call(getOwnedSequences, RelationGetRelid(table));
  for (int i = 0; i < list_length(oids); i++) {
    const Oid sequence = list_nth_oid(oids, i);
    const int32 column = pg::call([sequence] {
      Oid owner;
      int32 attribute = 0;
      if (!sequenceIsOwned(sequence, DEPENDENCY_AUTO, &owner, &attribute) &&
          !sequenceIsOwned(sequence, DEPENDENCY_INTERNAL, &owner, &attribute))
        return int32{0};
      return attribute;
    });
    if (column > 0) owned.push_back({sequence, NameStr(TupleDescAttr(descriptor, column - 1)->attname)});
  }
  return owned;
}

/// RESTART gives the sequence a new file that a rollback removes; that file is then put to the exact position.
void set_position(Oid sequence, const Position& to) {
  const char* const name = pg::call(
      [sequence] { return quote_qualified_identifier(get_namespace_name(get_rel_namespace(sequence)), get_rel_name(sequence)); });
  const std::string statement = concat("ALTER SEQUENCE ", name, " RESTART WITH ", to.last_value);
  const char* const text = statement.c_str();
  const std::int64_t last_value = to.last_value;
  const bool is_called = to.is_called;
  pg::call([=] {
    SPI_connect();
    if (const int result = SPI_execute(text, false, 0); result != SPI_OK_UTILITY)
      elog(ERROR, "could not execute \"%s\": %s", text, SPI_result_code_string(result));
    SPI_finish();
    if (is_called) DirectFunctionCall3(setval3_oid, ObjectIdGetDatum(sequence), Int64GetDatum(last_value), BoolGetDatum(true));
  });
}

}  // namespace

std::vector<SequenceEntry> read_sequences(Relation table) {
  std::vector<SequenceEntry> entries;
  for (const Owned& owned : owned_sequences(table)) {
    const Oid sequence = owned.sequence;
    const Position position = pg::call(read_position, sequence);
    const char* const schema = pg::call([sequence] { return get_namespace_name(get_rel_namespace(sequence)); });
    const char* const name = pg::call(get_rel_name, sequence);
    entries.push_back(
        {pg::to_utf8(owned.column), pg::to_utf8(schema), pg::to_utf8(name), position.last_value, position.is_called});
  }
  return entries;
}

void restore_sequences(Relation table, const std::vector<SequenceEntry>& saved, Direction direction) {
  for (const Owned& owned : owned_sequences(table)) {
    const std::string column = pg::to_utf8(owned.column);
    for (const SequenceEntry& entry : saved) {
      if (entry.column != column) continue;
      const Position now = pg::call(read_position, owned.sequence);
      const Position to{entry.last_value, now.increment, entry.is_called};
      if (to == now || (direction == Direction::forward_only && !now.is_before(to))) continue;
      set_position(owned.sequence, to);
    }
  }
}

}  // namespace ferry::backup
