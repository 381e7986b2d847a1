#include "load/table/table_facts.hpp"

#include <algorithm>
#include <map>

#include "load/table/table_access.hpp"
#include "pg/compat.hpp"
#include "pg/memory.hpp"
#include "pg/table/foreign_key.hpp"
#include "pg/table/page_scan.hpp"
#include "pg/table/row_slot.hpp"

#include "pg/server.hpp"

extern "C" {
#include "access/genam.h"
#include "catalog/dependency.h"
#include "catalog/pg_sequence.h"
#include "executor/executor.h"
#include "parser/parsetree.h"
#include "rewrite/rewriteHandler.h"
#include "utils/inval.h"
}

namespace ferry::load {

using pg::call;

namespace {

/// The facts of all tables that this session has loaded into.
TableFacts*& first_facts() {
  static TableFacts* first = nullptr;
  return first;
}

/// Called by the server, in the middle of anything: nothing is freed here.
void forget_relation(Datum /*unused*/, Oid relation) {
  for (TableFacts* facts = first_facts(); facts != nullptr; facts = facts->next)
    if (!OidIsValid(relation) || facts->table == relation ||
        std::find(facts->parents.begin(), facts->parents.end(), relation) != facts->parents.end())
      facts->is_stale = true;
}

/// A template for the type of a cache's number, which differs from version to version.
template <class CacheId>
void forget_all(Datum /*unused*/, CacheId /*unused*/, std::uint32_t /*unused*/) {
  forget_relation(Datum{0}, InvalidOid);
}

/// Once in a session: the server has few places for callbacks, and none to take one back.
void watch_catalogs() {
  static bool is_watching = false;
  if (is_watching) return;
  is_watching = true;
  CacheRegisterRelcacheCallback(forget_relation, Datum{0});
  // names of schemas are in the queries for parents
  for (const auto cache : {PROCOID, TYPEOID, CONSTROID, SEQRELID, NAMESPACEOID})
    CacheRegisterSyscacheCallback(cache, forget_all, Datum{0});
}

/// Frees what is stale and in nobody's use.
void drop_stale() {
  for (TableFacts** link = &first_facts(); *link != nullptr;) {
    TableFacts* facts = *link;
    if (!facts->is_stale || facts->users > 0) {
      link = &facts->next;
      continue;
    }
    *link = facts->next;
    const std::unique_ptr<TableFacts> owner(facts);
    if (facts->foreign_keys)
      for (const auto& key : facts->foreign_keys->keys) pg::release_plan(*key);
    MemoryContext const context = facts->context;
    if (context != nullptr) call(MemoryContextDelete, context);
  }
}

/// Calls the server without a guard.
bool counts_down(Oid sequence) {
  HeapTuple const tuple = SearchSysCache1(SEQRELID, ObjectIdGetDatum(sequence));
  if (!HeapTupleIsValid(tuple)) return false;
  const bool descends = reinterpret_cast<Form_pg_sequence>(GETSTRUCT(tuple))->seqincrement < 0;
  ReleaseSysCache(tuple);
  return descends;
}

void read_columns(Relation table, TableFacts& facts) {
  TupleDesc const description = RelationGetDescr(table);
  const List* const sequences = call(getOwnedSequences, RelationGetRelid(table));
  for (int i = 0; i < description->natts; i++) {
    Form_pg_attribute const attribute = TupleDescAttr(description, i);
    if (attribute->attisdropped || attribute->attgenerated != '\0') continue;
    TargetColumn column{};
    column.name = NameStr(attribute->attname);
    column.attribute = attribute->attnum;
    column.typmod = attribute->atttypmod;
    column.type = attribute->atttypid;
    TargetColumn* const filled = &column;
    MemoryContext const context = facts.context;
    call([=] {
      Oid function;
      getTypeInputInfo(attribute->atttypid, &function, &filled->input_parameter);
      fmgr_info_cxt(function, &filled->input, context);
      filled->default_value =
          pg::in_context(context, [=] { return reinterpret_cast<Expr*>(build_column_default(table, attribute->attnum)); });
      auto* const expression = reinterpret_cast<Node*>(filled->default_value);
      filled->default_may_look = may_look_at_tables(expression);
      filled->from = pg::find_column_sequence(attribute->attnum, expression, sequences);
      if (OidIsValid(filled->from.sequence)) filled->descends = counts_down(filled->from.sequence);
    });
    facts.columns.push_back(std::move(column));
  }
}

/// Its index, or InvalidOid. Calls the server without a guard.
Oid find_primary_key(Relation table) {
  Oid found = InvalidOid;
  List* const indexes = RelationGetIndexList(table);
  for (int i = 0; i < list_length(indexes) && !OidIsValid(found); i++) {
    const Oid index = list_nth_oid(indexes, i);
    HeapTuple const tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(index));
    if (!HeapTupleIsValid(tuple)) continue;
    const auto* const form = reinterpret_cast<Form_pg_index>(GETSTRUCT(tuple));
    if (form->indisprimary && form->indisvalid) found = index;
    ReleaseSysCache(tuple);
  }
  list_free(indexes);
  return found;
}

/// Attribute numbers of the primary key, in its order; empty where there is none.
void read_primary_key(Relation table, TableFacts& facts) {
  // rd_pkindex leaves out a deferrable key, but for the newest versions
  const Oid index = call(find_primary_key, table);
  if (!OidIsValid(index)) return;
  Relation const open = call(index_open, index, AccessShareLock);
  for (int i = 0; i < open->rd_index->indnkeyatts; i++) facts.primary_key.push_back(open->rd_index->indkey.values[i]);
  call(index_close, open, AccessShareLock);
}

/// The columns of a view that show columns of the one table which its query reads, as updatable ones do.
struct ViewColumns {
  Oid table;
  std::map<AttrNumber, AttrNumber> views{};  ///< column of the table -> column of the view
};

ViewColumns columns_of_view(Relation view) {
  ViewColumns columns{InvalidOid};
  const Query* const query = call(get_view_query, view);
  if (list_length(query->jointree->fromlist) != 1 || !IsA(linitial(query->jointree->fromlist), RangeTblRef)) return columns;
  const int only = linitial_node(RangeTblRef, query->jointree->fromlist)->rtindex;
  const RangeTblEntry* const entry = rt_fetch(only, query->rtable);
  if (entry->rtekind != RTE_RELATION) return columns;
  columns.table = entry->relid;
  for (int i = 0; i < list_length(query->targetList); i++) {
    const auto* const target = static_cast<const TargetEntry*>(list_nth(query->targetList, i));
    const auto* const column = reinterpret_cast<const Var*>(target->expr);
    if (!target->resjunk && IsA(target->expr, Var) && column->varno == only && column->varlevelsup == 0)
      columns.views.emplace(column->varattno, target->resno);
  }
  return columns;
}

/// The table behind a view, through views, and its key as the view shows it.
void read_base(Relation view, TableFacts& facts) {
  ViewColumns columns = columns_of_view(view);
  Oid base = columns.table;
  while (OidIsValid(base)) {
    facts.parents.push_back(base);
    Relation const table = call(table_open, base, LOCKMODE{AccessShareLock});
    if (table->rd_rel->relkind != RELKIND_VIEW) {
      facts.base_table = base;
      read_primary_key(table, facts);
    } else {
      ViewColumns below = columns_of_view(table);
      std::erase_if(below.views, [&](const auto& column) { return columns.views.count(column.second) == 0; });
      for (auto& [column, shown_as] : below.views) shown_as = columns.views.at(shown_as);
      columns = std::move(below);
    }
    call(table_close, table, LOCKMODE{NoLock});
    base = OidIsValid(facts.base_table) ? InvalidOid : columns.table;
  }
  for (AttrNumber& attribute : facts.primary_key) {
    const auto shown = columns.views.find(attribute);
    if (shown == columns.views.end()) return facts.primary_key.clear();
    attribute = shown->second;
  }
}

/// Reads the catalogs. Facts that a change overtook meanwhile are stale from the start, and good for this load.
TableFacts* read_facts(Relation table) {
  constexpr int kMostTables = 32;
  int count = 0;
  for (TableFacts* known = first_facts(); known != nullptr; known = known->next)
    if (++count > kMostTables) known->is_stale = true;
  auto facts = std::make_unique<TableFacts>();
  facts->table = RelationGetRelid(table);
  facts->users = 1;
  facts->next = first_facts();
  // in the list before it is read: a change has to find it
  TableFacts* const raw = first_facts() = facts.release();
  try {
    raw->context = call([] { return AllocSetContextCreate(CacheMemoryContext, "pg_ferry table", ALLOCSET_SMALL_SIZES); });
    call([=] {
      MemoryContext const caller = MemoryContextSwitchTo(raw->context);
      raw->slot_type = CreateTupleDescCopyConstr(RelationGetDescr(table));
      raw->row_layout = pg::make_row_layout(raw->slot_type);
      MemoryContextSwitchTo(caller);
    });
    read_columns(table, *raw);
    if (table->rd_rel->relkind == RELKIND_VIEW)
      read_base(table, *raw);
    else
      read_primary_key(table, *raw);
  } catch (...) {
    raw->is_stale = true;
    raw->users--;
    throw;
  }
  return raw;
}

}  // namespace

