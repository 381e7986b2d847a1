// The first step of BulkWriter: values, and what a row can be rejected for by itself.

#include "load/bulk_writer.hpp"
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

/// Step 1. A row that raises is rejected; the values of the rows before it stay, since they live outside of the subtransaction.
void BulkWriter::convert_all(std::span<const Record> records, std::span<Result> results) {
  difficult_.clear();
  call([&] { convert_all_simple(records, results); });
  for (at_difficult_ = 0; at_difficult_ < difficult_.size(); at_difficult_++) {
    const auto error = pg::attempt([&] { call([&] { convert_difficult(records, results); }); },
                                   [this](const char* sqlstate) { return is_rejectable(sqlstate, column_at_work()); });
    if (!error) return;
    // the server keeps what it has prepared of them, half of it where that raised: made anew for the next row
    if (!has_prepared_) pg::compat::forget_prepared_expressions(table_.target());
    Result& result = results[difficult_[at_difficult_]];
    result.reject(rules_.explain(*error, column_at_work()));
  }
}

/// The column whose value is being made when an error is raised, or null.
const Column* BulkWriter::column_at_work() const {
  return converting_ != nullptr ? converting_ : rules_.column_of_field(source_.failed_field());
}

/// Whether there may be rows of which nothing can raise an error.
bool BulkWriter::may_be_simple() const {
  const TupleConstr* const rules = RelationGetDescr(rules_.relation())->constr;
  if (!source_.splits_without_errors() || options_.filter != NIL) return false;
  return rules == nullptr || (!rules->has_generated_stored && rules->num_check == 0 && not_null_.can_tell());
}

bool BulkWriter::convert_simple(const Record& record, TupleTableSlot* slot) {
  try {
    source_.split(record, fields_);
  } catch (const Error&) {
    return false;  // to be raised again where it makes a reject
  }
  return converter_->convert_simple(fields_, slot);
}

/// The rows of which nothing can raise: those need no subtransaction. Notes the others in difficult_. Calls the server without a
/// guard.
void BulkWriter::convert_all_simple(std::span<const Record> records, std::span<Result> results) {
  const bool may_be = may_be_simple();
  MemoryContext const caller = MemoryContextSwitchTo(batch_context_);
  for (std::size_t i = 0; i < records.size(); i++) {
    Result& result = results[i];
    if (result.state != Result::State::pending) continue;
    if (!may_be) {
      difficult_.push_back(i);
      continue;
    }
    CHECK_FOR_INTERRUPTS();
    options_.place->set(records[i]);
    TupleTableSlot* const slot = slots_[i];
    if (!convert_simple(records[i], slot)) {
      difficult_.push_back(i);
      continue;
    }
    if (options_.fields_vary) rules_.check_may_insert(fields_);
    slot->tts_tableOid = RelationGetRelid(rules_.relation());
    if (auto problem = not_null_.violation(slot)) result.reject(std::move(*problem));
  }
  MemoryContextSwitchTo(caller);
}

/// Calls the server without a guard.
void BulkWriter::convert_difficult(std::span<const Record> records, std::span<Result> results) {
  MemoryContextSwitchTo(batch_context_);
  ResultRelInfo* const target = table_.target();
  const TupleConstr* const rules = RelationGetDescr(rules_.relation())->constr;
  for (; at_difficult_ < difficult_.size(); at_difficult_++) {
    CHECK_FOR_INTERRUPTS();
    const std::size_t current = difficult_[at_difficult_];
    Result& result = results[current];
    converting_ = nullptr;
    options_.place->set(records[current]);
    source_.split(records[current], fields_);
    if (options_.fields_vary) rules_.check_may_insert(fields_);
    TupleTableSlot* const slot = slots_[current];
    ExprContext* const expressions = table_.expression_context();
    ResetExprContext(expressions);
    converter_->convert(fields_, slot, expressions, &converting_);
    if (fields_.problem) {
      result.reject(*fields_.problem);
      continue;
    }
    slot->tts_tableOid = RelationGetRelid(rules_.relation());
    if (!converter_->passes_filter(slot, expressions)) {
      result.state = Result::State::filtered;
      continue;
    }
    if (rules == nullptr) continue;
    if (rules->has_generated_stored) {
      ExecComputeStoredGenerated(target, table_.executor_state(), slot, CMD_INSERT);
      slot_getallattrs(slot);
    }
    if (not_null_.can_tell()) {
      if (auto problem = not_null_.violation(slot)) {
        result.reject(std::move(*problem));
        continue;
      }
      if (rules->num_check == 0) continue;
    }
    ExecConstraints(target, slot, table_.executor_state());
    has_prepared_ = true;
  }
}

}  // namespace ferry::load
