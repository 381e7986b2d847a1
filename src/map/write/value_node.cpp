#include "map/write/value_node.hpp"

#include "avro/encode.hpp"
#include "map/types/output_settings.hpp"
#include "map/types/record_schema.hpp"
#include "pg/guard.hpp"

#include "pg/server.hpp"

extern "C" {
#include "catalog/pg_enum.h"
#include "catalog/pg_proc.h"
#include "utils/fmgroids.h"
}

namespace ferry::map {

using pg::call;

namespace {

constexpr std::size_t kUuidTextBytes = 36;
constexpr std::size_t kMaxDecimalBytes = 16;

/// is_binary: the send function. has_arguments: names of functions and operators, which others may have, too, come with the types
/// of their arguments.
FmgrInfo* find_function(Oid type, bool is_binary, bool has_arguments = false) {
  return call([=] {
    Oid function;
    bool is_varlena;
    if (is_binary)
      getTypeBinaryOutputInfo(type, &function, &is_varlena);
    else
      getTypeOutputInfo(type, &function, &is_varlena);
    if (has_arguments && function == F_REGPROCOUT) function = F_REGPROCEDUREOUT;
    if (has_arguments && function == F_REGOPEROUT) function = F_REGOPERATOROUT;
    auto* const info = static_cast<FmgrInfo*>(palloc0(sizeof(FmgrInfo)));
    fmgr_info(function, info);
    return info;
  });
}

void make_record(ValueNode& node, const PgType& type, Profile profile) {
  for (std::size_t i = 0; i < type.attributes.size(); i++) {
    if (type.attributes[i].is_dropped) continue;
    node.parts.push_back(make_node(type.attributes[i].type, profile, true));
    node.attributes.push_back(static_cast<int>(i));
  }
  const std::size_t count = type.attributes.size();
  node.row = call(lookup_rowtype_tupdesc_copy, type.oid, type.typmod);
  node.values = call([count] { return static_cast<Datum*>(palloc0(count * sizeof(Datum) + 1)); });
  node.nulls = call([count] { return static_cast<bool*>(palloc0(count * sizeof(bool) + 1)); });
}

void find_symbols(ValueNode& node, const PgType& type) {
  for (std::size_t i = 0; i < type.labels.size(); i++) {
    const Oid label = call([oid = type.oid, name = type.labels[i].c_str()] {
      return GetSysCacheOid2(ENUMTYPOIDNAME, Anum_pg_enum_oid, ObjectIdGetDatum(oid), CStringGetDatum(name));
    });
    node.symbols.emplace(label, static_cast<int>(i));
  }
}

void make_parts(ValueNode& node, const PgType& type, Profile profile) {
  switch (node.form) {
    case Form::decimal: {
      const Decimal decimal = *decimal_of(type.typmod);
      node.precision = decimal.precision;
      node.scale = decimal.scale;
      node.decimal_bytes = static_cast<std::uint8_t>(decimal_bytes(decimal.precision));
      return;
    }
    case Form::array:
    case Form::plain_array:
      node.parts.push_back(make_node(type.parts[0], profile, true));
      return;
    case Form::multirange:
      node.parts.push_back(make_node(type.parts[0], profile, false));
      node.range = node.parts[0].range;
      return;
    case Form::range:
      node.parts.push_back(make_node(type.parts[0], profile, true));
      node.range = call(lookup_type_cache, type.oid, int{TYPECACHE_RANGE_INFO});
      return;
    case Form::record:
      return make_record(node, type, profile);
    case Form::symbol:
      return find_symbols(node, type);
    case Form::twofold:
      if (type.length < 0) node.send = find_function(type.oid, true);
      [[fallthrough]];
    case Form::geometry:
    case Form::map:
    case Form::output:
      node.function = find_function(type.oid, node.form == Form::geometry, node.form == Form::twofold);
      node.is_parallel_safe = call(func_parallel, node.function->fn_oid) == PROPARALLEL_SAFE;
      node.needs_settings =
          node.form != Form::geometry && node.form != Form::map && type.kind != TypeKind::enum_ && depends_on_settings(type.oid);
      return;
    default:
      return;
  }
}

}  // namespace

ValueNode make_node(const PgType& type, Profile profile, bool is_nullable) {
  const Rule& rule = rule_of(type, profile);
  const Branches branches = branches_of(rule, is_nullable);
  ValueNode node;
  node.form = rule.form;
  node.other = branches.has_other ? rule.other : Other::none;
  node.is_fixed = fixed_bytes(rule.form) != 0;
  node.is_checked = profile == Profile::interop;
  node.is_union = branches.is_union();
  node.value_branch = branches.value();
  node.other_branch = branches.other();
  node.type = type.oid;
  node.type_name = type.name;
  node.length = type.length;
  node.dimensions = type.dimensions;
  node.by_value = type.by_value;
  node.alignment = type.alignment;
  make_parts(node, type, profile);
  for (const ValueNode& part : node.parts) {
    node.needs_settings = node.needs_settings || part.needs_settings;
    node.is_parallel_safe = node.is_parallel_safe && part.is_parallel_safe;
  }
  return node;
}

std::size_t fixed_bytes(Form form) {
  switch (form) {
    case Form::boolean:
      return 1;
    case Form::int2:
    case Form::int4:
    case Form::date:
      return avro::kMaxIntBytes;
    case Form::int8:
    case Form::oid:
    case Form::timestamp:
    case Form::timestamptz:
    case Form::time:
      return avro::kMaxLongBytes;
    case Form::float4:
      return sizeof(float);
    case Form::float8:
      return sizeof(double);
    case Form::decimal:
      return 1 + kMaxDecimalBytes;
    case Form::uuid:
      return 1 + kUuidTextBytes;
    case Form::timetz:
      return avro::kMaxLongBytes + avro::kMaxIntBytes;
    case Form::interval:
      return 2 * avro::kMaxIntBytes + avro::kMaxLongBytes;
    default:
      return 0;
  }
}

}  // namespace ferry::map
