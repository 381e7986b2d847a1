#include "map/read/row_reader.hpp"

#include <algorithm>

#include "base/concat.hpp"
#include "base/error.hpp"
#include "map/types/table.hpp"
#include "pg/guard.hpp"

#include "pg/server.hpp"

extern "C" {
#include "mb/pg_wchar.h"
}

namespace ferry::map {
namespace {

constexpr const char* kSingleField = "value";

bool has_null(const avro::Schema& schema) {
  return schema.type == avro::Type::union_ &&
         std::any_of(schema.branches.begin(), schema.branches.end(), [](const auto* b) { return b->type == avro::Type::null_; });
}

std::string file_columns(const avro::Schema& writer) {
  if (writer.type != avro::Type::record) return concat("The file has values of Avro type ", avro_type_text(writer), '.');
  return concat("The file has the columns (", stored_definition(writer), ").");
}

std::vector<std::string> names_of(const std::vector<ReadColumn>& columns) {
  std::vector<std::string> names;
  for (const ReadColumn& column : columns) names.push_back(column.name);
  return names;
}

/// is_record: fields are those of writer, not the one that stands for its values.
std::vector<int> find_columns(const avro::Schema& writer, const std::vector<avro::Field>& fields,
                              const std::vector<ReadColumn>& columns, bool is_record, Match match) {
  std::vector<int> result;
  if (match == Match::name && (is_record || columns.size() != 1)) {
    result = match_fields(fields, names_of(columns));
    if (!columns.empty() && std::all_of(result.begin(), result.end(), [](int column) { return column < 0; }))
      throw Error("42703", "no field of the file has the name of a column")
          .detail(file_columns(writer))
          .hint("Columns need the names of the fields.");
    return result;
  }
  if (fields.size() > columns.size())
    throw Error("42703", concat("the file has ", fields.size(), " fields, but only ", columns.size(), " columns are to be read"))
        .detail(file_columns(writer));
  for (std::size_t i = 0; i < fields.size(); i++) result.push_back(static_cast<int>(i));
  return result;
}

[[noreturn]] void fail_type(const TypeMismatch& mismatch, const avro::Field& field, const ReadColumn& column) {
  Error error("42804", concat("field \"", column_name(field), "\" of Avro type ", avro_type_text(*field.schema),
                              " cannot become column \"", column.name, "\" of type ", column.type.name));
  if (!mismatch.path.empty())
    error.detail(concat("Its part \"", mismatch.path, "\" has Avro type ", mismatch.avro_type, ", but type ", mismatch.pg_type,
                        " is needed."));
  error.hint(concat("Columns of type ", natural_type(*field.schema), " take it."));
  throw Error(std::move(error).column(column.name));
}

bool is_read_without_errors(const ReadNode& node) {
  if (node.domain_check != nullptr) return false;
  switch (node.op) {
    case ReadOp::union_:
      return std::all_of(node.parts.begin(), node.parts.end(), is_read_without_errors);
    case ReadOp::null_:
    case ReadOp::boolean:
    case ReadOp::int_to_int4:
    case ReadOp::long_to_int8:
    case ReadOp::uuid:
    case ReadOp::bytes:
      return true;
    case ReadOp::integer:
    case ReadOp::real:
      return node.kind != TypeKind::numeric;
    case ReadOp::date:
      return node.kind == TypeKind::date;
    case ReadOp::time:
    case ReadOp::timestamp:
      return node.typmod < 0;
    case ReadOp::text:
      return GetDatabaseEncoding() == PG_UTF8 && (node.type->oid == TEXTOID || node.type->oid == VARCHAROID);
    default:
      return false;
  }
}

bool makes_text(const ReadNode& node) {
  if (node.op == ReadOp::union_) return std::any_of(node.parts.begin(), node.parts.end(), makes_text);
  const bool has_text =
      node.op == ReadOp::raw_text || node.op == ReadOp::twofold || (node.op == ReadOp::text && node.wire == avro::Type::string);
  return node.kind == TypeKind::text && node.op != ReadOp::null_ && !has_text;
}

}  // namespace

RowReader::RowReader(const avro::Schema& writer, std::vector<ReadColumn> columns, Match match)
    : columns_(std::move(columns)), is_read_(columns_.size()) {
  const bool is_record = writer.type == avro::Type::record && match != Match::whole;
  if (!is_record) single_.push_back({.name = kSingleField, .schema = &writer});
  const std::vector<avro::Field>& fields = is_record ? writer.fields : single_;
  const std::vector<int> found = find_columns(writer, fields, columns_, is_record, match);
  for (std::size_t i = 0; i < fields.size(); i++) {
    const Origin origin = column_type(fields[i]).empty() ? Origin::anywhere : Origin::own;
    add_step(fields[i], found[i], origin);
  }
}

RowReader::RowReader(const avro::Schema& writer, std::vector<ReadColumn> columns, const std::vector<int>& column_of_field,
                     Origin origin)
    : columns_(std::move(columns)), is_read_(columns_.size()) {
  for (std::size_t i = 0; i < writer.fields.size(); i++) add_step(writer.fields[i], column_of_field[i], origin);
}

void RowReader::add_step(const avro::Field& field, int column, Origin origin) {
  Step& step = steps_.emplace_back(Step{field.schema, column, {}});
  if (column < 0) return;
  const auto index = static_cast<std::size_t>(column);
  is_read_[index] = true;
  try {
    step.node = plan_read(*field.schema, columns_[index].type, origin);
  } catch (const TypeMismatch& mismatch) {
    fail_type(mismatch, field, columns_[index]);
  }
}

void RowReader::read(avro::Decoder& decoder, Datum* values, bool* nulls) {
  current_ = nullptr;
  for (Step& step : steps_) {
    if (step.column < 0) {
      decoder.skip(*step.schema);
      continue;
    }
    current_ = &columns_[static_cast<std::size_t>(step.column)];
    values[step.column] = values_.read(step.node, decoder, &nulls[step.column]);
  }
  current_ = nullptr;
}

bool RowReader::reads_without_errors() const {
  const auto is_simple = [](const Step& step) { return step.column < 0 || is_read_without_errors(step.node); };
  return std::all_of(steps_.begin(), steps_.end(), is_simple);
}

bool RowReader::makes_texts() const {
  return std::any_of(steps_.begin(), steps_.end(), [](const Step& step) { return step.column >= 0 && makes_text(step.node); });
}

std::string stored_definition(const avro::Schema& writer) {
  std::string out;
  for (const avro::Field& field : writer.fields) {
    if (!out.empty()) out += ", ";
    const std::string type = column_type(field);
    out += concat(pg::call(quote_identifier, column_name(field).c_str()), ' ', type.empty() ? natural_type(*field.schema) : type);
    if (!has_null(*field.schema)) out += " NOT NULL";
    if (avro::find_property(field.properties, "pg.generated")) out += " GENERATED ALWAYS";
  }
  return out;
}

}  // namespace ferry::map
