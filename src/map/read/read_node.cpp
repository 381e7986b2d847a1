#include "map/read/read_node.hpp"

#include <algorithm>

#include "avro/logical_type.hpp"
#include "avro/value_text.hpp"
#include "base/concat.hpp"
#include "base/json_text.hpp"
#include "map/types/record_shape.hpp"
#include "pg/compat.hpp"
#include "pg/encoding.hpp"
#include "pg/guard.hpp"

extern "C" {
#include "access/transam.h"
#include "utils/array.h"
}

namespace ferry::map {
namespace {

using avro::Schema;
using avro::Type;
using pg::call;

/// The union that a value is a branch of.
struct Siblings {
  bool are_many = false;  ///< besides null there is more than one
  bool have_json = false;
  bool have_string = false;
};

bool is_json_string(const Schema& schema) {
  return schema.type == Type::string && avro::find_property(schema.properties, "sqlType") == "\"JSON\"";
}

/// Whether the stored form of a type does no harm, whoever made it up.
bool takes_any_stored(const PgType& type) {
  return type.kind == TypeKind::tsquery || (type.kind == TypeKind::named && type.oid < FirstNormalObjectId);
}

bool has_stored_form_of(const Schema& schema, const PgType& type) {
  const auto stored = avro::find_property(schema.properties, "pg.stored");
  return stored && *stored == json_string(stored_form(type));
}

/// How many levels of arrays each element of an array has taken, of those that end at bottom.
int levels_of_element(const PgType& element, const Schema& bottom) {
  if (element.kind == TypeKind::multirange) return bottom.type == Type::record ? 1 : 0;
  if (element.kind != TypeKind::array) return 0;
  const auto is_array = [](const Schema* branch) { return branch->type == Type::array; };
  if (std::any_of(bottom.branches.begin(), bottom.branches.end(), is_array)) return 0;  // it is the element
  return std::max<int>(element.dimensions, 1) + levels_of_element(element.parts[0], bottom);
}

class Planner {
 public:
  explicit Planner(Origin origin) : origin_(origin) {}

  ReadNode plan(const Schema& schema, const PgType& type) {
    ReadNode node = start(schema, type);
    if (OidIsValid(type.domain) && origin_ != Origin::compared)
      node.domain_check = call(make_domain_check, type.domain, origin_ == Origin::backup);
    if (schema.type == Type::null_)
      node.op = ReadOp::null_;
    else if (schema.type == Type::union_)
      plan_union(node);
    else
      plan_value(node, {});
    return node;
  }

 private:
  ReadNode start(const Schema& schema, const PgType& type) const {
    ReadNode node;
    node.kind = type.kind;
    node.wire = schema.type;
    node.typmod = type.typmod;
    node.schema = &schema;
    node.type = &type;
    node.has_infinity = avro::find_property(schema.properties, "pg.infinity").has_value();
    node.is_plain_money = avro::find_property(schema.properties, "pg.lc_monetary") == "\"C\"";
    node.has_qualified_names = origin_ != Origin::anywhere && type.kind == TypeKind::named;
    const bool is_backup = origin_ == Origin::backup || origin_ == Origin::compared;
    node.takes_stored = (is_backup || takes_any_stored(type)) && has_stored_form_of(schema, type);
    return node;
  }

  [[noreturn]] void fail(const ReadNode& node) const { throw TypeMismatch{path_, avro_type_text(*node.schema), node.type->name}; }

  void plan_union(ReadNode& node) {
    node.op = ReadOp::union_;
    Siblings siblings;
    int count = 0;
    for (const Schema* branch : node.schema->branches) {
      if (branch->type != Type::null_) count++;
      siblings.have_json |= is_json_string(*branch);
      siblings.have_string |= branch->type == Type::string || is_twofold_record(*branch);
    }
    siblings.are_many = count > 1;
    for (const Schema* branch : node.schema->branches) {
      ReadNode part = start(*branch, *node.type);
      if (branch->type != Type::null_) plan_value(part, siblings);
      node.parts.push_back(std::move(part));
    }
  }

  void plan_value(ReadNode& node, Siblings siblings) {
    if (node.kind == TypeKind::json || node.kind == TypeKind::jsonb) return plan_json(node, siblings);
    if (is_twofold_record(*node.schema) && node.kind != TypeKind::composite) return plan_twofold(node);
    if (node.kind == TypeKind::text) return plan_text(node);
    switch (node.schema->type) {
      case Type::string:
      case Type::enum_:
        return plan_string(node);
      case Type::boolean:
        if (node.kind != TypeKind::boolean) fail(node);
        node.op = ReadOp::boolean;
        return;
      case Type::int_:
      case Type::long_:
        return plan_integer(node);
      case Type::float_:
      case Type::double_:
        if (node.kind != TypeKind::float4 && node.kind != TypeKind::float8 && node.kind != TypeKind::numeric) fail(node);
        node.op = ReadOp::real;
        return;
      case Type::bytes:
      case Type::fixed:
        return plan_bytes(node, siblings);
      case Type::array:
        return plan_array(node);
      case Type::map:
        if (node.kind != TypeKind::hstore) fail(node);
        return plan_input(node, ReadOp::hstore);
      case Type::record:
        return plan_record(node);
      default:
        fail(node);
    }
  }

