#include "load/write/row_by_row_writer.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

#include "load/write/named_row.hpp"
#include "load/write/nesting.hpp"
#include "pg/compat.hpp"
#include "pg/memory.hpp"
#include "pg/table/error_names.hpp"

#include "pg/server.hpp"

extern "C" {
#include "executor/executor.h"
#include "utils/typcache.h"
}

namespace ferry::load {

using pg::call;
using pg::TableWriter;

namespace {

/// Whether an input function that is not the server's own takes part in reading a value of a type. Calls the server without a
/// guard.
bool is_read_by_user(Oid type) {
  if (type < FirstNormalObjectId) return false;
  check_stack_depth();
  Oid function, parameter;
  getTypeInputInfo(type, &function, &parameter);
  if (function >= FirstNormalObjectId) return true;
  switch (get_typtype(type)) {
    case TYPTYPE_DOMAIN:
      return is_read_by_user(getBaseType(type));
    case TYPTYPE_RANGE:
      return is_read_by_user(get_range_subtype(type));
    case TYPTYPE_MULTIRANGE:
      return is_read_by_user(get_multirange_range(type));
    case TYPTYPE_COMPOSITE: {
      bool is_of_user = false;
      TupleDesc const attributes = lookup_rowtype_tupdesc(type, -1);
      for (int i = 0; i < attributes->natts && !is_of_user; i++)
        is_of_user = !TupleDescAttr(attributes, i)->attisdropped && is_read_by_user(TupleDescAttr(attributes, i)->atttypid);
      ReleaseTupleDesc(attributes);
      return is_of_user;
    }
    default:
      return is_read_by_user(get_element_type(type));  // of none: InvalidOid
  }
}

}  // namespace

bool is_rejectable(const char* sqlstate) {
  constexpr std::array<std::string_view, 4> kOfData{"22", "23", "44", "54"};
  // the classes that the server and the standard define; any other is a user's own
  constexpr std::array<std::string_view, 45> kDefined{"00", "01", "02", "03", "08", "09", "0A", "0B", "0F", "0L", "0P", "0Z",
                                                      "10", "20", "21", "22", "23", "24", "25", "26", "27", "28", "2B", "2D",
                                                      "2F", "34", "38", "39", "3B", "3D", "3F", "40", "42", "44", "53", "54",
                                                      "55", "57", "58", "72", "F0", "HV", "P0", "XX", "0N"};
  const std::string_view sql_class(sqlstate, 2);
  if (std::find(kOfData.begin(), kOfData.end(), sql_class) != kOfData.end()) return true;
  if (sql_class == "P0") return std::strcmp(sqlstate, "P0004") != 0;
  return std::find(kDefined.begin(), kDefined.end(), sql_class) == kDefined.end();
}

bool is_rejectable(const char* sqlstate, const TargetColumn* converting) {
  const bool is_of_value = converting != nullptr && converting->loaded;
  // loads within loads end with it, also where a value or its domain has begun one
  if (std::strcmp(sqlstate, "54001") == 0 && Nesting::has_occurred()) return false;
  if (is_rejectable(sqlstate)) return true;
  if (!is_of_value || std::strcmp(sqlstate, "42501") == 0) return false;
  const std::string_view sql_class(sqlstate, 2);
  return sql_class == "42" || sql_class == "0A" ||
         (std::strcmp(sqlstate, "XX000") == 0 && call(is_read_by_user, converting->type));
}

/// One try to write the pending records of a portion in one subtransaction, and where it stands.
struct RowByRowWriter::Attempt {
  std::size_t current = 0;
  const Record* record = nullptr;
  const TargetColumn* converting = nullptr;  ///< the column whose value is being converted or computed
  TableWriter table{};
  RowConverter* converter = nullptr;  ///< null with a forecast, which has the rows
  Forecast* forecast = nullptr;
  MissingParent missing_parent = MissingParent::rejects;
  std::vector<std::size_t> written{};  ///< whose results are no more than a hope until the subtransaction is released
  FarthestValues farthest{};
};

RowByRowWriter::RowByRowWriter(Source& source, TargetTable& target, SelfReferences& self_references, const WriterOptions& options)
    : source_(source),
      target_(target),
      self_references_(self_references),
      elsewhere_(target),
      options_(options),
      notes_(target, options) {
  batch_context_ = call([] { return AllocSetContextCreate(CurrentMemoryContext, "pg_ferry batch", ALLOCSET_DEFAULT_SIZES); });
  if (target_.has_row_security()) policies_ = call(pg::RowPolicies::plan, target_.relation());
  if (options_.on_conflict != OnConflict::update) return;
  target_.check_may_update();
  call(TableWriter::check_replaceable, target_.relation());
  for (const TargetColumn& column : target_.columns())
    if (column.loaded) loaded_ = call(bms_add_member, loaded_, static_cast<int>(column.attribute));
}

void RowByRowWriter::write(std::span<const Record> records, std::span<Result> results, MissingParent missing_parent,
                           Forecast* forecast) {
  struct ForecastFailed {};
  const std::size_t count = records.size();
  Attempt attempt;
  attempt.missing_parent = missing_parent;
  attempt.forecast = forecast;
  // nothing of a failed attempt is in the table: whatever it decided behind the failed row may come out otherwise
  const auto begin_anew = [&] {
    for (const std::size_t i : attempt.written) results[i] = Result{};
  };
  for (portion_.begin(count);;) {
    std::optional<pg::CaughtError> error;
    try {
      error = pg::attempt(
          [&] {
            write_range(records, results, attempt);
            if (attempt.forecast != nullptr && !attempt.forecast->holds(attempt.written)) throw ForecastFailed{};
          },
          [&](const char* sqlstate) { return is_rejectable(sqlstate, column_at_work(attempt)) || attempt.table.broke_policy(); });
    } catch (const ForecastFailed&) {
      begin_anew();
      attempt.forecast = nullptr;
      continue;
    }
    if (!error) {
      merge(farthest_, attempt.farthest);
      if (portion_.is_last()) return;
      portion_.go_on();
      continue;
    }
    attempt.converting = column_at_work(attempt);
    begin_anew();
    if (attempt.table.has_sent_in_batches() && attempt.table.failed_remotely()) {
      // which row it was, its server may say; else only sending fewer of them can tell
      const auto named = find_named_row(error->detail, records, attempt.written, source_, target_, fields_);
      portion_.halve(attempt.written.front(), named.value_or(attempt.current), named.has_value());
      continue;
    }
    if (attempt.forecast != nullptr && !attempt.forecast->looks_bad(attempt.current)) {
      // of a row that was not expected to fail not every check was made: one of those may come first
      attempt.forecast->expect_bad(attempt.current);
      portion_.put_off(attempt.written.front(), attempt.current);
      continue;
    }
    settle_failed(*error, attempt, results[attempt.current]);
    // the rows before it once more, without it; if there were none, on with those behind
    portion_.leave_out(attempt.written.front(), attempt.current);
  }
}

/// The column whose value is being made when an error is raised, or null.
const TargetColumn* RowByRowWriter::column_at_work(const Attempt& attempt) const {
  if (attempt.converting != nullptr || attempt.forecast != nullptr) return attempt.converting;
  return target_.column_of_field(source_.failed_field());
}

void RowByRowWriter::settle_failed(const pg::CaughtError& error, const Attempt& attempt, Result& result) {
  if (options_.on_conflict == OnConflict::skip && is_conflict(error, attempt)) {
    result.state = Result::State::skipped;
  } else if (attempt.missing_parent == MissingParent::waits && self_references_.is_violation(error)) {
    result.state = Result::State::waiting;
  } else {
    const bool is_remote = attempt.table.failed_remotely();
    result.reject(target_.explain(is_remote ? pg::with_names_of(error, target_.relation()) : error, attempt.converting));
  }
}

/// Whether the row met one with the same key, in the table itself. Another server does not say in which table.
bool RowByRowWriter::is_conflict(const pg::CaughtError& error, const Attempt& attempt) const {
  return (error.sqlstate == "23505" || error.sqlstate == "23P01") &&
         (attempt.table.failed_remotely() || target_.is_own_table(error.schema, error.table));
}

void RowByRowWriter::open(Attempt& attempt) {
  attempt.table = TableWriter{};
  Relation const relation = target_.relation();
  MemoryContext const context = batch_context_;
  List* const own = attempt.missing_parent == MissingParent::ignored ? self_references_.tables() : NIL;
  attempt.table = call([relation, context, own, this] {
    MemoryContextReset(context);
    MemoryContextSwitchTo(context);
    TableWriter table = TableWriter::open(relation, pg::TriggerSet::all, target_.written_columns());
    List* const left_out = list_concat_copy(own, elsewhere_.tables());
    if (left_out != NIL) table.leave_out_references_to(left_out);
    if (policies_) table.obey(&*policies_);
    return table;
  });
  if (attempt.forecast == nullptr) return;
  call([&attempt] { attempt.table.expect_errors(); });
  attempt.forecast->spare_checks(attempt.table);
}

void RowByRowWriter::write_range(std::span<const Record> records, std::span<Result> results, Attempt& attempt) {
  attempt.converting = nullptr;
  attempt.farthest.clear();
  attempt.written.clear();
  open(attempt);
  std::optional<RowConverter> converter;
  if (attempt.forecast == nullptr) {
    converter.emplace(target_, options_.filter, source_);
    attempt.converter = &*converter;
    if (!portion_.is_one_by_one() && !converter->looks_at_tables()) attempt.table.send_in_batches();
  }
  for (std::size_t i = 0; i < portion_.end(); i++) {
    if (results[i].state != Result::State::pending) continue;
    pg::check_interrupts();
    attempt.current = i;
    attempt.record = &records[i];
    attempt.written.push_back(i);
    if (attempt.forecast != nullptr && attempt.forecast->looks_bad(i))
      write_doubtful(attempt, results[i]);
    else
      write_record(attempt, results[i]);
  }
  TableWriter* const table = &attempt.table;
  call([table] {
    table->flush();
    table->close();
  });
}

/// The filter comes after the defaults and before the partition and the BEFORE triggers, as in COPY.
bool RowByRowWriter::passes_filter(Attempt& attempt, TupleTableSlot* slot) {
  const RowConverter* const converter = attempt.converter;
  TableWriter* const table = &attempt.table;
  return call([=, relation = target_.relation()] {
    slot->tts_tableOid = RelationGetRelid(relation);
    return converter->passes_filter(slot, table->expression_context());
  });
}

/// Writes a row that is expected to fail in a subtransaction of its own, so that those before it stay. All checks are made.
void RowByRowWriter::write_doubtful(Attempt& attempt, Result& result) {
  TableWriter* const table = &attempt.table;
  const auto let_go = [table] { table->let_go(); };
  call(let_go);
  attempt.forecast->spare_checks_of_rows(false);
  const auto error = pg::attempt(
      [&] {
        write_record(attempt, result);
        call(let_go);
      },
      [](const char* sqlstate) { return is_rejectable(sqlstate); });
  attempt.forecast->spare_checks_of_rows(true);
  if (!error) return;
  result = Result{};
  settle_failed(*error, attempt, result);
  call([table] { table->recover(); });
  if (!table->may_be_broken_off()) return;
  call([table] { table->close(); });
  open(attempt);
}

/// The row of the forecast. Calls the server without a guard.
void RowByRowWriter::take_row(const Attempt& attempt, TupleTableSlot* slot) const {
  const TupleTableSlot* const made = attempt.forecast->next_row(attempt.current);
  const auto count = static_cast<std::size_t>(slot->tts_tupleDescriptor->natts);
  std::memcpy(slot->tts_values, made->tts_values, count * sizeof(Datum));
  std::memcpy(slot->tts_isnull, made->tts_isnull, count * sizeof(bool));
  ExecStoreVirtualTuple(slot);
}

/// The row of the record at work; false where it is decided then.
bool RowByRowWriter::make_row(Attempt& attempt, TupleTableSlot* slot, Result& result) {
  TableWriter* const table = &attempt.table;
  source_.split(*attempt.record, fields_);
  target_.check_may_insert(fields_);
  const ErrorData* const refusal = call([&] {
    ExprContext* const expressions = table->expression_context();
    MemoryContext const caller = MemoryContextSwitchTo(expressions->ecxt_per_tuple_memory);
    const ErrorData* const why = attempt.converter->convert(fields_, slot, expressions, &attempt.converting);
    MemoryContextSwitchTo(caller);
    return why;
  });
  if (refusal != nullptr)
    result.reject(target_.explain(pg::copy_error(*refusal), std::exchange(attempt.converting, nullptr)));
  else if (fields_.problem)
    result.reject(*fields_.problem);
  else if (!passes_filter(attempt, slot))
    result.state = Result::State::filtered;
  return result.state == Result::State::pending;
}

/// The attribute numbers of those that the record at work gives values for, in memory of its row.
Bitmapset* RowByRowWriter::columns_with_values(const TableWriter& table) const {
  MemoryContext const context = table.expression_context()->ecxt_per_tuple_memory;
  Bitmapset* columns = nullptr;
  for (std::size_t i = 0; i < fields_.valid; i++) {
    if (fields_.values[i].state == Field::State::absent) continue;
    const int attribute = target_.column_of_field(i)->attribute;
    columns = call([=] { return pg::in_context(context, [=] { return bms_add_member(columns, attribute); }); });
  }
  return columns;
}

void RowByRowWriter::write_record(Attempt& attempt, Result& result) {
  options_.position->set(*attempt.record);
  TableWriter* const table = &attempt.table;
  // every record is a statement of its own: STABLE functions see the rows before it
  TupleTableSlot* const slot = call([table] {
    PushCopiedSnapshot(GetTransactionSnapshot());
    UpdateActiveSnapshotCommandId();
    return table->input_slot();
  });
  if (attempt.forecast != nullptr) {
    take_row(attempt, slot);
  } else if (!make_row(attempt, slot, result)) {
    call(PopActiveSnapshot);
    return;
  }
  const bool update = options_.on_conflict == OnConflict::update;
  const Bitmapset* const loaded = update && target_.records_choose() ? columns_with_values(*table) : loaded_;
  const auto outcome = call([=] {
    const auto written = update ? table->upsert(slot, loaded) : table->insert(slot);
    PopActiveSnapshot();
    return written;
  });
  if (outcome == TableWriter::Outcome::suppressed) {
    result.state = Result::State::suppressed;
    return;
  }
  result.state = Result::State::loaded;
  result.location = table->location();
  const auto value_of = [table](AttrNumber attribute, bool* is_null) {
    return call([=] { return table->stored_value(attribute, is_null); });
  };
  elsewhere_.check(value_of);
  notes_.take(value_of, result, attempt.farthest);
}

}  // namespace ferry::load