FactsInUse::FactsInUse(Relation table) {
  watch_catalogs();
  drop_stale();
  for (facts_ = first_facts(); facts_ != nullptr; facts_ = facts_->next)
    if (facts_->table == RelationGetRelid(table) && !facts_->is_stale) {
      facts_->users++;
      return;
    }
  facts_ = read_facts(table);
}

SlotPool::~SlotPool() {
  constexpr std::size_t kMostSlots = 1000, kMostValues = 50'000;
  const auto columns = static_cast<std::size_t>(facts_.slot_type->natts);
  // too much to keep, or somebody else's are there already: with the context they all go
  if (slots_.size() > kMostSlots || slots_.size() * columns > kMostValues || (!slots_.empty() && !facts_.slots.empty())) {
    facts_.is_stale = true;
  } else if (facts_.slots.empty()) {
    facts_.slots.swap(slots_);
    facts_.used_slots = used_;
  }
}

void SlotPool::provide(std::size_t count, Relation table, MemoryContext rows_context) {
  // rows of a partitioned table are for heaps
  const bool for_heap = table->rd_rel->relkind == RELKIND_PARTITIONED_TABLE || pg::PageScan::fits(table);
  slots_.reserve(count);
  while (slots_.size() < count)
    slots_.push_back(call([for_heap, table, this] {
      return pg::in_context(facts_.context, [=, this] {
        return for_heap ? pg::make_row_slot(facts_.slot_type, facts_.row_layout)
                        : MakeSingleTupleTableSlot(facts_.slot_type, table_slot_callbacks(table));
      });
    }));
  used_ = std::max(used_, count);
  for (std::size_t i = 0; i < count; i++) slots_[i]->tts_mcxt = rows_context;
}

void SlotPool::clear() {
  call([this] {
    for (std::size_t i = 0; i < used_; i++) {
      slots_[i]->tts_flags &= static_cast<std::uint16_t>(~TTS_FLAG_SHOULDFREE);
      ExecClearTuple(slots_[i]);
    }
  });
  used_ = 0;
}

}  // namespace ferry::load
