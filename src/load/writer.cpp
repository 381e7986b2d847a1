#include "load/writer.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

#include "base/json_text.hpp"

#include "pg/server.hpp"

extern "C" {
#include "executor/executor.h"
}

namespace ferry::load {

using pg::call;
using pg::TableWriter;

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

/// One try to write the records [from, to) in one subtransaction, and where it stands.
struct Writer::Attempt {
  std::size_t from = 0, current = 0;
  const Record* record = nullptr;
  const Column* converting = nullptr;  ///< the column whose value is being converted or computed
  TableWriter table{};
  ExprState** defaults = nullptr;  ///< a place for each column of the rules
  std::map<const Column*, std::int64_t> largest{};
};

Writer::Writer(Source& source, Rules& rules, const WriterOptions& options) : source_(source), rules_(rules), options_(options) {
  batch_context_ = call([] { return AllocSetContextCreate(CurrentMemoryContext, "pg_ferry batch", ALLOCSET_DEFAULT_SIZES); });
  if (options_.want_keys || options_.on_conflict == OnConflict::update) key_ = rules_.primary_key();
  if (options_.on_conflict != OnConflict::update) return;
  rules_.check_may_update();
  if (key_.empty())
    throw Error("42P10", "table \"" + rules_.table_name() + "\" has no primary key")
        .hint("on_conflict \"update\" finds the row to replace by the primary key.");
  for (const Column& column : rules_.columns())
    if (column.loaded) loaded_ = call(bms_add_member, loaded_, static_cast<int>(column.attribute));
}

void Writer::begin() {
  const TriggerDesc* const list = rules_.relation()->trigdesc;
  if (list == nullptr ||
      !(list->trig_insert_before_statement || list->trig_insert_after_statement || list->trig_insert_new_table))
    return;
  Relation const relation = rules_.relation();
  statement_ = call([relation] {
    TableWriter writer = TableWriter::open(relation, pg::TriggerSet::all);
    writer.begin_statement();
    return writer;
  });
}

void Writer::end() {
  if (!statement_) return;
  TableWriter* const writer = &*statement_;
  call([writer] {
    writer->end_statement();
    writer->close();
  });
  statement_.reset();
}

void Writer::write(const std::vector<Record>& records, std::vector<Result>& results) {
  constexpr int kMaxRaces = 20;
  results.assign(records.size(), Result{});
  int races = 0;
  Attempt attempt;
  for (std::size_t to = records.size(); attempt.from < records.size();) {
    const auto error = pg::attempt([&] { write_range(records, results, attempt, to); }, is_rejectable);
    if (!error) {
      for (const auto& [column, value] : attempt.largest) {
        auto& largest = largest_.try_emplace(column, value).first->second;
        largest = std::max(largest, value);
      }
      attempt.from = to;
      to = records.size();
      continue;
    }
    const std::size_t failed = attempt.current;
    for (std::size_t i = failed; i < to; i++) results[i] = Result{};
    if (options_.on_conflict == OnConflict::update && is_conflict(*error) && races++ < kMaxRaces) continue;
    Result& result = results[failed];
    if (options_.on_conflict == OnConflict::skip && is_conflict(*error)) {
      result.state = Result::State::skipped;
    } else {
      result.state = Result::State::rejected;
      result.problem = explain(*error, attempt.converting);
    }
    to = failed + 1;  // the rows before it once more, without it
  }
}

/// Whether the row met one with the same key, in the table itself.
bool Writer::is_conflict(const pg::CaughtError& error) const {
  return (error.sqlstate == "23505" || error.sqlstate == "23P01") && rules_.is_own_table(error.schema, error.table);
}

Problem Writer::explain(const pg::CaughtError& error, const Column* converted) const {
  Problem problem{error.sqlstate, {}, error.constraint, error.message, error.detail};
  if (converted != nullptr)
    problem.column = converted->name;
  else if (!error.column.empty() && rules_.is_own_table(error.schema, error.table))
    problem.column = error.column;
  else
    problem.column = rules_.columns_of_constraint(error.schema, error.table, error.constraint);
  return problem;
}

void Writer::write_range(const std::vector<Record>& records, std::vector<Result>& results, Attempt& attempt, std::size_t to) {
  attempt.converting = nullptr;
  attempt.largest.clear();
  Relation const relation = rules_.relation();
  MemoryContext const context = batch_context_;
  attempt.table = call([relation, context] {
    MemoryContextReset(context);
    MemoryContextSwitchTo(context);
    return TableWriter::open(relation, pg::TriggerSet::all);
  });
  std::vector<Column>& columns = rules_.columns();
  attempt.defaults = static_cast<ExprState**>(call(palloc0, sizeof(ExprState*) * (columns.size() + 1)));
  for (std::size_t i = 0; i < columns.size(); i++)
    if (columns[i].default_value != nullptr)
      attempt.defaults[i] = call(ExecInitExpr, columns[i].default_value, static_cast<PlanState*>(nullptr));
  for (std::size_t i = attempt.from; i < to; i++) {
    pg::check_interrupts();
    if (results[i].state == Result::State::rejected || results[i].state == Result::State::skipped) continue;
    attempt.current = i;
    attempt.record = &records[i];
    write_record(attempt, results[i]);
  }
  TableWriter* const table = &attempt.table;
  call([table] { table->close(); });
}

/// Converts the fields of the record into slot: columns of the load in the order of the fields, then defaults.
void Writer::convert(Attempt& attempt, TupleTableSlot* slot) {
  Column* const columns = rules_.columns().data();
  const std::size_t column_count = rules_.columns().size();
  const std::size_t* const places = rules_.field_columns().data();
  const std::size_t valid = fields_.valid;
  const Field* const fields = fields_.values.data();
  const Column** const converting = &attempt.converting;
  ExprContext* const expressions = attempt.table.expression_context();
  ExprState** const defaults = attempt.defaults;
  const bool complete = !fields_.problem;
  call([=] {
    MemoryContext const caller = MemoryContextSwitchTo(expressions->ecxt_per_tuple_memory);
    std::memset(slot->tts_isnull, true, static_cast<std::size_t>(slot->tts_tupleDescriptor->natts));
    for (std::size_t i = 0; i < valid; i++) {
      Column& column = columns[places[i]];
      if (fields[i].state == Field::State::absent) continue;
      *converting = &column;
      const int at = column.attribute - 1;
      slot->tts_values[at] =
          InputFunctionCall(&column.input, const_cast<char*>(fields[i].text), column.input_parameter, column.typmod);
      slot->tts_isnull[at] = fields[i].state == Field::State::null;
    }
    for (std::size_t i = 0; complete && i < column_count; i++) {
      if (defaults[i] == nullptr) continue;
      // a column of the load takes its default where the record does not mention it
      bool absent = !columns[i].loaded;
      for (std::size_t k = 0; columns[i].loaded && k < valid; k++)
        if (places[k] == i) absent = fields[k].state == Field::State::absent;
      if (!absent) continue;
      *converting = &columns[i];
      const int at = columns[i].attribute - 1;
      slot->tts_values[at] = ExecEvalExpr(defaults[i], expressions, &slot->tts_isnull[at]);
    }
    *converting = nullptr;
    ExecStoreVirtualTuple(slot);
    MemoryContextSwitchTo(caller);
  });
}

void Writer::write_record(Attempt& attempt, Result& result) {
  source_.split(*attempt.record, fields_);
  for (std::size_t i = 0; i < fields_.valid; i++)
    if (fields_.values[i].state != Field::State::absent) rules_.check_may_insert(rules_.columns()[rules_.field_columns()[i]]);
  TableWriter* const table = &attempt.table;
  TupleTableSlot* const slot = call([table] { return table->input_slot(); });
  convert(attempt, slot);
  if (fields_.problem) {
    result.state = Result::State::rejected;
    result.problem = *fields_.problem;
    return;
  }
  const Bitmapset* const loaded = loaded_;
  const bool update = options_.on_conflict == OnConflict::update;
  const auto outcome = call([=] { return update ? table->upsert(slot, loaded) : table->insert(slot); });
  if (outcome == TableWriter::Outcome::suppressed) {
    result.state = Result::State::suppressed;
    return;
  }
  result.state = Result::State::loaded;
  note_stored(attempt, result);
}

/// Remembers what the caller wants to know of the row just written.
void Writer::note_stored(Attempt& attempt, Result& result) {
  TableWriter* const table = &attempt.table;
  for (std::size_t i = 0; i < fields_.valid; i++) {
    const Column& column = rules_.columns()[rules_.field_columns()[i]];
    if (!OidIsValid(column.sequence) || fields_.values[i].state != Field::State::text) continue;
    const AttrNumber attribute = column.attribute;
    const Oid type = column.type;
    std::int64_t value = INT64_MIN;
    std::int64_t* const place = &value;
    call([=] {
      bool is_null = false;
      const Datum datum = table->stored_value(attribute, &is_null);
      if (is_null) return;
      if (type == INT2OID) *place = DatumGetInt16(datum);
      if (type == INT4OID) *place = DatumGetInt32(datum);
      if (type == INT8OID) *place = DatumGetInt64(datum);
    });
    if (value == INT64_MIN) continue;
    auto& largest = attempt.largest.try_emplace(&column, value).first->second;
    largest = std::max(largest, value);
  }
  if (options_.want_keys && !key_.empty()) result.key = key_json(*table);
}

/// The primary key of the row just written: its value, or an object of several.
std::string Writer::key_json(const TableWriter& table) const {
  std::string json;
  for (const AttrNumber attribute : key_) {
    const TableWriter* const writer = &table;
    const Oid type = TupleDescAttr(RelationGetDescr(rules_.relation()), attribute - 1)->atttypid;
    char* const text = call([=] {
      bool is_null = false;
      Oid function;
      bool is_varlena;
      const Datum datum = writer->stored_value(attribute, &is_null);
      getTypeOutputInfo(type, &function, &is_varlena);
      return OidOutputFunctionCall(function, datum);
    });
    const bool bare = type == INT2OID || type == INT4OID || type == INT8OID;
    const std::string value = bare ? std::string(text) : json_string(text);
    if (key_.size() == 1) return value;
    json += json.empty() ? "{" : ", ";
    append_json_string(json, NameStr(TupleDescAttr(RelationGetDescr(rules_.relation()), attribute - 1)->attname));
    json += ": " + value;
  }
  return json + "}";
}

}  // namespace ferry::load
