#include "map/column_value.hpp"

#include <cstring>

#include "base/concat.hpp"
#include "base/error.hpp"
#include "map/calendar.hpp"
#include "map/decimal.hpp"

extern "C" {
#include "mb/pg_wchar.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"
}

namespace ferry::map {
namespace {

[[noreturn]] void fail_range(const Column& column) {
  throw Error("22003", concat("value is out of range for type ", column.type.name));
}

/// The column is text, not null, and fits the column's length.
Datum text_value(const char* data, int size_bytes, const Column& column) {
  const int limit = column.type.typmod - static_cast<int>(VARHDRSZ);
  if (column.type.oid == VARCHAROID && limit >= 0 && size_bytes > limit && pg_mbstrlen_with_len(data, size_bytes) > limit)
    throw Error("22001", concat("value too long for type ", column.type.name));
  return PointerGetDatum(cstring_to_text_with_len(data, size_bytes));
}

/// Text in the database's encoding, checked; not always with a zero byte at its end.
struct ServerText {
  const char* data;
  int size_bytes;
};

ServerText server_text(std::string_view text) {
  if (text.size() > MaxAllocSize - VARHDRSZ - 1) throw Error("54000", concat("text of ", text.size(), " bytes is too long"));
  const int size_bytes = static_cast<int>(text.size());
  const char* const converted = pg_any_to_server(text.data(), size_bytes, PG_UTF8);
  return {converted, converted == text.data() ? size_bytes : static_cast<int>(std::strlen(converted))};
}

char* zero_ended(ServerText text) { return pnstrdup(text.data, static_cast<Size>(text.size_bytes)); }

/// A text column's value, or a JSON one's, from text that is checked.
Datum from_text(ServerText text, const Column& column) {
  switch (column.type.kind) {
    case TypeKind::json:
      return DirectFunctionCall1(json_in, CStringGetDatum(zero_ended(text)));
    case TypeKind::jsonb:
      return DirectFunctionCall1(jsonb_in, CStringGetDatum(zero_ended(text)));
    default:
      return text_value(text.data, text.size_bytes, column);
  }
}

/// numeric_in() rounds to the column's scale; what that would change does not fit.
Datum from_digits(ServerText digits, const Column& column) {
  const Datum exact =
      DirectFunctionCall3(numeric_in, CStringGetDatum(zero_ended(digits)), ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
  if (column.type.typmod < 0) return exact;
  const Datum fitted = DirectFunctionCall2(numeric, exact, Int32GetDatum(column.type.typmod));
  if (DatumGetInt32(DirectFunctionCall2(numeric_cmp, exact, fitted)) != 0) fail_range(column);
  return fitted;
}

Datum from_decimal(ByteView bytes, const Column& column) {
  if (bytes.empty() || bytes.size() > 16) throw Error("22P04", concat("decimal of ", bytes.size(), " bytes"));
  const Int128 value = load_decimal(bytes.data(), static_cast<int>(bytes.size()));
  const Decimal decimal = *decimal_of(column.type.typmod);
  const Int128 bound = power_of_ten(decimal.precision);
  if (value >= bound || value <= -bound) fail_range(column);
  return numeric_from_scaled(value, decimal.scale, column.type.typmod);
}

/// A timestamp of the column's precision; rounding would change it, so it must have it already.
Datum fitted_timestamp(Timestamp value, const Column& column) {
  if (column.type.typmod < 0) return TimestampGetDatum(value);
  const Datum fitted = DirectFunctionCall2(timestamp_scale, TimestampGetDatum(value), Int32GetDatum(column.type.typmod));
  if (DatumGetTimestamp(fitted) != value) fail_range(column);
  return fitted;
}

Datum from_unix_micros(std::int64_t micros, const Column& column) {
  Timestamp timestamp;
  if (!timestamp_from_unix(micros, &timestamp)) fail_range(column);
  return fitted_timestamp(timestamp, column);
}

Datum timestamp_from_text(ServerText text, const Column& column) {
  const PGFunction parse = column.type.kind == TypeKind::timestamptz ? timestamptz_in : timestamp_in;
  const Datum value =
      DirectFunctionCall3(parse, CStringGetDatum(zero_ended(text)), ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
  return fitted_timestamp(DatumGetTimestamp(value), column);
}

Datum from_unix_days(std::int32_t days, const Column& column) {
  DateADT date;
  if (!date_from_unix(days, &date)) fail_range(column);
  return DateADTGetDatum(date);
}

Datum small_integer(std::int32_t value, const Column& column) {
  if (value < PG_INT16_MIN || value > PG_INT16_MAX) fail_range(column);
  return Int16GetDatum(static_cast<std::int16_t>(value));
}

Datum bytes_value(ByteView bytes) {
  if (bytes.size() > MaxAllocSize - VARHDRSZ) throw Error("54000", concat("value of ", bytes.size(), " bytes is too long"));
  auto* const value = static_cast<bytea*>(palloc(VARHDRSZ + bytes.size()));
  SET_VARSIZE(value, VARHDRSZ + bytes.size());
  if (!bytes.empty()) std::memcpy(VARDATA(value), bytes.data(), bytes.size());
  return PointerGetDatum(value);
}

/// Text that an SQL_ASCII database wrote and that is not UTF-8: the same bytes, where the database's encoding takes them.
Datum from_foreign_text(ByteView bytes, const Column& column) {
  if (bytes.size() > MaxAllocSize - VARHDRSZ - 1) throw Error("54000", concat("text of ", bytes.size(), " bytes is too long"));
  const ServerText text{reinterpret_cast<const char*>(bytes.data()), static_cast<int>(bytes.size())};
  pg_verifymbstr(text.data, text.size_bytes, false);
  return from_text(text, column);
}

}  // namespace

Datum read_value(avro::Decoder& decoder, const Column& column) {
  switch (column.type.kind) {
    case TypeKind::boolean:
      return BoolGetDatum(decoder.boolean());
    case TypeKind::int2:
      return small_integer(decoder.int_(), column);
    case TypeKind::int4:
      return Int32GetDatum(decoder.int_());
    case TypeKind::int8:
      return Int64GetDatum(decoder.long_());
    case TypeKind::float4:
      return Float4GetDatum(decoder.float_());
    case TypeKind::float8:
      return Float8GetDatum(decoder.double_());
    case TypeKind::numeric:
      if (decimal_of(column.type.typmod)) return from_decimal(decoder.bytes(), column);
      return from_digits(server_text(decoder.string()), column);
    case TypeKind::text:
    case TypeKind::json:
    case TypeKind::jsonb:
      return from_text(server_text(decoder.string()), column);
    case TypeKind::bytea:
      return bytes_value(decoder.bytes());
    case TypeKind::date:
      return from_unix_days(decoder.int_(), column);
    case TypeKind::timestamp:
    case TypeKind::timestamptz:
      return from_unix_micros(decoder.long_(), column);
    case TypeKind::uuid:
      return DirectFunctionCall1(uuid_in, CStringGetDatum(zero_ended(server_text(decoder.string()))));
    default:
      break;
  }
  throw Error("XX000", "unexpected kind of column");
}

Datum read_other(avro::Decoder& decoder, const Column& column) {
  switch (column.type.kind) {
    case TypeKind::numeric:
      return from_digits(server_text(decoder.string()), column);
    case TypeKind::timestamp:
    case TypeKind::timestamptz:
      return timestamp_from_text(server_text(decoder.string()), column);
    default:
      return from_foreign_text(decoder.bytes(), column);
  }
}

}  // namespace ferry::map
