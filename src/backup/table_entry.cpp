#include "backup/table_entry.hpp"

#include "backup/definition.hpp"
#include "backup/folder.hpp"
#include "backup/sequences.hpp"
#include "pg/encoding.hpp"
#include "pg/guard.hpp"

#include "pg/server.hpp"

extern "C" {
#include "access/relation.h"
}

namespace ferry::backup {
namespace {

/// The unique keys without expressions and predicates.
std::vector<KeyEntry> read_keys(Relation relation) {
  std::vector<KeyEntry> keys;
  List* const oids = pg::call(RelationGetIndexList, relation);
  for (int i = 0; i < list_length(oids); i++) {
    Relation const index = pg::call(relation_open, list_nth_oid(oids, i), LOCKMODE{AccessShareLock});
    const bool is_plain = pg::call([index] {
      return index->rd_index->indisunique && index->rd_index->indisvalid && RelationGetIndexExpressions(index) == NIL &&
             RelationGetIndexPredicate(index) == NIL;
    });
    if (is_plain) {
      KeyEntry& key = keys.emplace_back();
      key.name = pg::to_utf8(RelationGetRelationName(index));
      key.is_primary = index->rd_index->indisprimary;
      for (int at = 0; at < index->rd_index->indnkeyatts; at++) {
        const AttrNumber attribute = index->rd_index->indkey.values[at];
        key.columns.push_back(pg::to_utf8(NameStr(TupleDescAttr(RelationGetDescr(relation), attribute - 1)->attname)));
      }
    }
    pg::call(relation_close, index, LOCKMODE{AccessShareLock});
  }
  return keys;
}

}  // namespace

TableEntry begin_entry(Relation table) {
  TableEntry entry;
  entry.oid = RelationGetRelid(table);
  entry.name = pg::to_utf8(RelationGetRelationName(table));
  entry.schema = pg::to_utf8(pg::call(get_namespace_name, RelationGetNamespace(table)));
  entry.owner = pg::to_utf8(pg::call(GetUserNameFromId, table->rd_rel->relowner, false));
  entry.file = file_name(entry.schema, entry.name, RelationGetRelid(table));
  return entry;
}

void add_facts(TableEntry& entry, Relation table) {
  entry.keys = read_keys(table);
  entry.sequences = read_sequences(table);
  entry.definition = definition_of(table);
}

}  // namespace ferry::backup
