#include "map/read/fitted_value.hpp"

#include "pg/compat.hpp"

extern "C" {
#include "utils/cash.h"
#include "utils/date.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"
}

namespace ferry::map {
namespace {

Datum bpchar_value(const ReadNode& node, ServerText text) {
  return DirectFunctionCall3(bpcharin, CStringGetDatum(zero_ended(text)), ObjectIdGetDatum(InvalidOid),
                             Int32GetDatum(node.typmod));
}

Datum name_value(const ReadNode& node, ServerText text) {
  if (text.size_bytes >= NAMEDATALEN) throw Error("22001", concat("value too long for type ", node.type->name));
  auto* const name = static_cast<char*>(palloc0(NAMEDATALEN));
  std::memcpy(name, text.data, static_cast<std::size_t>(text.size_bytes));
  return PointerGetDatum(name);
}

bool is_same(TypeKind kind, Datum a, Datum b) {
  switch (kind) {
    case TypeKind::interval:
      return std::memcmp(DatumGetPointer(a), DatumGetPointer(b), sizeof(Interval)) == 0;
    case TypeKind::timetz:
      return DatumGetTimeTzADTP(a)->time == DatumGetTimeTzADTP(b)->time;
    default:
      return DatumGetInt64(a) == DatumGetInt64(b);
  }
}

PGFunction rounding_of(TypeKind kind) {
  switch (kind) {
    case TypeKind::time:
      return time_scale;
    case TypeKind::timetz:
      return timetz_scale;
    case TypeKind::timestamp:
      return timestamp_scale;
    case TypeKind::timestamptz:
      return timestamptz_scale;
    case TypeKind::interval:
      return interval_scale;
    default:
      return nullptr;
  }
}

/// Whatever the session's xmloption, as pg_dump has it: a value that a column held before is one that it can hold.
Datum xml_value(const ReadNode& node, ServerText text) {
  struct varlena* const content = cstring_to_text_with_len(text.data, text.size_bytes);
  return node.takes_stored ? PointerGetDatum(content) : XmlPGetDatum(pg::compat::parse_xml_content(content));
}

[[noreturn]] void fail_syntax(const ReadNode& node) {
  throw Error("22P02", concat("invalid input syntax for type ", node.type->name));
}

/// "-$1,234.50". Errors: 22P02, 22003.
Datum plain_money(const ReadNode& node, ServerText text) {
  std::string_view rest(text.data, static_cast<std::size_t>(text.size_bytes));
  const bool is_negative = rest.starts_with('-');
  if (is_negative) rest.remove_prefix(1);
  const std::size_t point = rest.find('.');
  if (point == std::string_view::npos || rest.size() != point + 3) fail_syntax(node);
  Cash cents = 0;
  for (std::size_t i = 0; i < rest.size(); i++) {
    const char c = rest[i];
    if (i == point || c == '$' || c == ',') continue;
    if (c < '0' || c > '9') fail_syntax(node);
    // below 0 there is one number more than above
    if (__builtin_mul_overflow(cents, Cash{10}, &cents) || __builtin_sub_overflow(cents, Cash{c - '0'}, &cents)) fail_range(node);
  }
  if (!is_negative && __builtin_sub_overflow(Cash{0}, cents, &cents)) fail_range(node);
  return CashGetDatum(cents);
}

Datum object_of_name(ReadNode& node, ServerText text) {
  const int nest_level = NewGUCNestLevel();
  set_config_option("search_path", "", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
  const bool has_arguments = text.size_bytes > 0 && text.data[text.size_bytes - 1] == ')';
  char* const name = zero_ended(text);
  Datum value;
  if (has_arguments && node.type->oid == REGPROCOID)
    value = DirectFunctionCall1(regprocedurein, CStringGetDatum(name));
  else if (has_arguments && node.type->oid == REGOPEROID)
    value = DirectFunctionCall1(regoperatorin, CStringGetDatum(name));
  else
    value = InputFunctionCall(&node.function, name, node.function_argument, node.typmod);
  AtEOXact_GUC(true, nest_level);
  return value;
}

}  // namespace

void fail_range(const ReadNode& node, const char* sqlstate) {
  throw Error(sqlstate, concat("value is out of range for type ", node.type->name));
}

Datum text_value(const ReadNode& node, ServerText text) {
  const int limit = node.typmod - static_cast<int>(VARHDRSZ);
  if (node.type->oid == BPCHAROID) return bpchar_value(node, text);
  if (node.type->oid == NAMEOID) return name_value(node, text);
  if (limit >= 0 && text.size_bytes > limit && pg_mbstrlen_with_len(text.data, text.size_bytes) > limit)
    throw Error("22001", concat("value too long for type ", node.type->name));
  return varlena_value(text.data, static_cast<std::size_t>(text.size_bytes));
}

Datum fitted_numeric(const ReadNode& node, Datum exact) {
  if (node.typmod < 0) return exact;
  const Datum fitted = DirectFunctionCall2(numeric, exact, Int32GetDatum(node.typmod));
  if (DatumGetInt32(DirectFunctionCall2(numeric_cmp, exact, fitted)) != 0) fail_range(node);
  return fitted;
}

Datum fitted_time(const ReadNode& node, Datum exact) {
  const PGFunction round = rounding_of(node.kind);
  if (node.typmod < 0 || round == nullptr) return exact;
  const Datum fitted = DirectFunctionCall2(round, exact, Int32GetDatum(node.typmod));
  if (!is_same(node.kind, exact, fitted))
    throw Error("22008", concat("value has more digits of a second, or more fields, than type ", node.type->name));
  return fitted;
}

Datum input_value(ReadNode& node, ServerText text) {
  if (node.type->oid == XMLOID) return xml_value(node, text);
  if (node.is_plain_money) return plain_money(node, text);
  if (node.has_qualified_names) return object_of_name(node, text);
  const bool is_fitted = node.kind == TypeKind::numeric || rounding_of(node.kind) != nullptr;
  const std::int32_t typmod = is_fitted ? -1 : node.typmod;
  const Datum value = InputFunctionCall(&node.function, zero_ended(text), node.function_argument, typmod);
  if (node.kind == TypeKind::numeric) return fitted_numeric(node, value);
  return is_fitted ? fitted_time(node, value) : value;
}

}  // namespace ferry::map
