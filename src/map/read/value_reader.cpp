#include "map/read/value_reader.hpp"

#include <cmath>
#include <cstring>
#include <limits>

#include "avro/value_text.hpp"
#include "map/read/fitted_value.hpp"
#include "map/read/server_text.hpp"
#include "map/types/calendar.hpp"
#include "map/types/decimal.hpp"

extern "C" {
#include "access/tupmacs.h"
#include "port/pg_bswap.h"
#include "tsearch/ts_type.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"
}

namespace ferry::map {
namespace {

std::int64_t stored_integer(const ReadNode& node, avro::Decoder& decoder) {
  return node.wire == avro::Type::int_ ? decoder.int_() : decoder.long_();
}

ByteView stored_bytes(const ReadNode& node, avro::Decoder& decoder) {
  return node.wire == avro::Type::fixed ? decoder.fixed(node.schema->size_bytes) : decoder.bytes();
}

ServerText stored_text(const ReadNode& node, avro::Decoder& decoder) {
  if (node.wire == avro::Type::string) return server_text(decoder.string());
  const std::string& symbol = node.symbols[decoder.index(node.symbols.size())];
  return {symbol.data(), static_cast<int>(symbol.size())};
}

template <class T>
T checked(const ReadNode& node, std::int64_t value) {
  if (value < std::numeric_limits<T>::min() || value > std::numeric_limits<T>::max()) fail_range(node);
  return static_cast<T>(value);
}

/// The integer as a float, if there is one that is equal.
template <class T>
T exact_float(const ReadNode& node, std::int64_t value) {
  const auto real = static_cast<T>(value);
  constexpr T kTwoTo63 = 9223372036854775808.0;
  if (real >= kTwoTo63 || static_cast<std::int64_t>(real) != value)
    throw Error("22003", concat("integer ", value, " has no exact form in type ", node.type->name));
  return real;
}

/// The tsquery without words. The input function raises a NOTICE for its text, and not every minor version of the server takes
/// its binary form.
Datum empty_query() {
  auto* const query = static_cast<TSQuery>(palloc0(HDRSIZETQ));
  SET_VARSIZE(query, HDRSIZETQ);
  return TSQueryGetDatum(query);
}

Datum integer_value(const ReadNode& node, std::int64_t value) {
  switch (node.kind) {
    case TypeKind::int2:
      return Int16GetDatum(checked<std::int16_t>(node, value));
    case TypeKind::int4:
      return Int32GetDatum(checked<std::int32_t>(node, value));
    case TypeKind::oid:
      return ObjectIdGetDatum(checked<Oid>(node, value));
    case TypeKind::float4:
      return Float4GetDatum(exact_float<float>(node, value));
    case TypeKind::float8:
      return Float8GetDatum(exact_float<double>(node, value));
    case TypeKind::numeric:
      return fitted_numeric(node, NumericGetDatum(int64_to_numeric(value)));
    default:
      return Int64GetDatum(value);
  }
}

Datum numeric_of(const char* digits) {
  return DirectFunctionCall3(numeric_in, CStringGetDatum(digits), ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
}

Datum digits_value(const ReadNode& node, const char* digits) { return fitted_numeric(node, numeric_of(digits)); }

Datum real_value(const ReadNode& node, avro::Decoder& decoder) {
  if (node.wire == avro::Type::float_) {
    const float value = decoder.float_();
    if (node.kind == TypeKind::float4) return Float4GetDatum(value);
    if (node.kind == TypeKind::float8) return Float8GetDatum(value);
    return digits_value(node, DatumGetCString(DirectFunctionCall1(float4out, Float4GetDatum(value))));
  }
  const double value = decoder.double_();
  if (node.kind == TypeKind::float8) return Float8GetDatum(value);
  if (node.kind == TypeKind::numeric)
    return digits_value(node, DatumGetCString(DirectFunctionCall1(float8out, Float8GetDatum(value))));
  const auto narrow = static_cast<float>(value);
  if (!std::isnan(value) && static_cast<double>(narrow) != value)
    throw Error("22003", concat("value has no exact form in type ", node.type->name));
  return Float4GetDatum(narrow);
}

/// The integer that a numeric is, exactly.
Datum integer_of(const ReadNode& node, Datum number) {
  const Datum value = DirectFunctionCall1(numeric_int8, number);
  const Datum back = NumericGetDatum(int64_to_numeric(DatumGetInt64(value)));
  if (DatumGetInt32(DirectFunctionCall2(numeric_cmp, number, back)) != 0)
    throw Error("22003", concat("value with a fraction does not fit type ", node.type->name));
  return integer_value(node, DatumGetInt64(value));
}

/// A decimal as the column's type. Of the floats it is the nearest one, as for its text.
Datum number_of(const ReadNode& node, Datum number) {
  switch (node.kind) {
    case TypeKind::numeric:
      return fitted_numeric(node, number);
    case TypeKind::float4:
      return DirectFunctionCall1(numeric_float4, number);
    case TypeKind::float8:
      return DirectFunctionCall1(numeric_float8, number);
    default:
      return integer_of(node, number);
  }
}

Datum date_value(const ReadNode& node, std::int32_t days) {
  DateADT date;
  if (!node.has_infinity && DATE_NOT_FINITE(days)) fail_range(node, "22008");
  if (!date_from_unix(days, &date)) fail_range(node, "22008");
  if (node.kind == TypeKind::date) return DateADTGetDatum(date);
  return DirectFunctionCall1(date_timestamp, DateADTGetDatum(date));
}

/// A count of units of a second as microseconds.
std::int64_t micros_of(const ReadNode& node, std::int64_t value) {
  std::int64_t micros = value;
  if (node.unit == USECS_PER_SEC) return micros;
  if (node.unit < USECS_PER_SEC) {
    if (__builtin_mul_overflow(value, USECS_PER_SEC / node.unit, &micros)) fail_range(node, "22008");
    return micros;
  }
  const std::int64_t divisor = node.unit / USECS_PER_SEC;
  if (value % divisor != 0) throw Error("22008", concat("value has nanoseconds, which type ", node.type->name, " cannot hold"));
  return value / divisor;
}

Datum time_value(const ReadNode& node, std::int64_t value) {
  avro::check_time(value, node.unit);
  return fitted_time(node, TimeADTGetDatum(micros_of(node, value)));
}

Datum timestamp_value(const ReadNode& node, std::int64_t value) {
  Timestamp timestamp;
  if (TIMESTAMP_NOT_FINITE(value) && node.has_infinity) return TimestampGetDatum(value);
  const std::int64_t micros = micros_of(node, value);
  if (TIMESTAMP_NOT_FINITE(micros) || !timestamp_from_unix(micros, &timestamp)) fail_range(node, "22008");
  return fitted_time(node, TimestampGetDatum(timestamp));
}

Datum duration_value(const ReadNode& node, ByteView bytes) {
  std::uint32_t parts[3];
  std::memcpy(parts, bytes.data(), sizeof parts);
  constexpr std::uint32_t kLargest = std::numeric_limits<std::int32_t>::max();
  if (parts[0] > kLargest || parts[1] > kLargest) fail_range(node, "22008");
  auto* const interval = static_cast<Interval*>(palloc(sizeof(Interval)));
  interval->month = static_cast<std::int32_t>(parts[0]);
  interval->day = static_cast<std::int32_t>(parts[1]);
  interval->time = std::int64_t{parts[2]} * (USECS_PER_SEC / 1000);
  return fitted_time(node, IntervalPGetDatum(interval));
}

Datum uuid_value(ByteView bytes) {
  auto* const uuid = static_cast<pg_uuid_t*>(palloc(sizeof(pg_uuid_t)));
  std::memcpy(uuid->data, bytes.data(), sizeof uuid->data);
  return UUIDPGetDatum(uuid);
}

Datum bytes_value(ByteView bytes) { return varlena_value(bytes.data(), bytes.size()); }

/// The receive function gets a copy with a zero byte at its end, as messages have it.
Datum binary_value(ReadNode& node, ByteView bytes) {
  if (bytes.size() > MaxAllocSize - 1) fail_length(bytes.size());
  StringInfoData buffer{};
  buffer.data = static_cast<char*>(palloc(bytes.size() + 1));
  if (!bytes.empty()) std::memcpy(buffer.data, bytes.data(), bytes.size());
  buffer.data[bytes.size()] = '\0';
  buffer.len = static_cast<int>(bytes.size());
  buffer.maxlen = buffer.len + 1;
  const Datum value = ReceiveFunctionCall(&node.function, &buffer, node.function_argument, node.typmod);
  if (buffer.cursor != buffer.len)
    throw Error("22P03", concat("value has ", buffer.len - buffer.cursor, " bytes more than type ", node.type->name, " takes"));
  return value;
}

/// A value of a fixed length as it is stored.
Datum image_value(const ReadNode& node, ByteView bytes) {
  const std::size_t size_bytes = static_cast<std::size_t>(node.type->length);
  if (bytes.size() != size_bytes)
    throw Error("22P04", concat("value of type ", node.type->name, " has ", bytes.size(), " bytes instead of ", size_bytes));
  void* const image = palloc(size_bytes);
  std::memcpy(image, bytes.data(), size_bytes);
  return fetch_att(image, node.type->by_value, node.type->length);
}

Datum json_value(const ReadNode& node, ServerText text) {
  const PGFunction input = node.kind == TypeKind::json ? json_in : jsonb_in;
  return DirectFunctionCall1(input, CStringGetDatum(zero_ended(text)));
}

/// Enums have no zero oid, so it stands for a label that was not needed yet.
Datum label_value(ReadNode& node, std::size_t symbol) {
  Datum& label = node.labels[symbol];
  if (label == Datum{0})
    label = DirectFunctionCall2(enum_in, CStringGetDatum(node.symbols[symbol].c_str()), ObjectIdGetDatum(node.type->oid));
  return label;
}

}  // namespace

Datum ValueReader::read(ReadNode& node, avro::Decoder& decoder, bool* is_null) {
  ReadNode* at = &node;
  if (node.op == ReadOp::union_) at = &node.parts[decoder.index(node.parts.size())];
  *is_null = at->op == ReadOp::null_;
  const Datum value = *is_null ? Datum{0} : read_scalar(*at, decoder);
  if (node.domain_check != nullptr) check_domain(*node.domain_check, value, *is_null);
  return value;
}

Datum ValueReader::read_scalar(ReadNode& node, avro::Decoder& decoder) {
  switch (node.op) {
    case ReadOp::boolean:
      return BoolGetDatum(decoder.boolean());
    case ReadOp::int_to_int4:
      return Int32GetDatum(decoder.int_());
    case ReadOp::long_to_int8:
      return Int64GetDatum(decoder.long_());
    case ReadOp::integer:
      return integer_value(node, stored_integer(node, decoder));
    case ReadOp::real:
      return real_value(node, decoder);
    case ReadOp::decimal:
    case ReadOp::big_decimal:
      return read_decimal(node, decoder);
    case ReadOp::scaled_decimal:
      return read_scaled_decimal(node, decoder);
    case ReadOp::date:
      return date_value(node, decoder.int_());
    case ReadOp::time:
      return time_value(node, stored_integer(node, decoder));
    case ReadOp::timestamp:
      return timestamp_value(node, decoder.long_());
    case ReadOp::duration:
      return duration_value(node, stored_bytes(node, decoder));
    case ReadOp::uuid:
      return uuid_value(stored_bytes(node, decoder));
    case ReadOp::text:
      return text_value(node, stored_text(node, decoder));
    case ReadOp::raw_text:
      return text_value(node, verified_text(decoder.bytes()));
    case ReadOp::text_form:
      return read_text_form(node, decoder);
    case ReadOp::json_text:
      return json_value(node, stored_text(node, decoder));
    case ReadOp::raw_json:
      return json_value(node, verified_text(decoder.bytes()));
    case ReadOp::json_form:
      return read_json_form(node, decoder);
    case ReadOp::bytes:
      return bytes_value(stored_bytes(node, decoder));
    case ReadOp::binary:
      return binary_value(node, stored_bytes(node, decoder));
    case ReadOp::input:
      return input_value(node, stored_text(node, decoder));
    case ReadOp::raw_input:
      return input_value(node, verified_text(decoder.bytes()));
    case ReadOp::twofold:
      return read_twofold(node, decoder);
    case ReadOp::label:
      return label_value(node, decoder.index(node.symbols.size()));
    default:
      return read_nested(node, decoder);
  }
}

Datum ValueReader::read_decimal(const ReadNode& node, avro::Decoder& decoder) {
  const ByteView bytes = stored_bytes(node, decoder);
  const bool is_big = node.op == ReadOp::big_decimal;
  const avro::Decimal stored = is_big ? avro::read_big_decimal(bytes) : avro::Decimal{bytes, node.schema->scale};
  avro::check_decimal(stored);
  if (stored.unscaled.size() <= sizeof(Int128)) {
    const Int128 value = load_decimal(stored.unscaled.data(), static_cast<int>(stored.unscaled.size()));
    return number_of(node, numeric_from_scaled(value, stored.scale, -1));
  }
  text_.clear();
  avro::append_decimal(text_, stored, decoder.interrupt_check());
  return number_of(node, numeric_of(text_.c_str()));
}

Datum ValueReader::read_scaled_decimal(const ReadNode& node, avro::Decoder& decoder) {
  text_.clear();
  avro::append_scaled_decimal(text_, decoder);
  return number_of(node, numeric_of(text_.c_str()));
}

Datum ValueReader::read_twofold(ReadNode& node, avro::Decoder& decoder) {
  const std::string_view text = decoder.string();
  const ByteView stored = decoder.bytes();
  if (node.takes_stored && node.type->length > 0) return image_value(node, stored);
  if (node.takes_stored && !stored.empty()) return binary_value(node, stored);
  if (node.kind == TypeKind::tsquery && text.empty()) return empty_query();
  if (node.kind == TypeKind::tsquery) return DirectFunctionCall1(tsqueryin, CStringGetDatum(zero_ended(server_text(text))));
  return node.kind == TypeKind::text ? text_value(node, server_text(text)) : input_value(node, server_text(text));
}

Datum ValueReader::read_text_form(const ReadNode& node, avro::Decoder& decoder) {
  text_.clear();
  avro::append_text(text_, decoder, *node.schema);
  return text_value(node, server_text(text_));
}

Datum ValueReader::read_json_form(const ReadNode& node, avro::Decoder& decoder) {
  text_.clear();
  avro::append_json(text_, decoder, *node.schema);
  return json_value(node, server_text(text_));
}

}  // namespace ferry::map
