#include "backup/restore/restore_target.hpp"

#include <algorithm>

#include "backup/restore/deferred_foreign_keys.hpp"
#include "backup/restore/keys_elsewhere.hpp"
#include "backup/restore/statement_rows.hpp"
#include "base/concat.hpp"
#include "base/error.hpp"
#include "pg/guard.hpp"
#include "pg/names.hpp"
#include "pg/table/table_engine.hpp"
#include "pg/table/unvalidated.hpp"

#include "pg/server.hpp"

extern "C" {
#include "access/relation.h"
#include "catalog/heap.h"
#include "catalog/pg_am.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_trigger.h"
#include "commands/tablecmds.h"
#include "commands/trigger.h"
#include "foreign/fdwapi.h"
#include "foreign/foreign.h"
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
  // a copy: what others do to the table may replace the relation's own at any look into the catalogs
  const TriggerDesc* const list = pg::call(CopyTriggerDesc, table->trigdesc);
  if (list == nullptr) return;
  for (int i = 0; i < list->numtriggers; i++)
    if (RI_FKey_trigger_type(list->triggers[i].tgfoid) == RI_TRIGGER_PK) body(list->triggers[i]);
}

/// Internal ones are how an engine's TRUNCATE works.
bool has_truncate_trigger(Relation table) {
  const TriggerDesc* const list = table->trigdesc;
  return list != nullptr && std::any_of(list->triggers, list->triggers + list->numtriggers, [](const Trigger& trigger) {
           return TRIGGER_FOR_TRUNCATE(trigger.tgtype) && !trigger.tgisinternal;
         });
}

bool has_truncate_trigger(List* members) {
  for (int i = 0; i < list_length(members); i++) {
    Relation const member = pg::call(try_relation_open, list_nth_oid(members, i), LOCKMODE{AccessShareLock});
    if (member == nullptr) continue;
    const bool found = has_truncate_trigger(member);
    pg::call(relation_close, member, LOCKMODE{AccessShareLock});
    if (found) return true;
  }
  return false;
}

/// Whether TRUNCATE can reach the rows of a foreign table. Calls the server without a guard.
bool can_truncate(Oid foreign_table) {
  const ForeignServer* const server = GetForeignServer(GetForeignServerIdByRelId(foreign_table));
  const Oid handler = GetForeignDataWrapper(server->fdwid)->fdwhandler;
  return OidIsValid(handler) && GetFdwRoutine(handler)->ExecForeignTruncate != nullptr;
}

/// Mode replace has to reach all rows of a table: those in foreign partitions, which nothing here knows by their keys, by
/// TRUNCATE alone, and so those of another engine. Calls the server without a guard.
void check_can_replace(Oid table, bool is_elsewhere, bool is_emptied) {
  List* const members = members_of(table);
  const bool has_trigger = !is_emptied && has_truncate_trigger(members);
  constexpr const char* kDropTrigger = "Drop the TRUNCATE trigger and create it again after the restore.";
  if (is_elsewhere && !is_emptied)
    ereport(ERROR,
            (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("cannot replace rows of table \"%s\"", get_rel_name(table)),
             errdetail("An extension stores them elsewhere, where TRUNCATE alone can replace them, but %s.",
                       has_trigger ? "the table has a TRUNCATE trigger" : "another table references the table"),
             errhint("%s", has_trigger ? kDropTrigger
                                       : "Restore it together with the tables that reference it, or in mode \"upsert\".")));
  for (int i = 0; i < (is_elsewhere ? 0 : list_length(members)); i++) {
    const Oid member = list_nth_oid(members, i);
    if (get_rel_relkind(member) != RELKIND_FOREIGN_TABLE) continue;
    const bool is_reached = can_truncate(member);
    if (is_reached && is_emptied) continue;
    ereport(ERROR,
            (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("cannot replace rows of foreign table \"%s\"", get_rel_name(member)),
             errdetail("It is a partition of table \"%s\".", get_rel_name(table)),
             errhint("%s", is_reached && has_trigger ? kDropTrigger
                                                     : "Detach it, and make an ordinary partition for its rows first.")));
  }
}

