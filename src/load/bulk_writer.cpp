#include "load/bulk_writer.hpp"

#include <algorithm>

#include "load/exact_writer.hpp"
#include "pg/compat.hpp"
#include "pg/subtransaction.hpp"

#include "pg/server.hpp"

extern "C" {
#include "catalog/catalog.h"
#include "catalog/pg_am.h"
#include "catalog/pg_trigger.h"
#include "executor/executor.h"
#include "executor/nodeModifyTable.h"
#include "nodes/execnodes.h"
#include "optimizer/optimizer.h"
#include "storage/lock.h"
#include "utils/fmgroids.h"
#include "utils/typcache.h"
}

namespace ferry::load {

using pg::call;

namespace {

/// Rows and keys up to these sizes fit a page of heap and btree, whatever becomes of them on the way.
constexpr std::size_t kMaxSafeRowBytes = 2000;

bool has_other_row_trigger(Relation table) {
  const TriggerDesc* const list = table->trigdesc;
  if (list == nullptr) return false;
  for (int i = 0; i < list->numtriggers; i++) {
    const Trigger& trigger = list->triggers[i];
    if (!TRIGGER_FOR_ROW(trigger.tgtype) || !TRIGGER_FOR_INSERT(trigger.tgtype) || trigger.tgenabled == TRIGGER_DISABLED)
      continue;
    if (trigger.tgfoid != F_RI_FKEY_CHECK_INS && trigger.tgfoid != F_UNIQUE_KEY_RECHECK) return true;
  }
  return list->trig_insert_new_table;
}

bool has_mutable_check(Relation table) {
  const TupleConstr* const rules = RelationGetDescr(table)->constr;
  for (int i = 0; rules != nullptr && i < rules->num_check; i++) {
    const char* const text = rules->check[i].ccbin;
    if (call([text] { return contain_mutable_functions(static_cast<Node*>(stringToNode(text))); })) return true;
  }
  return false;
}

/// Whether an index has a column twice: its entries may then be longer than the row.
bool has_column_twice(Relation index) {
  const Form_pg_index form = index->rd_index;
  for (int i = 0; i < form->indnatts; i++)
    for (int j = 0; j < i; j++)
      if (form->indkey.values[i] == form->indkey.values[j]) return true;
  return false;
}

/// Whether a type has rules that may look at tables: a domain with a CHECK that is not immutable, and, to be sure, every type
/// of a user's that is made of others.
bool has_mutable_rule(Oid type) {
  return call([type] {
    if (get_typtype(type) != TYPTYPE_DOMAIN)
      return type >= FirstNormalObjectId && (get_typtype(type) == TYPTYPE_COMPOSITE || OidIsValid(get_element_type(type)));
    // lives as long as the context, which calls back into it when it is reset
    auto* const rules = static_cast<DomainConstraintRef*>(palloc0(sizeof(DomainConstraintRef)));
    InitDomainConstraintRef(type, rules, CurrentMemoryContext, false);
    for (int i = 0; i < list_length(rules->constraints); i++) {
      const auto* const rule = static_cast<DomainConstraintState*>(list_nth(rules->constraints, i));
      if (contain_mutable_functions(reinterpret_cast<Node*>(rule->check_expr))) return true;
    }
    return false;
  });
}

/// Why a table has to be loaded row by row; null where it need not. Source: the conditions of CopyFrom() for CIM_MULTI, and
/// what UniqueKey and ForeignKey can speak for.
const char* reason_against(Rules& rules, OnConflict on_conflict) {
  Relation const table = rules.relation();
  if (on_conflict == OnConflict::update) return "rows are replaced";
  if (table->rd_rel->relkind != RELKIND_RELATION) return "rows are routed";
  if (table->rd_rel->relispartition) return "there is a partition constraint";
  if (has_other_row_trigger(table)) return "triggers may look at the table";
  if (has_mutable_check(table)) return "a CHECK may look at the table";
  for (const Column& column : rules.columns())
    if (has_mutable_rule(column.type)) return "a domain may look at the table";
  return nullptr;
}

/// Whether another session may write into the table, which this one holds its lock on.
bool has_other_writers(Relation table) {
  return call([table] {
    LOCKTAG tag;
    SET_LOCKTAG_RELATION(tag, table->rd_lockInfo.lockRelId.dbId, table->rd_lockInfo.lockRelId.relId);
    int count = 0;
    GetLockConflicts(&tag, ShareLock, &count);
    return count > 0;
  });
}

}  // namespace

std::unique_ptr<BulkWriter> BulkWriter::for_table(Source& source, Rules& rules, const WriterOptions& options) {
  if (reason_against(rules, options.on_conflict) != nullptr) return nullptr;
  auto foreign_keys = ForeignKey::of_table(rules.relation());
  if (!foreign_keys) return nullptr;
  auto writer = std::make_unique<BulkWriter>(source, rules, options, std::move(*foreign_keys));
  Relation const relation = rules.relation();
  writer->table_ = call([&] {
    return pg::TableWriter::open(relation, pg::TriggerSet::all, options.fields_vary ? nullptr : rules.written_columns());
  });
  const ResultRelInfo* const target = writer->table_.target();
  bool supported = !writer->converter_->has_volatile_default();
  writer->needs_subtransaction_ = RelationIsLogicallyLogged(relation);
  for (int i = 0; i < target->ri_NumIndices && supported; i++) {
    Relation const index = target->ri_IndexRelationDescs[i];
    const IndexInfo* const info = target->ri_IndexRelationInfo[i];
    if (index->rd_rel->relam != BTREE_AM_OID || info->ii_Expressions != NIL || info->ii_Predicate != NIL ||
        has_column_twice(index))
      writer->needs_subtransaction_ = true;
    if (!index->rd_index->indisunique && info->ii_ExclusionOps == nullptr) continue;
    supported = info->ii_ExclusionOps == nullptr && UniqueKey::supports(relation, index);
    if (supported) writer->unique_keys_.emplace_back(relation, index);
  }
  if (supported) {
    writer->insert_state_ = call(GetBulkInsertState);
    return writer;
  }
  writer->close();
  return nullptr;
}

BulkWriter::BulkWriter(Source& source, Rules& rules, const WriterOptions& options, std::vector<ForeignKey> foreign_keys)
    : source_(source), rules_(rules), options_(options), notes_(rules, options), foreign_keys_(std::move(foreign_keys)) {
  load_context_ = CurrentMemoryContext;
  converter_ = std::make_unique<RowConverter>(rules_);
  batch_context_ =
      call([] { return AllocSetContextCreate(CurrentMemoryContext, "pg_ferry bulk batch", ALLOCSET_DEFAULT_SIZES); });
}

void BulkWriter::close() {
  for (UniqueKey& key : unique_keys_) key.close();
  call([this] {
    for (TupleTableSlot* slot : slots_) ExecDropSingleTupleTableSlot(slot);
    if (insert_state_ != nullptr) FreeBulkInsertState(insert_state_);
    table_.close();
    MemoryContextDelete(batch_context_);
  });
}

void BulkWriter::forget_largest_keys() {
  for (UniqueKey& key : unique_keys_) key.forget_largest();
}

void BulkWriter::write(const std::vector<Record>& records, std::vector<Result>& results) {
  while (slots_.size() < records.size())
    slots_.push_back(call([this] {
      MemoryContext const caller = MemoryContextSwitchTo(load_context_);
      TupleTableSlot* const slot = table_slot_create(rules_.relation(), nullptr);
      MemoryContextSwitchTo(caller);
      return slot;
    }));
  call([this] {
    for (TupleTableSlot* slot : slots_) ExecClearTuple(slot);
    MemoryContextReset(batch_context_);
  });
  convert_all(records, results);
  check_foreign_keys(results, records.size());
  accept_all(results, records);
  write_accepted(results);
}

/// Step 1. A row that raises is rejected; the values of the rows before it stay, since they live outside of the subtransaction.
void BulkWriter::convert_all(const std::vector<Record>& records, std::vector<Result>& results) {
  for (current_ = 0; current_ < records.size();) {
    const auto error = pg::attempt([&] { call([&] { convert_from(records, results); }); }, is_rejectable);
    if (!error) continue;
    results[current_].state = Result::State::rejected;
    results[current_].problem = rules_.explain(*error, converting_);
    current_++;
  }
}

/// Calls the server without a guard.
void BulkWriter::convert_from(const std::vector<Record>& records, std::vector<Result>& results) {
  MemoryContextSwitchTo(batch_context_);
  ResultRelInfo* const target = table_.target();
  const TupleConstr* const rules = RelationGetDescr(rules_.relation())->constr;
  for (; current_ < records.size(); current_++) {
    CHECK_FOR_INTERRUPTS();
    Result& result = results[current_];
    if (result.state != Result::State::pending) continue;
    converting_ = nullptr;
    source_.split(records[current_], fields_);
    rules_.check_may_insert(fields_);
    TupleTableSlot* const slot = slots_[current_];
    ExecClearTuple(slot);
    ExprContext* const expressions = table_.expression_context();
    ResetExprContext(expressions);
    converter_->convert(fields_, slot, expressions, &converting_);
    if (fields_.problem) {
      result.state = Result::State::rejected;
      result.problem = *fields_.problem;
      continue;
    }
    slot->tts_tableOid = RelationGetRelid(rules_.relation());
    if (rules == nullptr) continue;
    if (rules->has_generated_stored) {
      ExecComputeStoredGenerated(target, table_.executor_state(), slot, CMD_INSERT);
      slot_getallattrs(slot);
    }
    ExecConstraints(target, slot, table_.executor_state());
  }
}

/// Step 2.
void BulkWriter::check_foreign_keys(const std::vector<Result>& results, std::size_t count) {
  if (foreign_keys_.empty()) return;
  accepted_.clear();
  accepted_slots_.clear();
  for (std::size_t i = 0; i < count; i++)
    if (results[i].state == Result::State::pending) {
      accepted_.push_back(i);
      accepted_slots_.push_back(slots_[i]);
    }
  has_parent_.resize(foreign_keys_.size());
  std::vector<bool> good;
  for (std::size_t k = 0; k < foreign_keys_.size(); k++) {
    foreign_keys_[k].check(accepted_slots_.data(), accepted_slots_.size(), good);
    has_parent_[k].assign(count, false);
    for (std::size_t i = 0; i < accepted_.size(); i++) has_parent_[k][accepted_[i]] = good[i];
  }
}

const UniqueKey* BulkWriter::taken_key(TupleTableSlot* slot, bool& unknown) {
  for (UniqueKey& key : unique_keys_) {
    const UniqueKey::Answer answer = key.ask(slot);
    if (answer == UniqueKey::Answer::taken) return &key;
    unknown = answer == UniqueKey::Answer::unknown;
    if (unknown) return nullptr;
  }
  return nullptr;
}

bool BulkWriter::may_be_too_large(TupleTableSlot* slot) const {
  return heap_compute_data_size(slot->tts_tupleDescriptor, slot->tts_values, slot->tts_isnull) > kMaxSafeRowBytes;
}

/// Step 3. The first row that cannot be decided ends it: those behind may depend on it.
void BulkWriter::accept_all(std::vector<Result>& results, const std::vector<Record>& records) {
  accepted_.clear();
  accepted_slots_.clear();
  for (UniqueKey& key : unique_keys_) key.begin_batch();
  for (std::size_t i = 0; i < records.size(); i++) {
    Result& result = results[i];
    if (result.state != Result::State::pending) continue;
    TupleTableSlot* const slot = slots_[i];
    bool unknown = may_be_too_large(slot);
    const UniqueKey* const taken = unknown ? nullptr : taken_key(slot, unknown);
    if (unknown) break;
    if (taken != nullptr) {
      const bool skip = options_.on_conflict == OnConflict::skip;
      result.state = skip ? Result::State::skipped : Result::State::rejected;
      if (!skip) result.problem = taken->violation(slot);
      continue;
    }
    const auto orphan = std::find_if(has_parent_.begin(), has_parent_.end(), [i](const auto& good) { return !good[i]; });
    if (orphan != has_parent_.end()) {
      result.state = Result::State::rejected;
      result.problem = foreign_keys_[static_cast<std::size_t>(orphan - has_parent_.begin())].violation(rules_.relation(), slot);
      continue;
    }
    for (UniqueKey& key : unique_keys_) key.accept(slot);
    accepted_.push_back(i);
    accepted_slots_.push_back(slot);
    result.state = Result::State::loaded;
  }
  for (UniqueKey& key : unique_keys_) key.end_batch();
}

/// Step 4.
void BulkWriter::write_accepted(std::vector<Result>& results) {
  raced_.reset();
  if (accepted_.empty()) return;
  // Rows that are taken back stay in the way of other sessions until this transaction ends, unless it is a subtransaction that
  // takes them back. Two loads that a third one was quicker than would wait for each other.
  if (needs_subtransaction_ || has_other_writers(rules_.relation())) {
    if (!write_in_subtransaction()) reset_from(accepted_.front(), results);
  } else {
    call([this] { insert_accepted(insert_state_); });
    if (raced_) withdraw_raced(results);
  }
  if (notes_.is_empty()) return;
  for (std::size_t i = 0; i < accepted_.size(); i++) {
    TupleTableSlot* const slot = accepted_slots_[i];
    Result& result = results[accepted_[i]];
    if (result.state == Result::State::loaded)
      notes_.take([slot](AttrNumber attribute, bool* is_null) { return slot_getattr(slot, attribute, is_null); }, result,
                  farthest_);
  }
}

/// False where it was rolled back.
bool BulkWriter::write_in_subtransaction() {
  struct Raced {};
  try {
    const auto error = pg::attempt(
        [this] {
          // without the state: the rollback would take the buffer away that it believes to hold
          call([this] { insert_accepted(nullptr); });
          if (raced_) throw Raced{};
        },
        is_rejectable);
    return !error.has_value();
  } catch (const Raced&) {
    return false;
  }
}

/// Leaves the record and all behind it to the row path: what was decided behind it may have been because of it.
void BulkWriter::reset_from(std::size_t first, std::vector<Result>& results) {
  for (std::size_t i = first; i < results.size(); i++) results[i] = Result{};
}

/// Writes heap and indexes, up to the first row that another session was quicker with: an entry behind it would make that
/// session wait for this one while this one waits for it, a deadlock of two loads that both go in ascending order.
/// Calls the server without a guard.
void BulkWriter::insert_accepted(BulkInsertState state) {
  MemoryContext const caller = MemoryContextSwitchTo(batch_context_);
  EState* const executor = table_.executor_state();
  ResultRelInfo* const target = table_.target();
  const CommandId command = GetCurrentCommandId(true);
  table_multi_insert(rules_.relation(), accepted_slots_.data(), static_cast<int>(accepted_slots_.size()), command, 0, state);
  for (std::size_t i = 0; i < accepted_slots_.size() && !raced_ && target->ri_NumIndices > 0; i++) {
    ResetPerTupleExprContext(executor);
    List* const conflicts = pg::compat::insert_index_tuples(target, accepted_slots_[i], executor, false, true, false);
    if (conflicts != NIL) raced_ = i;
  }
  if (state != nullptr) ReleaseBulkInsertStatePin(state);
  CommandCounterIncrement();
  MemoryContextSwitchTo(caller);
}

/// Takes rows back, from the raced one on, for the row path to decide.
void BulkWriter::withdraw_raced(std::vector<Result>& results) {
  Relation const table = rules_.relation();
  for (std::size_t i = *raced_; i < accepted_slots_.size(); i++) {
    TupleTableSlot* const slot = accepted_slots_[i];
    call([table, slot] { simple_table_tuple_delete(table, &slot->tts_tid, GetActiveSnapshot()); });
  }
  call(CommandCounterIncrement);
  reset_from(accepted_[*raced_], results);
}

}  // namespace ferry::load
