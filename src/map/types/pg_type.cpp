#include "map/types/pg_type.hpp"

#include <cstring>
#include <string_view>

#include "base/concat.hpp"
#include "pg/guard.hpp"

#include "pg/server.hpp"

extern "C" {
#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xlog.h"
#include "catalog/dependency.h"
#include "catalog/indexing.h"
#include "catalog/pg_enum.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/typcache.h"
}

namespace ferry::map {

using pg::call;

namespace {

struct BuiltIn {
  Oid type;
  TypeKind kind;
};

constexpr BuiltIn kBuiltIn[] = {
    {BOOLOID, TypeKind::boolean},
    {INT2OID, TypeKind::int2},
    {INT4OID, TypeKind::int4},
    {INT8OID, TypeKind::int8},
    {OIDOID, TypeKind::oid},
    {FLOAT4OID, TypeKind::float4},
    {FLOAT8OID, TypeKind::float8},
    {NUMERICOID, TypeKind::numeric},
    {DATEOID, TypeKind::date},
    {TIMESTAMPOID, TypeKind::timestamp},
    {TIMESTAMPTZOID, TypeKind::timestamptz},
    {TIMEOID, TypeKind::time},
    {TIMETZOID, TypeKind::timetz},
    {INTERVALOID, TypeKind::interval},
    {UUIDOID, TypeKind::uuid},
    {JSONOID, TypeKind::json},
    {JSONBOID, TypeKind::jsonb},
    {BYTEAOID, TypeKind::bytea},
    {TEXTOID, TypeKind::text},
    {VARCHAROID, TypeKind::text},
    {BPCHAROID, TypeKind::text},
    {NAMEOID, TypeKind::text},
    {CASHOID, TypeKind::money},
    {XMLOID, TypeKind::xml},
    {TSQUERYOID, TypeKind::tsquery},
    {REGPROCOID, TypeKind::named},
    {REGPROCEDUREOID, TypeKind::named},
    {REGOPEROID, TypeKind::named},
    {REGOPERATOROID, TypeKind::named},
    {REGCLASSOID, TypeKind::named},
    {REGCOLLATIONOID, TypeKind::named},
    {REGTYPEOID, TypeKind::named},
    {REGROLEOID, TypeKind::named},
    {REGNAMESPACEOID, TypeKind::named},
    {REGCONFIGOID, TypeKind::named},
    {REGDICTIONARYOID, TypeKind::named},
    {ACLITEMOID, TypeKind::named},
};

/// What pg_type says of a type.
struct Entry {
  char type, name[NAMEDATALEN];
  Oid base, element, relation;
  std::int32_t base_typmod;
  std::int16_t length, dimensions;
  bool by_value, is_array;
  char alignment;
  bool is_of_hstore, is_of_postgis, is_of_isn;
};

/// Whether an extension of that name owns the type. Calls the server without a guard.
bool belongs_to(Oid type, const char* extension) {
  const Oid owner = getExtensionOfObject(TypeRelationId, type);
  return OidIsValid(owner) && owner == get_extension_oid(extension, true);
}

/// Calls the server without a guard.
Entry read_entry(Oid oid) {
  HeapTuple const tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(oid));
  if (!HeapTupleIsValid(tuple)) elog(ERROR, "cache lookup failed for type %u", oid);
  const auto* const form = reinterpret_cast<Form_pg_type>(GETSTRUCT(tuple));
  Entry entry{};
  entry.type = form->typtype;
  strlcpy(entry.name, NameStr(form->typname), sizeof entry.name);
  entry.base = form->typbasetype;
  entry.element = form->typelem;
  entry.relation = form->typrelid;
  entry.base_typmod = form->typtypmod;
  entry.length = form->typlen;
  entry.dimensions = static_cast<std::int16_t>(form->typndims);
  entry.by_value = form->typbyval;
  entry.is_array = IsTrueArrayType(form);
  entry.alignment = form->typalign;
  ReleaseSysCache(tuple);
  if (oid < FirstNormalObjectId || entry.type != TYPTYPE_BASE) return entry;
  entry.is_of_hstore = std::strcmp(entry.name, "hstore") == 0 && belongs_to(oid, "hstore");
  const bool is_spatial = std::strcmp(entry.name, "geometry") == 0 || std::strcmp(entry.name, "geography") == 0;
  entry.is_of_postgis = is_spatial && belongs_to(oid, "postgis");
  entry.is_of_isn = entry.length == sizeof(std::int64_t) && belongs_to(oid, "isn");
  return entry;
}

TypeKind kind_of_base(Oid oid, const Entry& entry) {
  const bool has_array_input = oid != INT2VECTOROID && oid != OIDVECTOROID;
  if (entry.is_array && has_array_input) return TypeKind::array;
  for (const BuiltIn& known : kBuiltIn)
    if (known.type == oid) return known.kind;
  if (entry.is_of_hstore) return TypeKind::hstore;
  if (entry.is_of_isn) return TypeKind::named;
  return entry.is_of_postgis ? TypeKind::geometry : TypeKind::other;
}

void read_attributes(PgType& type) {
  TupleDesc const row = call(lookup_rowtype_tupdesc, type.oid, type.typmod);
  for (int i = 0; i < row->natts; i++) {
    const FormData_pg_attribute& from = *TupleDescAttr(row, i);
    PgAttribute& to = type.attributes.emplace_back();
    to.name = NameStr(from.attname);
    to.is_dropped = from.attisdropped;
    if (to.is_dropped) continue;
    to.type = read_type(from.atttypid, from.atttypmod);
    if (from.attndims > 0) to.type.dimensions = static_cast<std::int16_t>(from.attndims);
  }
  call([row] { ReleaseTupleDesc(row); });
}

/// In the order that the type gives them.
void read_labels(PgType& type) {
  struct Scan {
    Relation catalog;
    SysScanDesc scan;
  };
  const Scan open = call([oid = type.oid] {
    ScanKeyData key;
    ScanKeyInit(&key, Anum_pg_enum_enumtypid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(oid));
    Relation const catalog = table_open(EnumRelationId, AccessShareLock);
    Relation const index = index_open(EnumTypIdSortOrderIndexId, AccessShareLock);
    SysScanDesc const scan = systable_beginscan_ordered(catalog, index, nullptr, 1, &key);
    return Scan{catalog, scan};
  });
  while (HeapTuple const tuple = call(systable_getnext_ordered, open.scan, ForwardScanDirection))
    type.labels.emplace_back(NameStr(reinterpret_cast<Form_pg_enum>(GETSTRUCT(tuple))->enumlabel));
  call([open] {
    Relation const index = open.scan->irel;
    systable_endscan_ordered(open.scan);
    index_close(index, AccessShareLock);
    table_close(open.catalog, AccessShareLock);
  });
}

void read_parts(PgType& type, const Entry& entry) {
  switch (entry.type) {
    case TYPTYPE_COMPOSITE:
      type.kind = TypeKind::composite;
      return read_attributes(type);
    case TYPTYPE_ENUM:
      type.kind = TypeKind::enum_;
      return read_labels(type);
    case TYPTYPE_RANGE:
      type.kind = TypeKind::range;
      type.parts.push_back(read_type(call(get_range_subtype, type.oid), -1));
      return;
    case TYPTYPE_MULTIRANGE:
      type.kind = TypeKind::multirange;
      type.parts.push_back(read_type(call(get_multirange_range, type.oid), -1));
      return;
    case TYPTYPE_PSEUDO:  // record, in a query's result
      type.kind = TypeKind::other;
      return;
    default:
      type.kind = kind_of_base(type.oid, entry);
      if (type.kind == TypeKind::array) type.parts.push_back(read_type(entry.element, type.typmod));
  }
}

}  // namespace