/// Whether another engine stores the rows of the table, all of them. Calls the server without a guard.
bool lock_members(Oid table, LOCKMODE lock, Mode mode) {
  List* members = list_make1_oid(table);
  if (get_rel_relkind(table) == RELKIND_PARTITIONED_TABLE) members = find_all_inheritors(table, lock, nullptr);
  bool is_elsewhere = false;
  for (int i = 0; i < list_length(members); i++) {
    Relation const member = relation_open(list_nth_oid(members, i), NoLock);
    CheckTableNotInUse(member, "restore");
    if (RelationGetRelid(member) == table) is_elsewhere = !pg::is_stored_here(member);
    if (is_elsewhere)
      check_statements_suffice(member, mode);
    else
      pg::check_is_stored_here(member, pg::RowUse::restore);
    relation_close(member, NoLock);
  }
  return is_elsewhere;
}

/// parents_elsewhere() of a table and its partitions.
List* parents_of_members(Oid table) {
  const List* const members = members_of(table);
  List* parents = NIL;
  for (int i = 0; i < list_length(members); i++) {
    Relation const member = pg::call(relation_open, list_nth_oid(members, i), LOCKMODE{NoLock});
    parents = pg::call(list_concat_unique_oid, parents, parents_elsewhere(member));
    pg::call(relation_close, member, LOCKMODE{NoLock});
  }
  return parents;
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

void check_syntax(const std::string& name) {
  const char* const text = name.c_str();
  const bool is_name = pg::call([text] {
    List* parts = NIL;
    return SplitIdentifierString(pstrdup(text), '.', &parts) && parts != NIL;
  });
  if (!is_name)
    throw Error("42602", concat("invalid name syntax: \"", name, '"'))
        .hint("A name that is not all lower-case letters, digits and _ is written in double quotes.");
}

/// may_use: checks the right of the user to what the name means.
Oid resolve(const std::string& name, LOCKMODE lock, RangeVarGetRelidCallback may_use = RangeVarCallbackOwnsRelation) {
  check_syntax(name);
  const text* const argument = pg::call(cstring_to_text_with_len, name.data(), static_cast<int>(name.size()));
  return pg::call([=] {
    RangeVar* const range = makeRangeVarFromNameList(textToQualifiedNameList(const_cast<text*>(argument)));
    return RangeVarGetRelidExtended(range, lock, RVR_MISSING_OK, may_use, nullptr);
  });
}

/// Nothing where the table is gone.
std::optional<RestoreTarget> named_target(Oid table) {
  const char* const schema = pg::call(pg::schema_of, table);
  const char* const name = pg::call(get_rel_name, table);
  if (schema == nullptr || name == nullptr) return std::nullopt;
  return RestoreTarget{table, schema, name};
}

/// Whether a foreign key of the table references one of these tables.
bool references(Oid table, const List* parents) {
  Relation const relation = pg::call(relation_open, table, LOCKMODE{NoLock});
  const List* const keys = pg::call(RelationGetFKeyList, relation);
  bool found = false;
  for (int i = 0; i < list_length(keys); i++)
    found |= pg::call(list_member_oid, parents, static_cast<const ForeignKeyCacheInfo*>(list_nth(keys, i))->confrelid);
  pg::call(relation_close, relation, LOCKMODE{NoLock});
  return found;
}

struct Walk {
  const std::vector<RestoreTarget>& targets;
  std::vector<List*> families;
  std::vector<bool> visited;
  std::vector<std::size_t> order;

  void visit(std::size_t index) {
    if (visited[index]) return;
    visited[index] = true;
    for (std::size_t parent = 0; parent < targets.size(); parent++)
      if (!visited[parent] && references(targets[index].oid, families[parent])) visit(parent);
    order.push_back(index);
  }
};

/// Which of the candidates TRUNCATE may empty, in one statement for all of them: those that no table references which is not one
/// of them, and that have no TRUNCATE triggers, their partitions included.
std::vector<bool> find_truncatable(const std::vector<Oid>& tables, std::vector<bool> is_free) {
  std::vector<List*> referrers, members;
  for (std::size_t i = 0; i < tables.size(); i++) {
    members.push_back(members_of(tables[i]));
    referrers.push_back(pg::call(heap_truncate_find_FKs, members[i]));
    is_free[i] = is_free[i] && !has_truncate_trigger(members[i]);
  }
  for (bool has_changed = true; has_changed;) {
    has_changed = false;
    List* emptied = NIL;
    for (std::size_t i = 0; i < tables.size(); i++)
      if (is_free[i]) emptied = pg::call(list_concat_unique_oid, emptied, members[i]);
    for (std::size_t i = 0; i < tables.size(); i++) {
      if (!is_free[i] || pg::call(list_difference_oid, referrers[i], emptied) == NIL) continue;
      is_free[i] = false;
      has_changed = true;
    }
  }
  return is_free;
}

}  // namespace