  /// A string among other branches is a value like the others; one on its own, or one that says so, is JSON text.
  static void plan_json(ReadNode& node, Siblings siblings) {
    node.op = ReadOp::json_form;
    if (is_json_string(*node.schema) || (node.wire == Type::string && !siblings.are_many)) node.op = ReadOp::json_text;
    if (node.wire == Type::bytes && siblings.have_json) node.op = ReadOp::raw_json;
  }

  static void plan_text(ReadNode& node) {
    node.op = ReadOp::text_form;
    if (node.wire == Type::string || node.wire == Type::enum_) node.op = ReadOp::text;
    if (node.wire == Type::bytes && node.schema->logical_type.empty()) node.op = ReadOp::raw_text;
    read_symbols(node);
  }

  static void read_symbols(ReadNode& node) {
    for (const std::string& symbol : node.schema->symbols) node.symbols.push_back(pg::from_utf8(symbol));
  }

  void plan_string(ReadNode& node) {
    read_symbols(node);
    if (node.wire == Type::enum_ && node.kind == TypeKind::enum_) {
      node.op = ReadOp::label;
      node.labels.resize(node.symbols.size());
      return;
    }
    plan_input(node, ReadOp::input);
  }

  /// Whatever else it becomes, it becomes it by its text.
  static void plan_twofold(ReadNode& node) {
    const bool is_received = node.takes_stored && node.type->length < 0;
    if (is_received) plan_binary(node);
    if (!is_received) plan_input(node, ReadOp::twofold);
    node.op = ReadOp::twofold;
  }

  static void plan_input(ReadNode& node, ReadOp op) {
    node.op = op;
    Oid function;
    Oid* const argument = &node.function_argument;
    call(getTypeInputInfo, node.type->oid, &function, argument);
    call(fmgr_info, function, &node.function);
  }

  void plan_integer(ReadNode& node) {
    const std::string& logical = node.schema->logical_type;
    const bool is_number = node.kind == TypeKind::int4 || node.kind == TypeKind::int8 || node.kind == TypeKind::numeric;
    if (logical.empty() || (is_number && avro::time_unit(logical) == 0)) {
      plan_number(node);
    } else if (logical == "date") {
      if (node.kind != TypeKind::date && node.kind != TypeKind::timestamp) fail(node);
      node.op = ReadOp::date;
    } else if (const std::int64_t unit = avro::time_unit(logical); unit != 0) {
      if (node.kind != TypeKind::time) fail(node);
      node.op = ReadOp::time;
      node.unit = unit;
    } else {
      if (node.kind != TypeKind::timestamp && node.kind != TypeKind::timestamptz) fail(node);
      node.op = ReadOp::timestamp;
      node.unit = avro::timestamp_unit(logical);
    }
  }

  void plan_number(ReadNode& node) {
    switch (node.kind) {
      case TypeKind::int2:
      case TypeKind::int4:
      case TypeKind::int8:
      case TypeKind::oid:
      case TypeKind::float4:
      case TypeKind::float8:
      case TypeKind::numeric:
        break;
      default:
        fail(node);
    }
    node.op = ReadOp::integer;
    if (node.kind == TypeKind::int4 && node.wire == Type::int_) node.op = ReadOp::int_to_int4;
    if (node.kind == TypeKind::int8 && node.wire == Type::long_) node.op = ReadOp::long_to_int8;
  }

  void plan_bytes(ReadNode& node, Siblings siblings) {
    const std::string& logical = node.schema->logical_type;
    const bool is_decimal = logical == "decimal" || logical == "big-decimal";
    const bool is_uuid = node.wire == Type::fixed && node.schema->size_bytes == kUuidBytes && logical != "decimal";
    switch (node.kind) {
      case TypeKind::bytea:
        node.op = ReadOp::bytes;
        return;
      case TypeKind::numeric:
      case TypeKind::int2:
      case TypeKind::int4:
      case TypeKind::int8:
      case TypeKind::float4:
      case TypeKind::float8:
        if (!is_decimal) fail(node);
        node.op = logical == "decimal" ? ReadOp::decimal : ReadOp::big_decimal;
        return;
      case TypeKind::interval:
        if (logical != "duration") fail(node);
        node.op = ReadOp::duration;
        return;
      case TypeKind::uuid:
        if (!is_uuid) fail(node);
        node.op = ReadOp::uuid;
        return;
      case TypeKind::geometry:
        return plan_binary(node);
      default:
        // text that was not UTF-8
        if (!siblings.have_string || node.wire != Type::bytes || !logical.empty()) fail(node);
        return plan_input(node, ReadOp::raw_input);
    }
  }

