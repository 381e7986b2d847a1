#include "backup/target.hpp"

#include "base/concat.hpp"
#include "base/error.hpp"
#include "pg/guard.hpp"

#include "pg/server.hpp"

extern "C" {
#include "access/relation.h"
#include "catalog/pg_am.h"
#include "catalog/pg_inherits.h"
#include "commands/tablecmds.h"
#include "commands/trigger.h"
#include "nodes/makefuncs.h"
#include "storage/lmgr.h"
#include "utils/varlena.h"
}

namespace ferry::backup {
namespace {

void check_is_table(Oid table, const std::string& name) {
  const char kind = pg::call(get_rel_relkind, table);
  if (kind != RELKIND_RELATION && kind != RELKIND_PARTITIONED_TABLE)
    throw Error("42809", concat('"', name, "\" is not a table")).hint("Only tables and partitioned tables can be restored.");
  if (pg::call(get_rel_persistence, table) == RELPERSISTENCE_TEMP)
    throw Error("0A000", concat("cannot restore temporary table \"", name, '"'));
}

/// Calls body with every trigger by which other rows reference the table.
template <class F>
void for_each_reference(Relation table, F&& body) {
  const TriggerDesc* const list = table->trigdesc;
  if (list == nullptr) return;
  for (int i = 0; i < list->numtriggers; i++)
    if (RI_FKey_trigger_type(list->triggers[i].tgfoid) == RI_TRIGGER_PK) body(list->triggers[i]);
}

bool is_referenced_by_others(Relation table) {
  bool is_referenced = false;
  for_each_reference(table, [&](const Trigger& t) { is_referenced |= t.tgconstrrelid != RelationGetRelid(table); });
  return is_referenced;
}

bool has_truncate_trigger(Relation table) {
  const TriggerDesc* const list = table->trigdesc;
  return list != nullptr && (list->trig_truncate_before_statement || list->trig_truncate_after_statement);
}

/// TRUNCATE needs AccessExclusiveLock; where it is out of the question, readers may go on.
LOCKMODE lock_for(Oid table, Mode mode) {
  if (mode != Mode::replace) return RowExclusiveLock;
  Relation const relation = pg::call(try_relation_open, table, LOCKMODE{AccessShareLock});
  if (relation == nullptr) return AccessExclusiveLock;
  const bool is_by_key = is_referenced_by_others(relation) || has_truncate_trigger(relation);
  pg::call(relation_close, relation, LOCKMODE{AccessShareLock});
  return is_by_key ? ShareRowExclusiveLock : AccessExclusiveLock;
}

/// How well an index tells rows apart: 3 the primary key, 2 referenced, 1 NOT NULL, 0 not at all.
int key_rank(Relation table, Relation index) {
  const Form_pg_index form = index->rd_index;
  const bool is_usable = pg::call([index, form] {
    return form->indisunique && form->indisvalid && index->rd_rel->relam == BTREE_AM_OID &&
           RelationGetIndexExpressions(index) == NIL && RelationGetIndexPredicate(index) == NIL;
  });
  if (!is_usable) return 0;
  if (form->indisprimary) return 3;
  bool is_referenced = false;
  for_each_reference(table, [&](const Trigger& trigger) { is_referenced |= trigger.tgconstrindid == RelationGetRelid(index); });
  if (is_referenced) return 2;
  for (int i = 0; i < form->indnkeyatts; i++)
    if (!TupleDescAttr(RelationGetDescr(table), form->indkey.values[i] - 1)->attnotnull) return 0;
  return 1;
}

Oid resolve(const std::string& name, LOCKMODE lock) {
  const text* const argument = pg::call(cstring_to_text_with_len, name.data(), static_cast<int>(name.size()));
  return pg::call([=] {
    RangeVar* const range = makeRangeVarFromNameList(textToQualifiedNameList(const_cast<text*>(argument)));
    return RangeVarGetRelidExtended(range, lock, 0, RangeVarCallbackOwnsRelation, nullptr);
  });
}

}  // namespace

Mode mode_by_name(const std::string& name) {
  if (name == "replace") return Mode::replace;
  if (name == "append") return Mode::append;
  if (name == "upsert") return Mode::upsert;
  throw Error("22023", concat("mode \"", name, "\" not recognized"))
      .hint("The modes are \"replace\", \"append\" and \"upsert\".");
}

Target find_target(const std::string& name) {
  const Oid oid = resolve(name, NoLock);
  check_is_table(oid, name);
  const char* const schema = pg::call([oid] { return get_namespace_name(get_rel_namespace(oid)); });
  const char* const table = pg::call(get_rel_name, oid);
  if (schema == nullptr || table == nullptr) throw Error("42P01", concat("table \"", name, "\" does not exist"));
  return {oid, schema, table};
}

Relation open_target(const std::string& name, const Target& target, Mode mode) {
  // the lock depends on the table, and what is locked must still be what the name meant
  if (resolve(name, lock_for(target.oid, mode)) != target.oid)
    throw Error("40001", concat("could not restore table \"", name, "\": another table has its name by now"));
  Relation const relation = pg::call(relation_open, target.oid, LOCKMODE{NoLock});
  pg::call(CheckTableNotInUse, relation, "restore");
  return relation;
}

bool may_truncate(Relation table) {
  if (!pg::call(CheckRelationLockedByMe, table, LOCKMODE{AccessExclusiveLock}, false)) return false;
  List* const members = pg::call([table] {
    if (table->rd_rel->relkind != RELKIND_PARTITIONED_TABLE) return list_make1_oid(RelationGetRelid(table));
    return find_all_inheritors(RelationGetRelid(table), AccessExclusiveLock, nullptr);
  });
  for (int i = 0; i < list_length(members); i++) {
    Relation const member = pg::call(relation_open, list_nth_oid(members, i), LOCKMODE{NoLock});
    bool is_free = !has_truncate_trigger(member);
    for_each_reference(member, [&](const Trigger& trigger) {
      is_free &= pg::call([=] { return list_member_oid(members, trigger.tgconstrrelid); });
    });
    pg::call(relation_close, member, LOCKMODE{NoLock});
    if (!is_free) return false;
  }
  return true;
}

Oid find_key(Relation table) {
  List* const oids = pg::call(RelationGetIndexList, table);
  Oid best = InvalidOid;
  int best_rank = 0;
  for (int i = 0; i < list_length(oids); i++) {
    Relation const index = pg::call(relation_open, list_nth_oid(oids, i), LOCKMODE{AccessShareLock});
    if (const int rank = key_rank(table, index); rank > best_rank) best = RelationGetRelid(index), best_rank = rank;
    pg::call(relation_close, index, LOCKMODE{AccessShareLock});
  }
  return best;
}

bool needs_single_bracket(Relation table, Oid key) {
  bool is_needed = false;
  for_each_reference(table, [&](const Trigger& trigger) {
    is_needed |= trigger.tgconstrrelid == RelationGetRelid(table) || trigger.tgconstrindid != key;
  });
  return is_needed;
}

}  // namespace ferry::backup
