#include "map/types/type_table.hpp"

namespace ferry::map {
namespace {

using avro::Type;

constexpr RuleProperty kAdjustToUtc{"adjust-to-utc", "true"};
constexpr RuleProperty kJson{"sqlType", "\"JSON\""};
constexpr RuleProperty kMonetaryC{"pg.lc_monetary", "\"C\""};
constexpr RuleProperty kStored{"pg.stored", nullptr};
constexpr RuleProperty kInfinityInt{"pg.infinity", "[-2147483648,2147483647]"};
constexpr RuleProperty kInfinityLong{"pg.infinity", "[-9223372036854775808,9223372036854775807]"};

/// A line whose two profiles are the same.
constexpr TypeRules both(TypeKind kind, const char* title, Rule rule) { return {kind, Condition::always, title, rule, rule}; }

/// A line of text: the profiles differ only where the text is not UTF-8.
constexpr TypeRules text(TypeKind kind, const char* title, Rule rule) {
  Rule lossless = rule;
  lossless.other = Other::bytes;
  return {kind, Condition::always, title, rule, lossless};
}

// THE table.
constexpr TypeRules kTable[] = {
    both(TypeKind::boolean, "boolean", {.form = Form::boolean, .type = Type::boolean}),
    both(TypeKind::int2, "smallint", {.form = Form::int2, .type = Type::int_}),
    both(TypeKind::int4, "integer", {.form = Form::int4, .type = Type::int_}),
    both(TypeKind::int8, "bigint", {.form = Form::int8, .type = Type::long_}),
    both(TypeKind::oid, "oid", {.form = Form::oid, .type = Type::long_}),
    both(TypeKind::float4, "real", {.form = Form::float4, .type = Type::float_}),
    both(TypeKind::float8, "double precision", {.form = Form::float8, .type = Type::double_}),
    {TypeKind::numeric,
     Condition::is_decimal,
     "numeric(p, s) of up to 38 digits",
     {.form = Form::decimal, .type = Type::bytes, .logical_type = "decimal", .note = "NaN is an error"},
     {.form = Form::decimal, .type = Type::bytes, .logical_type = "decimal", .other = Other::string, .note = "NaN is a string"}},
    both(TypeKind::numeric, "other numeric",
         {.form = Form::digits, .type = Type::string, .note = "all digits, trailing zeros, NaN and infinities"}),
    {TypeKind::date,
     Condition::always,
     "date",
     {.form = Form::date, .type = Type::int_, .logical_type = "date", .note = "infinities are an error"},
     {.form = Form::date,
      .type = Type::int_,
      .logical_type = "date",
      .properties = {kInfinityInt},
      .note = "infinities are the smallest and the largest int"}},
    {TypeKind::timestamp,
     Condition::always,
     "timestamp",
     {.form = Form::timestamp,
      .type = Type::long_,
      .logical_type = "local-timestamp-micros",
      .note = "infinities, and what is late in the year 294246 or after, are an error"},
     {.form = Form::timestamp,
      .type = Type::long_,
      .logical_type = "local-timestamp-micros",
      .other = Other::string,
      .properties = {kInfinityLong},
      .note = "infinities are the smallest and the largest long; late in the year 294246 and after, a string"}},
    {TypeKind::timestamptz,
     Condition::always,
     "timestamptz",
     {.form = Form::timestamptz,
      .type = Type::long_,
      .logical_type = "timestamp-micros",
      .properties = {kAdjustToUtc},
      .note = "as timestamp"},
     {.form = Form::timestamptz,
      .type = Type::long_,
      .logical_type = "timestamp-micros",
      .other = Other::string,
      .properties = {kAdjustToUtc, kInfinityLong},
      .note = "as timestamp"}},
    {TypeKind::time,
     Condition::always,
     "time",
     {.form = Form::time, .type = Type::long_, .logical_type = "time-micros", .note = "24:00:00 is an error"},
     {.form = Form::time, .type = Type::long_, .logical_type = "time-micros", .note = "24:00:00 is 86400000000"}},
    {TypeKind::timetz,
     Condition::always,
     "timetz",
     {.form = Form::output, .type = Type::string, .note = "`12:00:00.5+02`"},
     {.form = Form::timetz, .type = Type::record, .note = "`pg.timetz`: `micros` long, `zone_seconds` int, west of UTC"}},
    {TypeKind::interval,
     Condition::always,
     "interval",
     {.form = Form::iso_interval, .type = Type::string, .note = "ISO 8601, `P1Y2M3DT4H5M6.7S`; infinities are an error"},
     {.form = Form::interval, .type = Type::record, .note = "`pg.interval`: `months` int, `days` int, `micros` long"}},
    both(TypeKind::uuid, "uuid", {.form = Form::uuid, .type = Type::string, .logical_type = "uuid"}),
    text(TypeKind::json, "json", {.form = Form::json, .type = Type::string, .properties = {kJson}, .note = "the text as it is"}),
    text(TypeKind::jsonb, "jsonb", {.form = Form::jsonb, .type = Type::string, .properties = {kJson}}),
    both(TypeKind::bytea, "bytea", {.form = Form::bytea, .type = Type::bytes}),
    text(TypeKind::text, "text, varchar, char(n), name",
         {.form = Form::text, .type = Type::string, .note = "char(n) with its trailing spaces"}),
    {TypeKind::array,
     Condition::always,
     "arrays",
     {.form = Form::array,
      .type = Type::array,
      .note =
          "arrays in arrays where the column was declared so; other dimensions, and those that do not begin at 1, are an error"},
     {.form = Form::plain_array,
      .type = Type::array,
      .other = Other::record,
      .note = "several dimensions, and those that do not begin at 1, are a record: `dims`, `lower_bounds`, `items`"}},
    both(TypeKind::composite, "composite types", {.form = Form::record, .type = Type::record, .note = "all fields nullable"}),
    {TypeKind::enum_,
     Condition::has_symbols_only,
     "enums with labels that are names",
     {.form = Form::symbol, .type = Type::enum_, .note = "in the order of the labels"},
     {.form = Form::symbol, .type = Type::enum_, .note = "in the order of the labels"}},
    text(TypeKind::enum_, "other enums", {.form = Form::output, .type = Type::string}),
    {TypeKind::range,
     Condition::always,
     "ranges",
     {.form = Form::output, .type = Type::string, .note = "`[1,10)`"},
     {.form = Form::range, .type = Type::record, .note = "`lower`, `upper`, `flags`"}},
    {TypeKind::multirange,
     Condition::always,
     "multiranges",
     {.form = Form::output, .type = Type::string, .note = "`{[1,3),[5,8)}`"},
     {.form = Form::multirange, .type = Type::array, .note = "of such records"}},
    text(TypeKind::hstore, "hstore", {.form = Form::map, .type = Type::map, .note = "of nullable strings"}),
    both(TypeKind::geometry, "PostGIS geometry, geography", {.form = Form::geometry, .type = Type::bytes, .note = "EWKB"}),
    {TypeKind::money,
     Condition::always,
     "money",
     {.form = Form::output, .type = Type::string, .note = "as the session's `lc_monetary` has it"},
     {.form = Form::output, .type = Type::string, .properties = {kMonetaryC}, .note = "`$1,234.50`, whatever `lc_monetary` is"}},
    {TypeKind::xml,
     Condition::always,
     "xml",
     {.form = Form::output, .type = Type::string, .note = "without the encoding that a declaration names"},
     {.form = Form::text, .type = Type::string, .other = Other::bytes, .properties = {kStored}, .note = "the text as it is"}},
    {TypeKind::tsquery,
     Condition::always,
     "tsquery",
     {.form = Form::output, .type = Type::string, .note = "without parentheses that do not matter"},
     {.form = Form::twofold,
      .type = Type::record,
      .other = Other::bytes,
      .properties = {kStored},
      .note = "`text`, and `stored`: the binary form, where the text is not all of it"}},
    {TypeKind::named,
     Condition::always,
     "regclass and its kin, aclitem, the types of isn",
     {.form = Form::output, .type = Type::string, .note = "the name"},
     {.form = Form::twofold,
      .type = Type::record,
      .other = Other::bytes,
      .properties = {kStored},
      .note = "`text`, the name; and `stored`, which counts in the same database"}},
    text(TypeKind::other, "any other: inet, bit, tsvector, ...",
         {.form = Form::output, .type = Type::string, .note = "as the output function shows it"}),
};

}  // namespace

std::span<const TypeRules> type_table() { return kTable; }

}  // namespace ferry::map