  static void plan_binary(ReadNode& node) {
    node.op = ReadOp::binary;
    Oid function;
    Oid* const argument = &node.function_argument;
    call(getTypeBinaryInputInfo, node.type->oid, &function, argument);
    call(fmgr_info, function, &node.function);
  }

  void plan_array(ReadNode& node) {
    if (node.kind == TypeKind::multirange) return plan_multirange(node);
    if (node.kind != TypeKind::array) fail(node);
    node.op = ReadOp::array;
    add_items(node, *node.schema);
  }

  /// Arrays of arrays are dimensions, down to the first items that are none, or that are what an element is.
  void add_items(ReadNode& node, const Schema& array) {
    const Schema* bottom = array.items;
    int levels = 1;
    for (; const Schema* const inner = inner_array(*bottom); bottom = inner->items) levels++;
    const int dimensions = std::max(levels - levels_of_element(node.type->parts[0], *bottom), 1);
    if (dimensions > MAXDIM) fail(node);
    node.dimensions = static_cast<std::int8_t>(dimensions);
    const Schema* items = array.items;
    for (int i = 1; i < dimensions; i++) items = inner_array(*items)->items;
    within("items", [&] { node.parts.push_back(plan(*items, node.type->parts[0])); });
  }

  void plan_multirange(ReadNode& node) {
    node.op = ReadOp::multirange;
    within("items", [&] { node.parts.push_back(plan(*node.schema->items, node.type->parts[0])); });
    node.range = range_cache(node.type->parts[0].oid);
  }

  static TypeCacheEntry* range_cache(Oid type) { return call(lookup_type_cache, type, int{TYPECACHE_RANGE_INFO}); }

  void plan_record(ReadNode& node) {
    switch (node.kind) {
      case TypeKind::numeric:
      case TypeKind::int2:
      case TypeKind::int4:
      case TypeKind::int8:
      case TypeKind::float4:
      case TypeKind::float8:
        if (node.schema->logical_type != avro::kScaledDecimal) fail(node);
        node.op = ReadOp::scaled_decimal;
        return;
      case TypeKind::composite:
        return plan_composite(node);
      case TypeKind::hstore:
        return plan_input(node, ReadOp::hstore);
      case TypeKind::interval:
        if (!is_interval_record(*node.schema)) fail(node);
        node.op = ReadOp::interval;
        return;
      case TypeKind::timetz:
        if (!is_timetz_record(*node.schema)) fail(node);
        node.op = ReadOp::timetz;
        return;
      case TypeKind::range:
        if (!is_range_record(*node.schema)) fail(node);
        node.op = ReadOp::range;
        within("lower", [&] { node.parts.push_back(plan(*node.schema->fields[0].schema, node.type->parts[0])); });
        within("upper", [&] { node.parts.push_back(plan(*node.schema->fields[1].schema, node.type->parts[0])); });
        node.range = range_cache(node.type->oid);
        return;
      case TypeKind::array:
        if (!is_odd_array_record(*node.schema)) fail(node);
        node.op = ReadOp::odd_array;
        within("items", [&] { node.parts.push_back(plan(*node.schema->fields[2].schema->items, node.type->parts[0])); });
        return;
      default:
        fail(node);
    }
  }

  void plan_composite(ReadNode& node) {
    node.op = ReadOp::composite;
    std::vector<std::string> names;
    std::vector<int> attributes;
    for (std::size_t i = 0; i < node.type->attributes.size(); i++) {
      if (node.type->attributes[i].is_dropped) continue;
      names.push_back(node.type->attributes[i].name);
      attributes.push_back(static_cast<int>(i));
    }
    const std::vector<avro::Field>& fields = node.schema->fields;
    const std::vector<int> found = match_fields(fields, names);
    if (!fields.empty() && !names.empty() && std::all_of(found.begin(), found.end(), [](int column) { return column < 0; }))
      fail(node);
    for (std::size_t i = 0; i < fields.size(); i++) {
      node.attributes.push_back(found[i] < 0 ? -1 : attributes[static_cast<std::size_t>(found[i])]);
      ReadNode& part = node.parts.emplace_back();
      if (found[i] < 0) continue;
      const PgType& type = node.type->attributes[static_cast<std::size_t>(node.attributes.back())].type;
      within(fields[i].name, [&] { part = plan(*fields[i].schema, type); });
    }
    node.descriptor = call([oid = node.type->oid, typmod = node.typmod] { return lookup_rowtype_tupdesc_copy(oid, typmod); });
  }

  template <class F>
  void within(const std::string& step, F&& body) {
    const std::size_t length = path_.size();
    path_ += concat(length == 0 ? "" : ".", step);
    body();
    path_.resize(length);
  }

  static constexpr std::size_t kUuidBytes = 16;
  Origin origin_;
  std::string path_;
};

}  // namespace

ReadNode plan_read(const Schema& schema, const PgType& type, Origin origin) { return Planner(origin).plan(schema, type); }

}  // namespace ferry::map
