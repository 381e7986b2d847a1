#include "load/write/batch_converter.hpp"

#include "base/concat.hpp"
#include "load/write/row_by_row_writer.hpp"
#include "pg/compat.hpp"
#include "pg/subtransaction.hpp"
#include "pg/table/page_scan.hpp"

#include "pg/server.hpp"

extern "C" {
#include "access/tupconvert.h"
#include "executor/executor.h"
#include "executor/nodeModifyTable.h"
#include "utils/lsyscache.h"
}

namespace ferry::load {

using pg::call;

namespace {

/// What the values of a usual batch take: kept from batch to batch. To get it from the system each time costs more than to
/// fill it.
constexpr Size kKeptBatchBytes = Size{512} << 10;

}  // namespace

BatchConverter::BatchConverter(Source& source, TargetTable& target, const WriterOptions& options, pg::TableWriter& table,
                               RowChecks checks)
    : source_(source),
      target_(target),
      options_(options),
      table_(table),
      checks_(checks),
      converter_(target, options.filter, source),
      not_null_(target),
      context_(CurrentMemoryContext),
      slots_(target.facts()) {}

void BatchConverter::close() {
  slots_.clear();
  if (batch_context_ != nullptr) call(MemoryContextDelete, batch_context_);
  batch_context_ = nullptr;
}

/// Makes room for the values of so many records.
void BatchConverter::begin(std::size_t count) {
  const Size kept_bytes = count < kMaxBatchRows ? Size{ALLOCSET_DEFAULT_INITSIZE} : kKeptBatchBytes;
  if (kept_bytes > kept_bytes_) {
    close();  // of a load whose first batches were smaller
    kept_bytes_ = kept_bytes;
  }
  if (batch_context_ == nullptr)
    batch_context_ = call([this, kept_bytes] {
      return AllocSetContextCreateInternal(context_, "pg_ferry batch", 0, kept_bytes, ALLOCSET_DEFAULT_MAXSIZE);
    });
  // what they hold of the batch before is in the context, and freed with it
  slots_.clear();
  call([this] { MemoryContextReset(batch_context_); });
  slots_.provide(count, target_.relation(), batch_context_);
  rows_.clear();
  for (std::size_t i = 0; i < count; i++) rows_.push_back({i, slots_[i], table_.target()});
  difficult_.clear();
}

void BatchConverter::convert(const Batch& batch) {
  begin(batch.size());
  MemoryContext const caller = MemoryContextSwitchTo(batch_context_);
  call([&] { convert_all_simple(batch); });
  for (at_difficult_ = 0; at_difficult_ < difficult_.size(); at_difficult_++) {
    const auto convert_rest = [&] {
      MemoryContextSwitchTo(batch_context_);
      convert_difficult(batch);
    };
    const auto error = pg::attempt([&] { call(convert_rest); },
                                   [this](const char* sqlstate) { return is_rejectable(sqlstate, column_at_work()); });
    if (!error) break;
    const std::size_t at = difficult_[at_difficult_];
    const bool is_of_rules = at_work_ != nullptr;
    // the server keeps what it has prepared of them, half of it where that raised: made anew for the next row
    if (is_of_rules && !prepared_.contains(at_work_)) pg::compat::forget_prepared_expressions(at_work_);
    if (is_of_rules)
      refuse(target_.explain(*error, column_at_work()), batch.result(at), rows_[at]);
    else
      batch.result(at).reject(target_.explain(*error, column_at_work()));
  }
  MemoryContextSwitchTo(caller);
}

/// A row that breaks a rule of RowChecks.
void BatchConverter::refuse(Problem problem, Result& result, BatchRow& row) const {
  if (checks_ == RowChecks::decide)
    result.reject(std::move(problem));
  else
    row.looks_bad = true;
}

void BatchConverter::forget_targets() {
  partitions_.clear();
  prepared_.clear();
  at_work_ = nullptr;
}

/// The column whose value is being made when an error is raised, or null.
const TargetColumn* BatchConverter::column_at_work() const {
  return converting_ != nullptr ? converting_ : target_.column_of_field(source_.failed_field());
}

/// Whether there may be rows of which nothing can raise an error.
bool BatchConverter::may_be_simple() const {
  const Form_pg_class table = target_.relation()->rd_rel;
  const TupleConstr* const constraints = RelationGetDescr(target_.relation())->constr;
  if (!source_.splits_without_errors() || options_.filter != NIL) return false;
  if (table->relkind == RELKIND_PARTITIONED_TABLE || table->relispartition) return false;
  return constraints == nullptr || (!constraints->has_generated_stored && constraints->num_check == 0 && not_null_.can_tell());
}

bool BatchConverter::convert_simple(const Record& record, TupleTableSlot* slot) {
  try {
    source_.split(record, fields_);
  } catch (const Error&) {
    return false;  // to be raised again where it makes a reject
  }
  return converter_.convert_simple(fields_, slot);
}

/// The rows of which nothing can raise: those need no subtransaction. Notes the others in difficult_. Calls the server without a
/// guard.
void BatchConverter::convert_all_simple(const Batch& batch) {
  const bool may_be = may_be_simple();
  for (std::size_t i = 0; i < batch.size(); i++) {
    Result& result = batch.result(i);
    if (result.state != Result::State::pending) continue;
    if (!may_be) {
      difficult_.push_back(i);
      continue;
    }
    CHECK_FOR_INTERRUPTS();
    options_.position->set(batch.record(i));
    TupleTableSlot* const slot = rows_[i].slot;
    if (!convert_simple(batch.record(i), slot)) {
      difficult_.push_back(i);
      continue;
    }
    target_.check_may_insert(fields_);
    slot->tts_tableOid = RelationGetRelid(target_.relation());
    if (auto problem = not_null_.violation(slot, slot)) refuse(std::move(*problem), result, rows_[i]);
  }
}

/// Calls the server without a guard.
void BatchConverter::convert_difficult(const Batch& batch) {
  for (; at_difficult_ < difficult_.size(); at_difficult_++) {
    CHECK_FOR_INTERRUPTS();
    const std::size_t current = difficult_[at_difficult_];
    converting_ = nullptr;
    at_work_ = nullptr;
    options_.position->set(batch.record(current));
    convert_one(batch.record(current), batch.result(current), rows_[current]);
  }
}

/// In the order of COPY. Calls the server without a guard.
void BatchConverter::convert_one(const Record& record, Result& result, BatchRow& row) {
  source_.split(record, fields_);
  target_.check_may_insert(fields_);
  ExprContext* const expressions = table_.expression_context();
  ResetExprContext(expressions);
  if (const ErrorData* const refusal = converter_.convert(fields_, row.slot, expressions, &converting_))
    return result.reject(target_.explain(pg::copy_error(*refusal), converting_));
  if (fields_.problem) return result.reject(*fields_.problem);
  row.slot->tts_tableOid = RelationGetRelid(target_.relation());
  if (!converter_.passes_filter(row.slot, expressions)) {
    result.state = Result::State::filtered;
    return;
  }
  if (checks_ == RowChecks::none) {
    row.looks_bad = not_null_.can_tell() && not_null_.violation(row.slot, row.slot);
    return;
  }
  route(row);
  check_constraints(result, row);
}

/// Calls the server without a guard.
BatchConverter::Partition& BatchConverter::partition_of(ResultRelInfo* target) {
  const auto [known, is_new] = partitions_.try_emplace(target);
  Partition& partition = known->second;
  if (!is_new) return partition;
  MemoryContext const caller = MemoryContextSwitchTo(context_);
  partition.map = table_.map_to(target);
  const bool is_heap = pg::PageScan::fits(target->ri_RelationDesc);
  partition.takes_slots = partition.map == nullptr && is_heap;
  partition.row_type = CreateTupleDescCopy(RelationGetDescr(target->ri_RelationDesc));
  if (is_heap) partition.layout = pg::make_row_layout(partition.row_type);
  const TupleConstr* const constraints = RelationGetDescr(target->ri_RelationDesc)->constr;
  if (constraints == nullptr || !constraints->has_generated_stored)
    partition.not_null = not_null_.of_partition(target->ri_RelationDesc);
  MemoryContextSwitchTo(caller);
  return partition;
}

/// Gives a row to the partition that it belongs to. Calls the server without a guard.
void BatchConverter::route(BatchRow& row) {
  row.target = table_.find_target(row.slot);
  if (row.target == table_.target()) return;
  const Partition& partition = partition_of(row.target);
  TupleTableSlot* const root_row = row.slot;
  if (!partition.takes_slots) {
    row.slot = partition.layout != nullptr
                   ? pg::make_row_slot(partition.row_type, partition.layout)
                   : MakeSingleTupleTableSlot(partition.row_type, table_slot_callbacks(row.target->ri_RelationDesc));
    if (partition.map != nullptr)
      execute_attr_map_slot(partition.map, root_row, row.slot);
    else
      ExecCopySlot(row.slot, root_row);
    slot_getallattrs(row.slot);
  }
  row.slot->tts_tableOid = RelationGetRelid(row.target->ri_RelationDesc);
}

/// Null where the server is to tell.
const NotNull* BatchConverter::not_null_of(ResultRelInfo* target) const {
  if (!not_null_.can_tell()) return nullptr;
  if (target == table_.target()) return &not_null_;
  const auto& partition = partitions_.at(target).not_null;
  return partition ? &*partition : nullptr;
}

/// The name of the first CHECK that a row breaks, or null, of a target whose CHECKs are prepared: as ExecConstraints(), but
/// without an error, which would cost a subtransaction. Calls the server without a guard.
const char* BatchConverter::broken_check(const BatchRow& row) const {
  const TupleConstr& constraints = *RelationGetDescr(row.target->ri_RelationDesc)->constr;
  ExprState* const* const checks = pg::compat::prepared_checks(row.target);
  ExprContext* const expressions = table_.expression_context();
  expressions->ecxt_scantuple = row.slot;
  for (int i = 0; i < constraints.num_check; i++)
    if (checks[i] != nullptr && !ExecCheck(checks[i], expressions)) return constraints.check[i].ccname;
  return nullptr;
}

/// What the server says of such a row.
Problem BatchConverter::check_violation(const BatchRow& row, const char* check, TupleTableSlot* row_of_table) const {
  Relation const relation = row.target->ri_RelationDesc;
  const std::string table = RelationGetRelationName(relation);
  return target_.explain({.sqlstate = "23514",
                          .message = concat("new row for relation \"", table, "\" violates check constraint \"", check, '"'),
                          .detail = failing_row(row_of_table),
                          .hint = {},
                          .schema = call(get_namespace_name, RelationGetNamespace(relation)),
                          .table = table,
                          .column = {},
                          .constraint = check,
                          .context = {}},
                         nullptr);
}

/// Generated columns, NOT NULL, CHECK and, of a partition that is loaded by itself, its bounds. Calls the server without a guard.
void BatchConverter::check_constraints(Result& result, BatchRow& row) {
  if (row.target->ri_FdwRoutine != nullptr) return;  // its server checks
  Relation const relation = row.target->ri_RelationDesc;
  const TupleConstr* const constraints = RelationGetDescr(relation)->constr;
  at_work_ = row.target;
  if (constraints != nullptr && constraints->has_generated_stored) {
    ExecComputeStoredGenerated(row.target, table_.executor_state(), row.slot, CMD_INSERT);
    slot_getallattrs(row.slot);
  }
  bool needs_check = constraints != nullptr;
  if (const NotNull* const rules = needs_check ? not_null_of(row.target) : nullptr) {
    TupleTableSlot* const row_of_table = row.target == table_.target() ? row.slot : slots_[row.at];
    if (auto problem = rules->violation(row.slot, row_of_table)) return refuse(std::move(*problem), result, row);
    needs_check = constraints->num_check > 0;
    if (needs_check && prepared_.contains(row.target)) {
      if (const char* const broken = broken_check(row)) return refuse(check_violation(row, broken, row_of_table), result, row);
      needs_check = false;
    }
  }
  if (needs_check) ExecConstraints(row.target, row.slot, table_.executor_state());
  if (row.target == table_.target() && relation->rd_rel->relispartition)
    ExecPartitionCheck(row.target, row.slot, table_.executor_state(), true);
  if (needs_check) prepared_.insert(row.target);
}

}  // namespace ferry::load
