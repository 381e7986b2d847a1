#include "map/types/table.hpp"

#include <algorithm>

#include "base/concat.hpp"
#include "base/error.hpp"
#include "map/types/decimal.hpp"
#include "pg/compat.hpp"
#include "pg/guard.hpp"

#include "pg/server.hpp"

extern "C" {
#include "commands/comment.h"
}

namespace ferry::map {
namespace {

std::string text_or_empty(const char* text) { return text == nullptr ? std::string() : std::string(text); }

Column describe_column(const FormData_pg_attribute& attribute) {
  Column column{};
  column.name = NameStr(attribute.attname);
  column.attribute = attribute.attnum;
  column.type = read_type(attribute.atttypid, attribute.atttypmod);
  if (attribute.attndims > 0) column.type.dimensions = static_cast<std::int16_t>(attribute.attndims);
  column.is_nullable = true;
  return column;
}

}  // namespace

Table describe(Relation relation) {
  Table table;
  const Oid oid = RelationGetRelid(relation);
  table.name = RelationGetRelationName(relation);
  table.schema = text_or_empty(pg::call(get_namespace_name, RelationGetNamespace(relation)));
  table.comment = text_or_empty(pg::call(GetComment, oid, Oid{RelationRelationId}, int32{0}));
  TupleDesc const descriptor = RelationGetDescr(relation);
  for (int i = 0; i < descriptor->natts; i++) {
    const FormData_pg_attribute& attribute = *TupleDescAttr(descriptor, i);
    const bool is_computed_on_reading = attribute.attgenerated == 'v';
    if (attribute.attisdropped || is_computed_on_reading) continue;
    Column& column = table.columns.emplace_back(describe_column(attribute));
    column.comment = text_or_empty(pg::call(GetComment, oid, Oid{RelationRelationId}, int32{attribute.attnum}));
    column.is_nullable = !pg::compat::is_not_null(descriptor, i);
    column.is_generated = attribute.attgenerated != '\0';
  }
  return table;
}

Table describe(TupleDesc descriptor, std::string name) {
  Table table;
  table.name = std::move(name);
  for (int i = 0; i < descriptor->natts; i++) {
    const FormData_pg_attribute& attribute = *TupleDescAttr(descriptor, i);
    if (attribute.attisdropped) continue;
    table.columns.push_back(describe_column(attribute));
    table.columns.back().attribute = static_cast<AttrNumber>(i + 1);  // a query's may have no number of its own
  }
  return table;
}

Table select_columns(const Table& table, std::span<const AttrNumber> attributes) {
  Table selected{.schema = table.schema, .name = table.name, .comment = table.comment, .columns = {}};
  for (const AttrNumber attribute : attributes) {
    const auto found = std::find_if(table.columns.begin(), table.columns.end(),
                                    [=](const Column& column) { return column.attribute == attribute; });
    if (found == table.columns.end())
      throw Error("0A000", concat("column ", attribute, " of table \"", table.name, "\" is computed on reading and not stored"));
    selected.columns.push_back(*found);
  }
  return selected;
}

Profile profile_of(const std::string& name) {
  if (name == "interop") return Profile::interop;
  if (name == "lossless") return Profile::lossless;
  throw Error("22023", concat("profile \"", name, "\" does not exist")).hint("Profiles are \"interop\" and \"lossless\".");
}

std::optional<Decimal> decimal_of(std::int32_t typmod) {
  if (typmod < static_cast<int>(VARHDRSZ)) return std::nullopt;
  const int modifier = typmod - static_cast<int>(VARHDRSZ);
  const int precision = (modifier >> 16) & 0xffff;
  const int scale = ((modifier & 0x7ff) ^ 1024) - 1024;
  const Decimal decimal{scale < 0 ? precision - scale : std::max(precision, scale), std::max(scale, 0)};
  if (decimal.precision > kMaxDecimalDigits) return std::nullopt;
  return decimal;
}

int decimal_bytes(int precision) {
  const Int128 largest = power_of_ten(precision) - 1;
  int size_bytes = 1;
  while (size_bytes < 16 && largest >> (8 * size_bytes - 1) != 0) size_bytes++;
  return size_bytes;
}

}  // namespace ferry::map
