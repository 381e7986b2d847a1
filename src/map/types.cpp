#include "map/types.hpp"

#include <algorithm>
#include <unordered_set>

#include <simdjson.h>

#include "avro/schema_json.hpp"
#include "base/concat.hpp"
#include "base/json_text.hpp"
#include "base/error.hpp"
#include "map/decimal.hpp"
#include "pg/compat.hpp"
#include "pg/encoding.hpp"
#include "pg/guard.hpp"

#include "pg/server.hpp"

extern "C" {
#include "commands/comment.h"
#include "mb/pg_wchar.h"
}

namespace ferry::map {
namespace {

/// When a value takes another branch of the union.
enum class Other : std::uint8_t {
  none,
  string,  ///< a value without a form in the first branch
  bytes,   ///< in an SQL_ASCII database, text that is not UTF-8
};

struct Rule {
  Kind kind;
  Oid type;
  avro::Type avro;
  const char* logical_type;
  Other other;
  const char* property_name;
  const char* property_json;
};

// THE table.
constexpr Rule kRules[] = {
    {Kind::boolean, BOOLOID, avro::Type::boolean, "", Other::none, nullptr, nullptr},
    {Kind::int2, INT2OID, avro::Type::int_, "", Other::none, nullptr, nullptr},
    {Kind::int4, INT4OID, avro::Type::int_, "", Other::none, nullptr, nullptr},
    {Kind::int8, INT8OID, avro::Type::long_, "", Other::none, nullptr, nullptr},
    {Kind::float4, FLOAT4OID, avro::Type::float_, "", Other::none, nullptr, nullptr},
    {Kind::float8, FLOAT8OID, avro::Type::double_, "", Other::none, nullptr, nullptr},
    {Kind::decimal, NUMERICOID, avro::Type::bytes, "decimal", Other::string, nullptr, nullptr},
    {Kind::numeric, InvalidOid, avro::Type::string, "", Other::none, nullptr, nullptr},
    {Kind::text, TEXTOID, avro::Type::string, "", Other::bytes, nullptr, nullptr},
    {Kind::text, VARCHAROID, avro::Type::string, "", Other::bytes, nullptr, nullptr},
    {Kind::json, JSONOID, avro::Type::string, "", Other::bytes, "sqlType", "\"JSON\""},
    {Kind::jsonb, JSONBOID, avro::Type::string, "", Other::bytes, "sqlType", "\"JSON\""},
    {Kind::bytea, BYTEAOID, avro::Type::bytes, "", Other::none, nullptr, nullptr},
    {Kind::date, DATEOID, avro::Type::int_, "date", Other::none, "pg.infinity", "[-2147483648,2147483647]"},
    {Kind::timestamp, TIMESTAMPOID, avro::Type::long_, "local-timestamp-micros", Other::string, "pg.infinity",
     "[-9223372036854775808,9223372036854775807]"},
    {Kind::timestamptz, TIMESTAMPTZOID, avro::Type::long_, "timestamp-micros", Other::string, "pg.infinity",
     "[-9223372036854775808,9223372036854775807]"},
    {Kind::uuid, UUIDOID, avro::Type::string, "uuid", Other::none, nullptr, nullptr},
};

const Rule* find_rule(Oid type) {
  const Rule* const found = std::find_if(std::begin(kRules), std::end(kRules), [&](const Rule& r) { return r.type == type; });
  return found == std::end(kRules) ? nullptr : found;
}

const Rule& rule_of(Kind kind) {
  return *std::find_if(std::begin(kRules), std::end(kRules), [&](const Rule& rule) { return rule.kind == kind; });
}

/// A numeric's precision and scale as Avro has them, or its kind changed where Avro has none.
void decode_numeric_modifier(Column& column) {
  column.kind = Kind::numeric;
  if (column.type_modifier < static_cast<int>(VARHDRSZ)) return;
  const int modifier = column.type_modifier - static_cast<int>(VARHDRSZ);
  const int precision = (modifier >> 16) & 0xffff;
  const int scale = ((modifier & 0x7ff) ^ 1024) - 1024;
  column.precision = scale < 0 ? precision - scale : std::max(precision, scale);
  column.scale = std::max(scale, 0);
  if (column.precision <= kMaxDecimalDigits) column.kind = Kind::decimal;
}

std::string text_or_empty(const char* text) { return text == nullptr ? std::string() : std::string(text); }

Column describe_column(Relation relation, Form_pg_attribute attribute, bool is_not_null) {
  Column column{};
  column.name = NameStr(attribute->attname);
  column.type_name = pg::call(format_type_with_typemod, attribute->atttypid, attribute->atttypmod);
  const Rule* const rule = find_rule(attribute->atttypid);
  if (rule == nullptr)
    throw Error("0A000", concat("column \"", column.name, "\" of table \"", RelationGetRelationName(relation), "\" has type ",
                                column.type_name, ", which is not supported yet"))
        .column(column.name);
  column.comment =
      text_or_empty(pg::call(GetComment, RelationGetRelid(relation), Oid{RelationRelationId}, int32{attribute->attnum}));
  column.attribute = attribute->attnum;
  column.type = attribute->atttypid;
  column.type_modifier = attribute->atttypmod;
  column.kind = rule->kind;
  column.is_nullable = !is_not_null;
  column.is_generated = attribute->attgenerated != '\0';
  if (column.kind == Kind::decimal) decode_numeric_modifier(column);
  return column;
}

bool is_valid_start(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_'; }
bool is_valid_rest(char c) { return is_valid_start(c) || (c >= '0' && c <= '9'); }

bool is_valid_name(std::string_view name) {
  return !name.empty() && is_valid_start(name[0]) && std::all_of(name.begin(), name.end(), is_valid_rest);
}

/// A UTF-8 name with an underscore in place of every character that Avro's names may not have.
std::string sanitised(std::string_view name) {
  std::string out;
  for (const char c : name) {
    const bool is_continuation = (static_cast<unsigned char>(c) & 0xc0) == 0x80;
    if (!is_continuation) out += is_valid_rest(c) ? c : '_';
  }
  if (out.empty() || !is_valid_start(out[0])) out.insert(out.begin(), '_');
  return out;
}

/// Names of fields, in the order of the columns, each its own.
std::vector<std::string> field_names(const std::vector<std::string>& column_names) {
  std::unordered_set<std::string> taken;
  for (const std::string& name : column_names)
    if (is_valid_name(name)) taken.insert(name);
  std::vector<std::string> names;
  for (const std::string& name : column_names) {
    std::string field = name;
    if (!is_valid_name(name)) {
      const std::string base = sanitised(name);
      field = base;
      for (int suffix = 2; !taken.insert(field).second; suffix++) field = concat(base, '_', suffix);
    }
    names.push_back(std::move(field));
  }
  return names;
}

std::string json_string(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

avro::Field make_field(avro::SchemaDocument& document, const Column& column, const std::string& utf8_name, std::string name) {
  const Shape shape = add_shape(document, column);
  const avro::Schema* type = shape.value;
  const Branches branches = branches_of(column);
  if (branches.is_union()) {
    avro::Schema& node = document.add(avro::Type::union_);
    if (branches.has_null) node.branches.push_back(&document.add(avro::Type::null_));
    node.branches.push_back(shape.value);
    if (branches.has_other) node.branches.push_back(shape.other);
    type = &node;
  }
  avro::Field field;
  if (name != utf8_name) field.properties.emplace_back("pg.name", json_string(utf8_name));
  field.name = std::move(name);
  field.schema = type;
  if (column.is_nullable) field.default_json = "null";
  field.doc = pg::to_utf8(column.comment);
  field.properties.emplace_back("pg.type", json_string(pg::to_utf8(column.type_name)));
  if (column.type_modifier >= 0) field.properties.emplace_back("pg.typmod", concat(column.type_modifier));
  if (column.is_generated) field.properties.emplace_back("pg.generated", "true");
  return field;
}

std::string property_text(const avro::Field& field, std::string_view key) {
  const auto json = avro::find_property(field.properties, key);
  if (!json) return {};
  simdjson::dom::parser parser;
  std::string_view text;
  if (parser.parse(json->data(), json->size()).get(text) != simdjson::SUCCESS)
    throw Error("22P04", concat("property \"", key, "\" of field \"", field.name, "\" is no string"));
  return pg::from_utf8(text);
}

}  // namespace

Table describe(Relation relation) {
  Table table;
  table.name = RelationGetRelationName(relation);
  table.schema = text_or_empty(pg::call(get_namespace_name, RelationGetNamespace(relation)));
  table.comment = text_or_empty(pg::call(GetComment, RelationGetRelid(relation), Oid{RelationRelationId}, int32{0}));
  TupleDesc const descriptor = RelationGetDescr(relation);
  for (int i = 0; i < descriptor->natts; i++) {
    Form_pg_attribute const attribute = TupleDescAttr(descriptor, i);
    const bool is_computed_on_reading = attribute->attgenerated == 'v';
    if (attribute->attisdropped || is_computed_on_reading) continue;
    table.columns.push_back(describe_column(relation, attribute, pg::compat::is_not_null(descriptor, i)));
  }
  return table;
}

Shape add_shape(avro::SchemaDocument& document, const Column& column) {
  const Rule& rule = rule_of(column.kind);
  avro::Schema& value = document.add(rule.avro);
  value.logical_type = rule.logical_type;
  if (column.kind == Kind::decimal) {
    value.precision = column.precision;
    value.scale = column.scale;
  }
  if (column.kind == Kind::timestamptz) value.properties.emplace_back("adjust-to-utc", "true");
  if (rule.property_name != nullptr) value.properties.emplace_back(rule.property_name, rule.property_json);
  Shape shape{&value, nullptr};
  if (rule.other == Other::string) shape.other = &document.add(avro::Type::string);
  if (rule.other == Other::bytes) shape.other = &document.add(avro::Type::bytes);
  return shape;
}

Branches branches_of(const Column& column) {
  const Other other = rule_of(column.kind).other;
  const bool has_other = other == Other::string || (other == Other::bytes && GetDatabaseEncoding() == PG_SQL_ASCII);
  return {column.is_nullable, has_other};
}

avro::SchemaDocument record_schema(const Table& table) {
  avro::SchemaDocument document;
  avro::Schema& record = document.add(avro::Type::record);
  record.name = concat(sanitised(pg::to_utf8(table.schema)), '.', sanitised(pg::to_utf8(table.name)));
  record.doc = pg::to_utf8(table.comment);
  std::vector<std::string> utf8_names;
  for (const Column& column : table.columns) utf8_names.push_back(pg::to_utf8(column.name));
  std::vector<std::string> names = field_names(utf8_names);
  for (std::size_t i = 0; i < names.size(); i++)
    record.fields.push_back(make_field(document, table.columns[i], utf8_names[i], std::move(names[i])));
  document.set_root(record);
  return document;
}

std::string column_name(const avro::Field& field) {
  std::string name = property_text(field, "pg.name");
  return name.empty() ? pg::from_utf8(field.name) : name;
}

std::string column_type(const avro::Field& field) { return property_text(field, "pg.type"); }

int decimal_bytes(int precision) {
  const Int128 largest = power_of_ten(precision) - 1;
  int size_bytes = 1;
  while (size_bytes < 16 && largest >> (8 * size_bytes - 1) != 0) size_bytes++;
  return size_bytes;
}

}  // namespace ferry::map
