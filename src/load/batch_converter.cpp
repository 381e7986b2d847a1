#include "load/batch_converter.hpp"

#include "load/exact_writer.hpp"
#include "pg/compat.hpp"
#include "pg/subtransaction.hpp"

#include "pg/server.hpp"

extern "C" {
#include "executor/executor.h"
#include "executor/nodeModifyTable.h"
}

namespace ferry::load {

using pg::call;

BatchConverter::BatchConverter(Source& source, Rules& rules, const WriterOptions& options, const pg::TableWriter& table)
    : source_(source),
      rules_(rules),
      options_(options),
      table_(table),
      converter_(rules, options.filter, source.may_leave_fields_out()),
      not_null_(rules) {}

void BatchConverter::convert(const Batch& batch, SlotPool& slots, MemoryContext batch_context) {
  difficult_.clear();
  MemoryContext const caller = MemoryContextSwitchTo(batch_context);
  call([&] { convert_all_simple(batch, slots); });
  for (at_difficult_ = 0; at_difficult_ < difficult_.size(); at_difficult_++) {
    const auto convert_rest = [&] {
      MemoryContextSwitchTo(batch_context);
      convert_difficult(batch, slots);
    };
    const auto error = pg::attempt([&] { call(convert_rest); },
                                   [this](const char* sqlstate) { return is_rejectable(sqlstate, column_at_work()); });
    if (!error) break;
    // the server keeps what it has prepared of them, half of it where that raised: made anew for the next row
    if (!has_prepared_) pg::compat::forget_prepared_expressions(table_.target());
    batch.result(difficult_[at_difficult_]).reject(rules_.explain(*error, column_at_work()));
  }
  MemoryContextSwitchTo(caller);
}

/// The column whose value is being made when an error is raised, or null.
const Column* BatchConverter::column_at_work() const {
  return converting_ != nullptr ? converting_ : rules_.column_of_field(source_.failed_field());
}

/// Whether there may be rows of which nothing can raise an error.
bool BatchConverter::may_be_simple() const {
  const TupleConstr* const rules = RelationGetDescr(rules_.relation())->constr;
  if (!source_.splits_without_errors() || options_.filter != NIL) return false;
  return rules == nullptr || (!rules->has_generated_stored && rules->num_check == 0 && not_null_.can_tell());
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
void BatchConverter::convert_all_simple(const Batch& batch, SlotPool& slots) {
  const bool may_be = may_be_simple();
  for (std::size_t i = 0; i < batch.size(); i++) {
    Result& result = batch.result(i);
    if (result.state != Result::State::pending) continue;
    if (!may_be) {
      difficult_.push_back(i);
      continue;
    }
    CHECK_FOR_INTERRUPTS();
    options_.place->set(batch.record(i));
    TupleTableSlot* const slot = slots[i];
    if (!convert_simple(batch.record(i), slot)) {
      difficult_.push_back(i);
      continue;
    }
    if (options_.fields_vary) rules_.check_may_insert(fields_);
    slot->tts_tableOid = RelationGetRelid(rules_.relation());
    if (auto problem = not_null_.violation(slot)) result.reject(std::move(*problem));
  }
}

/// Calls the server without a guard.
void BatchConverter::convert_difficult(const Batch& batch, SlotPool& slots) {
  for (; at_difficult_ < difficult_.size(); at_difficult_++) {
    CHECK_FOR_INTERRUPTS();
    const std::size_t current = difficult_[at_difficult_];
    converting_ = nullptr;
    options_.place->set(batch.record(current));
    convert_one(batch.record(current), batch.result(current), slots[current]);
  }
}

/// Calls the server without a guard.
void BatchConverter::convert_one(const Record& record, Result& result, TupleTableSlot* slot) {
  source_.split(record, fields_);
  if (options_.fields_vary) rules_.check_may_insert(fields_);
  ExprContext* const expressions = table_.expression_context();
  ResetExprContext(expressions);
  converter_.convert(fields_, slot, expressions, &converting_);
  if (fields_.problem) return result.reject(*fields_.problem);
  slot->tts_tableOid = RelationGetRelid(rules_.relation());
  if (!converter_.passes_filter(slot, expressions)) {
    result.state = Result::State::filtered;
    return;
  }
  const TupleConstr* const rules = RelationGetDescr(rules_.relation())->constr;
  if (rules == nullptr) return;
  if (rules->has_generated_stored) {
    ExecComputeStoredGenerated(table_.target(), table_.executor_state(), slot, CMD_INSERT);
    slot_getallattrs(slot);
  }
  if (not_null_.can_tell()) {
    if (auto problem = not_null_.violation(slot)) return result.reject(std::move(*problem));
    if (rules->num_check == 0) return;
  }
  ExecConstraints(table_.target(), slot, table_.executor_state());
  has_prepared_ = true;
}

}  // namespace ferry::load
