#include "map/types/record_schema.hpp"

#include <algorithm>

#include <simdjson.h>

#include "base/concat.hpp"
#include "base/error.hpp"
#include "base/json_text.hpp"
#include "map/types/avro_names.hpp"
#include "pg/encoding.hpp"
#include "pg/guard.hpp"

#include "pg/server.hpp"

extern "C" {
#include "catalog/pg_namespace.h"
#include "mb/pg_wchar.h"
}

namespace ferry::map {
namespace {

bool holds(Condition condition, const PgType& type) {
  switch (condition) {
    case Condition::is_decimal:
      return decimal_of(type.typmod).has_value();
    case Condition::has_symbols_only:
      return !type.labels.empty() && std::all_of(type.labels.begin(), type.labels.end(), is_avro_name);
    default:
      return true;
  }
}

/// The name of a type, <schema>.<type>, pg.<type> for those of the server. Calls the server.
std::string qualified_name(Oid oid) {
  struct Names {
    const char *schema, *type;
  };
  const Names names = pg::call([oid]() -> Names {
    HeapTuple const tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(oid));
    if (!HeapTupleIsValid(tuple)) elog(ERROR, "cache lookup failed for type %u", oid);
    const auto* const form = reinterpret_cast<Form_pg_type>(GETSTRUCT(tuple));
    const char* const schema = form->typnamespace == PG_CATALOG_NAMESPACE ? "pg" : get_namespace_name(form->typnamespace);
    const char* const type = pstrdup(NameStr(form->typname));
    ReleaseSysCache(tuple);
    return {schema, type};
  });
  const std::string_view schema = names.schema == nullptr ? "" : names.schema;
  return concat(sanitised(pg::to_utf8(schema)), '.', sanitised_type(pg::to_utf8(names.type)));
}

bool is_avro_namespace(std::string_view name) {
  while (!name.empty()) {
    const std::size_t dot = name.find('.');
    if (!is_avro_name(name.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    name.remove_prefix(dot + 1);
  }
  return false;
}

std::string record_name(const Table& table, const RecordOptions& options) {
  if (options.record_name &&
      (!is_avro_name(*options.record_name) || sanitised_type(*options.record_name) != *options.record_name))
    throw Error("22023", concat("record name \"", *options.record_name, "\" is not a valid name in Avro"))
        .detail(
            "A name is ASCII letters, digits and underscores, does not begin with a digit and is not that of a primitive type.");
  if (options.name_space && !options.name_space->empty() && !is_avro_namespace(*options.name_space))
    throw Error("22023", concat("namespace \"", *options.name_space, "\" is not valid in Avro"))
        .detail("A namespace is names with dots between them.");
  const std::string name = options.record_name ? *options.record_name : sanitised_type(pg::to_utf8(table.name));
  std::string space;
  if (options.name_space)
    space = *options.name_space;
  else if (!table.schema.empty())
    space = sanitised(pg::to_utf8(table.schema));
  return space.empty() ? name : concat(space, '.', name);
}

std::string property_text(const avro::Field& field, std::string_view key) {
  const auto json = avro::find_property(field.properties, key);
  if (!json) return {};
  simdjson::dom::parser parser;
  std::string_view text;
  if (parser.parse(json->data(), json->size()).get(text) != simdjson::SUCCESS)
    throw Error("22P04", concat("property \"", key, "\" of field \"", field.name, "\" is no string"));
  return pg::shown_from_utf8(text);
}

}  // namespace

const Rule& rule_of(const PgType& type, Profile profile) {
  for (const TypeRules& rules : type_table())
    if (rules.kind == type.kind && holds(rules.condition, type)) return rules.of(profile);
  throw Error("XX000", concat("no Avro type for type ", type.name));
}

Branches branches_of(const Rule& rule, bool is_nullable) {
  const bool has_bytes = rule.other == Other::bytes && GetDatabaseEncoding() == PG_SQL_ASCII;
  return {is_nullable, has_bytes || rule.other == Other::string || rule.other == Other::record};
}

// ---- types

Shape SchemaBuilder::shape(const PgType& type) {
  const Rule& rule = rule_of(type, profile_);
  Shape shape{&value(type, rule), nullptr};
  if (!branches_of(rule, false).has_other) return shape;
  if (rule.other == Other::record)
    shape.other = &odd_array(type);
  else
    shape.other = &document_.add(rule.other == Other::string ? avro::Type::string : avro::Type::bytes);
  return shape;
}

const avro::Schema& SchemaBuilder::value(const PgType& type, const Rule& rule) {
  switch (rule.form) {
    case Form::array:
      return nested_array(type);
    case Form::plain_array:
      return array_of(type_of(type.parts[0], true));
    case Form::multirange:
      return array_of(range(type.parts[0]));
    case Form::range:
      return range(type);
    case Form::record:
      return composite(type);
    case Form::symbol:
      return symbols(type);
    default:
      break;
  }
  bool is_new = true;
  avro::Schema& node = avro::is_named(rule.type) ? named(type, -1, rule.type, &is_new) : document_.add(rule.type);
  if (!is_new) return node;
  node.logical_type = rule.logical_type;
  for (const RuleProperty& property : rule.properties)
    if (property.name != nullptr)
      node.properties.emplace_back(property.name, property.json == nullptr ? json_string(stored_form(type)) : property.json);
  if (rule.form == Form::decimal) {
    const Decimal decimal = *decimal_of(type.typmod);
    node.precision = decimal.precision;
    node.scale = decimal.scale;
  }
  if (rule.form == Form::map) node.items = &with_null(document_.add(avro::Type::string));
  if (rule.form == Form::interval) {
    add_field(node, "months", document_.add(avro::Type::int_));
    add_field(node, "days", document_.add(avro::Type::int_));
    add_field(node, "micros", document_.add(avro::Type::long_));
  }
  if (rule.form == Form::twofold) {
    add_field(node, "text", document_.add(avro::Type::string));
    add_field(node, "stored", document_.add(avro::Type::bytes));
  }
  if (rule.form == Form::timetz) {
    add_field(node, "micros", document_.add(avro::Type::long_));
    add_field(node, "zone_seconds", document_.add(avro::Type::int_));
  }
  return node;
}

const avro::Schema& SchemaBuilder::type_of(const PgType& type, bool is_nullable) {
  const Shape parts = shape(type);
  if (!is_nullable && parts.other == nullptr) return *parts.value;
  avro::Schema& node = document_.add(avro::Type::union_);
  if (is_nullable) node.branches.push_back(&document_.add(avro::Type::null_));
  node.branches.push_back(parts.value);
  if (parts.other != nullptr) node.branches.push_back(parts.other);
  return node;
}

const avro::Schema& SchemaBuilder::with_null(const avro::Schema& schema) {
  avro::Schema& node = document_.add(avro::Type::union_);
  node.branches = {&document_.add(avro::Type::null_), &schema};
  return node;
}

const avro::Schema& SchemaBuilder::array_of(const avro::Schema& items) {
  avro::Schema& node = document_.add(avro::Type::array);
  node.items = &items;
  return node;
}

const avro::Schema& SchemaBuilder::nested_array(const PgType& type) {
  const avro::Schema* node = &array_of(type_of(type.parts[0], true));
  for (int i = 1; i < type.dimensions; i++) node = &array_of(*node);
  return *node;
}

const avro::Schema& SchemaBuilder::odd_array(const PgType& type) {
  bool is_new = false;
  avro::Schema& node = named(type, type.parts[0].typmod, avro::Type::record, &is_new);
  if (!is_new) return node;
  add_field(node, "dims", array_of(document_.add(avro::Type::int_)));
  add_field(node, "lower_bounds", array_of(document_.add(avro::Type::int_)));
  add_field(node, "items", array_of(type_of(type.parts[0], true)));
  return node;
}

const avro::Schema& SchemaBuilder::range(const PgType& type) {
  bool is_new = false;
  avro::Schema& node = named(type, -1, avro::Type::record, &is_new);
  if (!is_new) return node;
  add_field(node, "lower", type_of(type.parts[0], true));
  add_field(node, "upper", type_of(type.parts[0], true));
  add_field(node, "flags", document_.add(avro::Type::int_));
  return node;
}

const avro::Schema& SchemaBuilder::composite(const PgType& type) {
  bool is_new = false;
  avro::Schema& node = named(type, -1, avro::Type::record, &is_new);
  if (!is_new) return node;
  std::vector<std::string> utf8_names;
  for (const PgAttribute& attribute : type.attributes)
    if (!attribute.is_dropped) utf8_names.push_back(pg::to_utf8(attribute.name));
  std::vector<std::string> names = field_names(utf8_names);
  std::size_t at = 0;
  for (const PgAttribute& attribute : type.attributes) {
    if (attribute.is_dropped) continue;
    node.fields.push_back(field(std::move(names[at]), utf8_names[at], attribute.type, true));
    at++;
  }
  return node;
}

const avro::Schema& SchemaBuilder::symbols(const PgType& type) {
  bool is_new = false;
  avro::Schema& node = named(type, -1, avro::Type::enum_, &is_new);
  if (is_new) node.symbols = type.labels;  // ASCII, as names in Avro are
  return node;
}

avro::Schema& SchemaBuilder::named(const PgType& type, std::int32_t typmod, avro::Type kind, bool* is_new) {
  const Key key = std::uint64_t{type.oid} << 32 | static_cast<std::uint32_t>(typmod);
  avro::Schema*& node = named_[key];
  *is_new = node == nullptr;
  if (!*is_new) return *node;
  node = &document_.add(kind);
  node->name = take_name(taken_, qualified_name(type.oid));
  return *node;
}

void SchemaBuilder::add_field(avro::Schema& record, const char* name, const avro::Schema& type) {
  avro::Field& field = record.fields.emplace_back();
  field.name = name;
  field.schema = &type;
}

avro::Field SchemaBuilder::field(std::string name, const std::string& utf8_name, const PgType& type, bool is_nullable) {
  avro::Field field;
  field.schema = &type_of(type, is_nullable);
  if (is_nullable) field.default_json = "null";
  if (name != utf8_name) field.properties.emplace_back("pg.name", json_string(utf8_name));
  field.name = std::move(name);
  const bool is_domain = OidIsValid(type.domain);
  field.properties.emplace_back("pg.type", json_string(pg::to_utf8(is_domain ? type_name(type.oid, type.typmod) : type.name)));
  if (is_domain) field.properties.emplace_back("pg.domain", json_string(pg::to_utf8(type.name)));
  if (type.typmod >= 0) field.properties.emplace_back("pg.typmod", concat(type.typmod));
  return field;
}

const avro::Schema& SchemaBuilder::record(const Table& table, const RecordOptions& options) {
  avro::Schema& record = document_.add(avro::Type::record);
  record.name = take_name(taken_, record_name(table, options));
  record.doc = pg::to_utf8(table.comment);
  std::vector<std::string> utf8_names;
  for (const Column& column : table.columns) utf8_names.push_back(pg::to_utf8(column.name));
  std::vector<std::string> names = field_names(utf8_names);
  for (std::size_t i = 0; i < names.size(); i++) {
    const Column& column = table.columns[i];
    avro::Field& made = record.fields.emplace_back(field(std::move(names[i]), utf8_names[i], column.type, column.is_nullable));
    made.doc = pg::to_utf8(column.comment);
    if (column.is_generated) made.properties.emplace_back("pg.generated", "true");
  }
  return record;
}

// ---- the interface

avro::SchemaDocument record_schema(const Table& table, const RecordOptions& options) {
  avro::SchemaDocument document;
  document.set_root(SchemaBuilder(document, options.profile).record(table, options));
  return document;
}

std::string column_name(const avro::Field& field) {
  std::string name = property_text(field, "pg.name");
  return name.empty() ? pg::shown_from_utf8(field.name) : name;
}

std::string column_type(const avro::Field& field) {
  std::string domain = property_text(field, "pg.domain");
  return domain.empty() ? property_text(field, "pg.type") : domain;
}

}  // namespace ferry::map