Mode mode_by_name(const std::string& name) {
  if (name == "replace") return Mode::replace;
  if (name == "append") return Mode::append;
  if (name == "upsert") return Mode::upsert;
  throw Error("22023", concat("mode \"", name, "\" not recognized"))
      .hint("The modes are \"replace\", \"append\" and \"upsert\".");
}

std::optional<RestoreTarget> find_target(const std::string& name) {
  const Oid oid = resolve(name, NoLock);
  if (!OidIsValid(oid)) return std::nullopt;
  check_is_table(oid, name);
  return named_target(oid);
}

std::optional<RestoreTarget> find_table(const std::string& name) { return named_target(resolve(name, NoLock, nullptr)); }

void check_owns(const std::string& name, Oid table) {
  if (resolve(name, NoLock) != table) throw Error("55000", concat("relation \"", name, "\" is another one by now"));
}

std::string name_of_table(Oid table) {
  const char* const name =
      pg::call([table] { return OidIsValid(table) && get_rel_name(table) != nullptr ? pg::qualified_name(table) : nullptr; });
  if (name == nullptr) throw Error("42P01", concat("table with OID ", table, " does not exist"));
  return name;
}

std::vector<LockedTarget> lock_targets(const std::vector<std::string>& names, const std::vector<RestoreTarget>& targets,
                                       Mode mode) {
  std::vector<Oid> oids;
  std::vector<std::size_t> order;
  for (const RestoreTarget& target : targets) order.push_back(oids.size()), oids.push_back(target.oid);
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return oids[a] < oids[b]; });
  const bool replaces = mode == Mode::replace;
  const std::vector<bool> expected = find_truncatable(oids, std::vector<bool>(oids.size(), replaces));
  std::vector<LockedTarget> locked(oids.size());
  for (const std::size_t index : order) {
    // TRUNCATE needs the strongest lock; where it is out of the question, readers may go on
    const LOCKMODE lock = expected[index] ? AccessExclusiveLock : replaces ? ShareRowExclusiveLock : RowExclusiveLock;
    // what is locked must still be what the name meant
    if (resolve(names[index], lock) != oids[index])
      throw Error("40001", concat("could not restore table \"", names[index], "\": another table has its name by now"));
    locked[index].is_elsewhere = pg::call(lock_members, oids[index], lock, mode);
    if (!locked[index].is_elsewhere) locked[index].parents = parents_of_members(oids[index]);
  }
  // keys and triggers may have come and gone while the locks were waited for
  const std::vector<bool> emptied = find_truncatable(oids, expected);
  for (std::size_t i = 0; i < locked.size(); i++) {
    locked[i].is_emptied = emptied[i];
    if (replaces) pg::call(check_can_replace, oids[i], bool{locked[i].is_elsewhere}, bool{emptied[i]});
  }
  return locked;
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

List* referrers_by_other_columns(Relation table, Oid key) {
  List* referrers = NIL;
  for_each_reference(table, [&](const Trigger& trigger) {
    // old rows that break a key which is not valid would fail a check of all: it is checked for the values that go
    if (trigger.tgconstrindid != key && pg::call(pg::is_validated, Oid{trigger.tgconstraint}))
      referrers = pg::call(list_append_unique_oid, referrers, trigger.tgconstrrelid);
  });
  return referrers;
}

std::vector<std::size_t> fill_order(const std::vector<RestoreTarget>& targets) {
  Walk walk{targets, {}, std::vector<bool>(targets.size()), {}};
  for (const RestoreTarget& target : targets) walk.families.push_back(family_of(target.oid));
  for (std::size_t i = 0; i < targets.size(); i++) walk.visit(i);
  return walk.order;
}

}  // namespace ferry::backup
