#include "load/write/row_converter.hpp"

#include <cstring>
#include <utility>

#include "base/copy_few.hpp"
#include "load/table/table_access.hpp"
#include "load/write/row_by_row_writer.hpp"
#include "pg/memory.hpp"
#include "text/value_parse.hpp"
#include "text/whole_number.hpp"

#include "pg/server.hpp"

extern "C" {
#include "executor/executor.h"
#include "optimizer/optimizer.h"
#include "utils/date.h"
#include "utils/expandeddatum.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"
}

namespace ferry::load {

using pg::call;

namespace {

/// The type of integers that a type is, or is a domain over; else invalid.
Oid integer_type_of(Oid type) {
  const auto is_integer = [](Oid one) { return one == INT2OID || one == INT4OID || one == INT8OID; };
  if (type >= FirstNormalObjectId) type = call(getBaseType, type);
  return is_integer(type) ? type : InvalidOid;
}

}  // namespace

RowConverter::RowConverter(TargetTable& target, List* filter, const Source& source)
    : context_(CurrentMemoryContext), may_look_at_tables_(source.looks_at_tables()) {
  const bool takes_decimals = source.takes_whole_decimals(), fields_may_be_absent = source.may_leave_fields_out();
  const auto plan_of = [takes_decimals](TargetColumn& column) {
    std::size_t max_bytes = 0;
    const Parser parser = parser_of(column, max_bytes);
    return ColumnPlan{&column, parser, max_bytes, takes_decimals ? integer_type_of(column.type) : InvalidOid, nullptr};
  };
  for (const std::size_t column : target.field_columns()) fields_.push_back(plan_of(target.columns()[column]));
  for (TargetColumn& column : target.columns()) {
    if (column.default_value == nullptr || (column.loaded && !fields_may_be_absent)) continue;
    if (!column.loaded) defaults_.push_back(plan_of(column));
    if (column.default_may_look) may_look_at_tables_ = true;
  }
  if (filter == nullptr) return;
  filter_ = call(ExecInitQual, filter, static_cast<PlanState*>(nullptr));
  auto* const conditions = reinterpret_cast<Node*>(filter);
  may_look_at_tables_ = may_look_at_tables_ || call([=] { return ferry::load::may_look_at_tables(conditions); });
}

RowConverter::Parser RowConverter::parser_of(const TargetColumn& column, std::size_t& max_bytes) {
  switch (column.type) {
    case INT2OID:
      return Parser::int2;
    case INT4OID:
      return Parser::int4;
    case INT8OID:
      return Parser::int8;
    case FLOAT4OID:
      return Parser::float4;
    case FLOAT8OID:
      return Parser::float8;
    case BOOLOID:
      return Parser::boolean;
    case DATEOID:
      return Parser::date;
    case UUIDOID:
      return Parser::uuid;
    case TEXTOID:
      max_bytes = MaxAllocSize;
      return Parser::text;
    case VARCHAROID:
      // the typmod counts characters: a text with as many bytes has no more of them
      max_bytes = column.typmod < 0 ? MaxAllocSize : static_cast<std::size_t>(column.typmod - VARHDRSZ);
      return Parser::text;
    case TIMESTAMPOID:
      return column.typmod < 0 ? Parser::timestamp : Parser::server;
    case TIMESTAMPTZOID:
      return column.typmod < 0 ? Parser::timestamptz : Parser::server;
    default:
      return Parser::server;
  }
}

namespace {

/// As cstring_to_text_with_len().
Datum text_of(std::string_view text) {
  auto* const made = static_cast<::text*>(palloc(VARHDRSZ + text.size()));
  SET_VARSIZE(made, VARHDRSZ + text.size());
  copy_few(VARDATA(made), text.data(), text.size());
  return PointerGetDatum(made);
}

}  // namespace

/// The value of a decimal that is whole and fits the column; else false.
bool RowConverter::parse_decimal(const ColumnPlan& plan, const Field& field, std::int64_t* value) {
  const std::string_view text(field.text, field.size);
  if (!OidIsValid(plan.integer_type) || text.find_first_of(".eE") == std::string_view::npos) return false;
  if (!text::parse_whole_number(text, *value)) return false;
  if (plan.integer_type == INT2OID) return std::in_range<std::int16_t>(*value);
  return plan.integer_type == INT8OID || std::in_range<std::int32_t>(*value);
}

/// The value of a field in the usual form; false: ask the input function.
bool RowConverter::parse(const ColumnPlan& plan, const Field& field, Datum* value) {
  const std::string_view text(field.text, field.size);
  const auto take = [&]<class T>(bool (*parse)(std::string_view, T&), auto to_datum) {
    T parsed;
    if (!parse(text, parsed)) return false;
    *value = to_datum(parsed);
    return true;
  };
  const auto take_integer = [&]<class T>(bool (*parse)(std::string_view, T&), auto to_datum) {
    if (take(parse, to_datum)) return true;
    std::int64_t decimal;
    if (!parse_decimal(plan, field, &decimal)) return false;
    *value = to_datum(static_cast<T>(decimal));
    return true;
  };
  switch (plan.parser) {
    case Parser::int2:
      return take_integer(text::parse_int16, [](auto v) { return Int16GetDatum(v); });
    case Parser::int4:
      return take_integer(text::parse_int32, [](auto v) { return Int32GetDatum(v); });
    case Parser::int8:
      return take_integer(text::parse_int64, [](auto v) { return Int64GetDatum(v); });
    case Parser::float4:
      return take(text::parse_float32, [](auto v) { return Float4GetDatum(v); });
    case Parser::float8:
      return take(text::parse_float64, [](auto v) { return Float8GetDatum(v); });
    case Parser::boolean:
      return take(text::parse_bool, [](auto v) { return BoolGetDatum(v); });
    case Parser::date:
      return take(text::parse_date, [](auto v) { return DateADTGetDatum(v); });
    case Parser::timestamp:
      return take(text::parse_timestamp, [](auto v) { return TimestampGetDatum(v); });
    case Parser::timestamptz:
      return take(text::parse_timestamptz, [](auto v) { return TimestampTzGetDatum(v); });
    case Parser::uuid: {
      text::Uuid parsed;
      if (!text::parse_uuid(text, parsed)) return false;
      auto* const uuid = static_cast<pg_uuid_t*>(palloc(sizeof(pg_uuid_t)));
      std::memcpy(uuid->data, parsed.data(), UUID_LEN);
      *value = UUIDPGetDatum(uuid);
      return true;
    }
    case Parser::text:
      if (field.size > plan.max_bytes) return false;
      *value = text_of(text);
      return true;
    case Parser::server:
      return false;
  }
  return false;
}

pg::InputValue RowConverter::to_datum(const ColumnPlan& plan, const Field& field) {
  if (field.state == Field::State::value) return {field.value, nullptr};
  Datum value{};
  const bool is_null = field.state == Field::State::null || field.state == Field::State::absent;
  if (is_null && plan.parser != Parser::server) return {value, nullptr};
  if (!is_null && parse(plan, field, &value)) return {value, nullptr};
  // an input function may want to see a null too: that of a domain does
  TargetColumn& column = *plan.column;
  char* text = field.state == Field::State::view ? pnstrdup(field.text, field.size) : const_cast<char*>(field.text);
  std::int64_t decimal;
  if (!is_null && parse_decimal(plan, field, &decimal)) text = psprintf(INT64_FORMAT, decimal);  // of a domain
  return pg::input_value(&column.input, text, column.input_parameter, column.typmod);
}

void RowConverter::compute_default(ColumnPlan& plan, TupleTableSlot* slot, ExprContext* expressions,
                                   const TargetColumn** converting) const {
  *converting = plan.column;
  if (plan.default_value == nullptr) {
    plan.default_value =
        pg::in_context(context_, [&] { return ExecInitExpr(expression_planner(plan.column->default_value), nullptr); });
  }
  const int at = plan.column->attribute - 1;
  slot->tts_values[at] = ExecEvalExpr(plan.default_value, expressions, &slot->tts_isnull[at]);
  // a CHECK must not change it
  const FormData_pg_attribute& stored = *TupleDescAttr(slot->tts_tupleDescriptor, at);
  slot->tts_values[at] = MakeExpandedObjectReadOnly(slot->tts_values[at], slot->tts_isnull[at], stored.attlen);
}

ErrorData* RowConverter::convert(const Fields& fields, TupleTableSlot* slot, ExprContext* expressions,
                                 const TargetColumn** converting) {
  std::memset(slot->tts_isnull, true, static_cast<std::size_t>(slot->tts_tupleDescriptor->natts));
  for (std::size_t i = 0; i < fields.valid; i++) {
    const Field& field = fields.values[i];
    const ColumnPlan& plan = fields_[i];
    const bool is_absent = field.state == Field::State::absent;
    // without a default it is NULL, which a domain may refuse
    const bool has_default = plan.column->default_value != nullptr || plan.column->default_elsewhere;
    if (is_absent && (has_default || plan.column->input.fn_strict)) continue;
    *converting = plan.column;
    const int at = plan.column->attribute - 1;
    const pg::InputValue input = to_datum(plan, field);
    if (input.refusal != nullptr) {
      if (!is_rejectable(unpack_sql_state(input.refusal->sqlerrcode), plan.column)) ThrowErrorData(input.refusal);
      return input.refusal;
    }
    slot->tts_values[at] = input.value;
    slot->tts_isnull[at] = is_absent || field.state == Field::State::null;
  }
  for (std::size_t i = 0; i < fields.valid && !fields.problem; i++)
    if (fields.values[i].state == Field::State::absent && fields_[i].column->default_value != nullptr)
      compute_default(fields_[i], slot, expressions, converting);
  for (std::size_t i = 0; i < defaults_.size() && !fields.problem; i++)
    compute_default(defaults_[i], slot, expressions, converting);
  *converting = nullptr;
  ExecStoreVirtualTuple(slot);
  return nullptr;
}

bool RowConverter::convert_simple(const Fields& fields, TupleTableSlot* slot) const {
  if (!defaults_.empty() || fields.problem) return false;
  std::memset(slot->tts_isnull, true, static_cast<std::size_t>(slot->tts_tupleDescriptor->natts));
  for (std::size_t i = 0; i < fields.valid; i++) {
    const Field& field = fields.values[i];
    const ColumnPlan& plan = fields_[i];
    if (field.state == Field::State::absent && plan.column->default_value != nullptr) return false;
    const int at = plan.column->attribute - 1;
    const bool is_null = field.state == Field::State::null || field.state == Field::State::absent;
    if (field.state == Field::State::value)
      slot->tts_values[at] = field.value;
    else if (plan.parser == Parser::server)
      return false;  // an input function may refuse a null, too
    else if (!is_null && !parse(plan, field, &slot->tts_values[at]))
      return false;
    slot->tts_isnull[at] = is_null;
  }
  ExecStoreVirtualTuple(slot);
  return true;
}

bool RowConverter::passes_filter(TupleTableSlot* slot, ExprContext* expressions) const {
  if (filter_ == nullptr) return true;
  expressions->ecxt_scantuple = slot;
  return ExecQual(filter_, expressions);
}

}  // namespace ferry::load
