#include "backup/sequences.hpp"

#include <algorithm>
#include <optional>
#include <string>

#include "base/concat.hpp"
#include "base/error.hpp"
#include "pg/encoding.hpp"
#include "pg/guard.hpp"
#include "pg/names.hpp"
#include "pg/table/column_sequence.hpp"
#include "pg/table/sequences.hpp"
#include "pg/table/table_engine.hpp"

#include "pg/server.hpp"

extern "C" {
#include "access/relation.h"
#include "catalog/dependency.h"
#include "catalog/pg_sequence.h"
#include "commands/sequence.h"
#include "executor/spi.h"
#include "rewrite/rewriteHandler.h"
#include "utils/fmgrprotos.h"
#include "utils/rls.h"
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

/// The one row of a sequence that is locked. Calls the server without a guard.
Position read_position(Oid sequence) {
  Position position{};
  Relation const relation = relation_open(sequence, NoLock);
  TupleTableSlot* const slot = table_slot_create(relation, nullptr);
  TableScanDesc const scan = table_beginscan_strat(relation, SnapshotSelf, 0, nullptr, true, false);
  if (!table_scan_getnextslot(scan, ForwardScanDirection, slot))
    elog(ERROR, "sequence \"%s\" has no row", RelationGetRelationName(relation));
  bool is_null = false;
  position.last_value = DatumGetInt64(slot_getattr(slot, SEQ_COL_LASTVAL, &is_null));
  position.is_called = DatumGetBool(slot_getattr(slot, SEQ_COL_CALLED, &is_null));
  ExecDropSingleTupleTableSlot(slot);
  table_endscan(scan);
  relation_close(relation, NoLock);
  HeapTuple const tuple = SearchSysCache1(SEQRELID, ObjectIdGetDatum(sequence));
  if (!HeapTupleIsValid(tuple)) elog(ERROR, "cache lookup failed for sequence %u", sequence);
  position.increment = reinterpret_cast<Form_pg_sequence>(GETSTRUCT(tuple))->seqincrement;
  ReleaseSysCache(tuple);
  return position;
}

/// Locks a sequence until the end of the transaction; false where nobody can use it any more. Calls the server without a guard.
bool try_lock(Oid sequence) {
  Relation const relation = pg::try_open_sequence(sequence);
  if (relation == nullptr) return false;
  relation_close(relation, NoLock);
  return true;
}

/// A column and one of its sequences.
struct FedColumn {
  pg::ColumnSequence from;
  bool feeds;  ///< else the column only owns it
  std::string name;
  AttrNumber attribute;
};

/// The columns of a table that a sequence feeds, or that own one. Locks the sequences.
std::vector<FedColumn> fed_columns(Relation table) {
  std::vector<FedColumn> fed;
  TupleDesc const descriptor = RelationGetDescr(table);
  const List* const owned = pg::call(getOwnedSequences, RelationGetRelid(table));
  for (int i = 0; i < descriptor->natts; i++) {
    const Form_pg_attribute attribute = TupleDescAttr(descriptor, i);
    if (attribute->attisdropped || attribute->attgenerated != '\0') continue;
    const AttrNumber number = attribute->attnum;
    const pg::ColumnSequence from =
        pg::call([=] { return pg::find_column_sequence(number, build_column_default(table, number), owned); });
    if (OidIsValid(from.sequence) && pg::call(try_lock, from.sequence))
      fed.push_back({from, true, NameStr(attribute->attname), number});
    for (int at = 0; at < list_length(owned); at++) {
      const Oid own = list_nth_oid(owned, at);
      if (own != from.sequence && pg::call(pg::owner_column, own) == number && pg::call(try_lock, own))
        fed.push_back({{own, true}, false, NameStr(attribute->attname), number});
    }
  }
  return fed;
}

/// RESTART gives the sequence a new file that a rollback removes; that file is then put to the exact position.
void set_position(Oid sequence, const Position& to) {
  const char* const name = pg::call(pg::qualified_name, sequence);
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

/// The largest integer in a column, or the smallest.
std::string farthest_query(Relation table, const FedColumn& column, bool is_integer, bool ascends) {
  const char* const name = pg::call(quote_identifier, column.name.c_str());
  const bool without_children = table->rd_rel->relkind == RELKIND_RELATION && pg::call(pg::is_stored_here, table);
  const std::string rows = concat(without_children ? "ONLY " : "", pg::call(pg::qualified_name, RelationGetRelid(table)));
  const std::string select = concat("SELECT pg_catalog.", ascends ? "max(" : "min(");
  if (is_integer) return concat(select, name, ")::pg_catalog.int8 FROM ", rows);
  return concat(select, "number)::pg_catalog.int8 FROM (SELECT CASE WHEN shown OPERATOR(pg_catalog.~) ",
                "'^-?[0-9]{1,19}([.]0*)? *$' THEN shown::pg_catalog.numeric END AS number FROM (SELECT ", name,
                "::pg_catalog.text AS shown FROM ", rows, ") texts) numbers WHERE number OPERATOR(pg_catalog.>=) ",
                "-9223372036854775808 AND number OPERATOR(pg_catalog.<=) 9223372036854775807");
}

/// The integer in a column that is the farthest on the way of its sequence; nothing where there is none, or where it
/// is not to be had, which a NOTICE tells.
std::optional<std::int64_t> farthest_value(Relation table, const FedColumn& column, const Position& position) {
  const Oid type = pg::call(getBaseType, TupleDescAttr(RelationGetDescr(table), column.attribute - 1)->atttypid);
  if (!pg::is_integer(type) && !pg::may_read_as_integer(type)) return std::nullopt;
  const bool may_read = pg::call([oid = RelationGetRelid(table)] {
    return pg_class_aclcheck(oid, GetUserId(), ACL_SELECT) == ACLCHECK_OK &&
           check_enable_rls(oid, InvalidOid, true) != RLS_ENABLED;
  });
  if (!may_read) {
    pg::notice(concat("sequence \"", pg::sequence_name(column.from.sequence), "\" was not moved past the values of column \"",
                      column.name, '"')
                   .c_str(),
               "Privileges or row-level security hide them.");
    return std::nullopt;
  }
  const std::string query = farthest_query(table, column, pg::is_integer(type), position.increment > 0);
  bool is_null = true;
  bool* const is_none = &is_null;
  const char* const text = query.c_str();
  const Datum value = pg::call([=] {
    SPI_connect();
    if (const int result = SPI_execute(text, false, 1); result != SPI_OK_SELECT)
      elog(ERROR, "could not execute \"%s\": %s", text, SPI_result_code_string(result));
    const Datum found = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, is_none);
    SPI_finish();
    return found;
  });
  return is_null ? std::nullopt : std::optional(DatumGetInt64(value));
}

/// Sets a sequence that belongs to a column of the table.
void restore_position(const FedColumn& column, const SequenceEntry& entry, Direction direction) {
  const Position now = pg::call(read_position, column.from.sequence);
  const Position to{entry.last_value, now.increment, entry.is_called};
  if (to == now || (direction == Direction::forward_only && !now.is_before(to))) return;
  set_position(column.from.sequence, to);
}

/// Moves a sequence past the values that the column has, or had at the backup. It may feed others, too, and so never goes back.
void pass_values(Relation table, const FedColumn& column, const SequenceEntry* entry) {
  const Oid owner = table->rd_rel->relowner;
  if (entry != nullptr) {
    if (entry->is_called) pg::advance_sequence(column.from, owner, entry->last_value, "restored");
    return;
  }
  const Position now = pg::call(read_position, column.from.sequence);
  if (const auto value = farthest_value(table, column, now)) pg::advance_sequence(column.from, owner, *value, "restored");
}

/// The names in its entry in a manifest.
SequenceEntry names_of(const FedColumn& column) {
  const Oid sequence = column.from.sequence;
  const char* const schema = pg::call(pg::schema_of, sequence);
  return {
      .column = pg::to_utf8(column.name), .schema = pg::to_utf8(schema), .name = pg::to_utf8(pg::call(get_rel_name, sequence))};
}

/// What saved has for each of them, or null. A sequence that has another name by now gets what is left for its column.
std::vector<const SequenceEntry*> match(const std::vector<FedColumn>& fed, const std::vector<SequenceEntry>& saved) {
  std::vector<const SequenceEntry*> matched(fed.size());
  for (const bool by_name : {true, false})
    for (std::size_t i = 0; i < fed.size(); i++) {
      const SequenceEntry now = names_of(fed[i]);
      const auto fits = [&](const SequenceEntry& entry) {
        return entry.column == now.column && (!by_name || (entry.schema == now.schema && entry.name == now.name)) &&
               std::find(matched.begin(), matched.end(), &entry) == matched.end();
      };
      if (matched[i] != nullptr) continue;
      if (const auto found = std::find_if(saved.begin(), saved.end(), fits); found != saved.end()) matched[i] = &*found;
    }
  return matched;
}

}  // namespace

std::vector<SequenceEntry> read_sequences(Relation table) {
  std::vector<SequenceEntry> entries;
  for (const FedColumn& column : fed_columns(table)) {
    const Position position = pg::call(read_position, column.from.sequence);
    SequenceEntry& entry = entries.emplace_back(names_of(column));
    entry.last_value = position.last_value;
    entry.is_called = position.is_called;
  }
  return entries;
}

void restore_sequences(Relation table, const std::vector<SequenceEntry>& saved, Direction direction, Feeders feeders) {
  const std::vector<FedColumn> fed = fed_columns(table);
  const std::vector<const SequenceEntry*> entries = match(fed, saved);
  for (std::size_t i = 0; i < fed.size(); i++) {
    if (feeders == Feeders::own && !fed[i].from.is_owned) continue;
    if (fed[i].from.is_owned && entries[i] != nullptr)
      restore_position(fed[i], *entries[i], direction);
    else if (fed[i].feeds)
      pass_values(table, fed[i], entries[i]);
  }
}

}  // namespace ferry::backup
