#include "map/row_reader.hpp"

#include <algorithm>

#include "avro/schema_json.hpp"
#include "base/concat.hpp"
#include "base/error.hpp"
#include "map/column_value.hpp"
#include "map/record_schema.hpp"
#include "pg/guard.hpp"

namespace ferry::map {
namespace {

bool has_null(const avro::Schema& schema) {
  return schema.type == avro::Type::union_ &&
         std::any_of(schema.branches.begin(), schema.branches.end(), [](const auto* b) { return b->type == avro::Type::null_; });
}

const avro::Schema& check_is_record(const avro::Schema& writer) {
  if (writer.type != avro::Type::record)
    throw Error("42804", concat("records expected, but the file has values of type ", avro::type_name(writer.type)));
  return writer;
}

bool is_readable(const PgType& type) {
  switch (type.kind) {
    case TypeKind::oid:
    case TypeKind::time:
      return false;
    case TypeKind::text:
      return type.oid == TEXTOID || type.oid == VARCHAROID;
    default:
      return type.kind <= TypeKind::bytea && type.kind != TypeKind::timetz && type.kind != TypeKind::interval &&
             !OidIsValid(type.domain);
  }
}

[[noreturn]] void fail(const char* sqlstate, std::string message, const avro::Schema& writer, const std::string& column,
                       const std::string& table) {
  throw Error(sqlstate, std::move(message))
      .detail(concat("The file has the columns (", stored_definition(writer), ")."))
      .column(column)
      .table(table);
}

}  // namespace

RowReader::RowReader(const avro::Schema& writer, const Table& table) : columns_(table.columns), table_name_(table.name) {
  std::vector<bool> is_found(columns_.size());
  for (const avro::Field& field : check_is_record(writer).fields) {
    const std::string name = column_name(field);
    const auto found = std::find_if(columns_.begin(), columns_.end(), [&](const Column& column) { return column.name == name; });
    const bool is_twice = found != columns_.end() && is_found[found - columns_.begin()];
    if (found == columns_.end() || is_twice)
      fail("42703", concat("column \"", name, "\" of the file does not exist in table \"", table.name, '"'), writer, name,
           table.name);
    is_found[found - columns_.begin()] = true;
    if (!is_readable(found->type))
      throw Error("0A000", concat("column \"", name, "\" of table \"", table.name, "\" has type ", found->type.name,
                                  ", which cannot be restored yet"))
          .column(name);
    const Step step = match(field, *found);
    if (step.value_branch < 0)
      fail("42804",
           concat("column \"", name, "\" of table \"", table.name, "\" has type ", found->type.name, ", but type ",
                  column_type(field), " in the file"),
           writer, name, table.name);
    steps_.push_back(step);
  }
  for (std::size_t i = 0; i < columns_.size(); i++)
    if (!is_found[i])
      fail("42703", concat("column \"", columns_[i].name, "\" of table \"", table.name, "\" does not exist in the file"), writer,
           columns_[i].name, table.name);
}

RowReader::Step RowReader::match(const avro::Field& field, const Column& column) const {
  Step step = match_branches(field, column);
  if (column_type(field) != column.type.name) step.value_branch = -1;
  if (column.is_generated && step.value_branch >= 0) step.column = nullptr;
  return step;
}

/// Finds the branches of the field's union that are the column's value and its other form; value_branch < 0: they are not there.
RowReader::Step RowReader::match_branches(const avro::Field& field, const Column& column) const {
  avro::SchemaDocument document;
  const Shape shape = SchemaBuilder(document, Profile::lossless).shape(column.type);
  const std::string value = to_json(*shape.value);
  const std::string other = shape.other == nullptr ? std::string() : to_json(*shape.other);
  Step step{field.schema, &column, -1, -1, -1, 0};
  if (field.schema->type != avro::Type::union_) {
    if (to_json(*field.schema) == value) step.value_branch = 0;
    return step;
  }
  step.branch_count = static_cast<int>(field.schema->branches.size());
  for (int i = 0; i < step.branch_count; i++) {
    const avro::Schema& branch = *field.schema->branches[static_cast<std::size_t>(i)];
    const std::string json = to_json(branch);
    if (branch.type == avro::Type::null_)
      step.null_branch = i;
    else if (json == value)
      step.value_branch = i;
    else if (json == other)
      step.other_branch = i;
    else
      return step.value_branch = -1, step;
  }
  return step;
}

void RowReader::read(avro::Decoder& decoder, TupleTableSlot* slot) const {
  const int attribute_count = slot->tts_tupleDescriptor->natts;
  for (int i = 0; i < attribute_count; i++) slot->tts_isnull[i] = true, slot->tts_values[i] = Datum{0};
  for (const Step& step : steps_) {
    if (step.column == nullptr) {
      decoder.skip(*step.schema);
      continue;
    }
    current_ = step.column;
    const int branch = step.branch_count == 0 ? 0 : static_cast<int>(decoder.index(static_cast<std::size_t>(step.branch_count)));
    if (branch == step.null_branch) continue;
    const int at = step.column->attribute - 1;
    slot->tts_values[at] = branch == step.other_branch ? read_other(decoder, *step.column) : read_value(decoder, *step.column);
    slot->tts_isnull[at] = false;
  }
  current_ = nullptr;
  ExecStoreVirtualTuple(slot);
}

std::string stored_definition(const avro::Schema& writer) {
  std::string out;
  for (const avro::Field& field : writer.fields) {
    if (!out.empty()) out += ", ";
    const std::string type = column_type(field);
    out += concat(pg::call(quote_identifier, column_name(field).c_str()), ' ',
                  type.empty() ? avro::type_name(field.schema->type) : type);
    if (!has_null(*field.schema)) out += " NOT NULL";
    if (avro::find_property(field.properties, "pg.generated")) out += " GENERATED ALWAYS";
  }
  return out;
}

}  // namespace ferry::map