std::string type_name(Oid oid, std::int32_t typmod) {
  constexpr std::string_view kBuiltInSchema = "pg_catalog.";
  const std::string_view name = call([=]() -> const char* {
    constexpr std::uint16_t kFlags = FORMAT_TYPE_TYPEMOD_GIVEN | FORMAT_TYPE_FORCE_QUALIFY;
    if (!quote_all_identifiers) return format_type_extended(oid, typmod, kFlags);
    const int nest_level = NewGUCNestLevel();
    set_config_option("quote_all_identifiers", "off", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
    const char* const plain = format_type_extended(oid, typmod, kFlags);
    AtEOXact_GUC(true, nest_level);
    return plain;
  });
  return std::string(name.starts_with(kBuiltInSchema) ? name.substr(kBuiltInSchema.size()) : name);
}

std::string stored_form(const PgType& type) {
  switch (type.kind) {
    case TypeKind::xml:
    case TypeKind::tsquery:
      return type_name(type.oid, -1);
    case TypeKind::named:
      return concat("type ", type.oid, " of database ", GetSystemIdentifier(), '/', MyDatabaseId);
    default:
      return {};
  }
}

PgType read_type(Oid oid, std::int32_t typmod) {
  call(check_stack_depth);
  PgType type;
  type.name = type_name(oid, typmod);
  Entry entry = call(read_entry, oid);
  if (entry.type == TYPTYPE_DOMAIN) type.domain = oid;
  while (entry.type == TYPTYPE_DOMAIN) {
    if (entry.dimensions > 0) type.dimensions = entry.dimensions;
    oid = entry.base;
    typmod = entry.base_typmod;
    entry = call(read_entry, oid);
  }
  type.oid = oid;
  type.typmod = typmod;
  type.length = entry.length;
  type.by_value = entry.by_value;
  type.alignment = entry.alignment;
  read_parts(type, entry);
  return type;
}

}  // namespace ferry::map
