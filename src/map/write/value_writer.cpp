#include "map/write/value_writer.hpp"

#include <array>
#include <cstring>

#include "base/concat.hpp"
#include "base/error.hpp"
#include "map/types/calendar.hpp"
#include "map/types/decimal.hpp"
#include "map/types/iso_duration.hpp"
#include "pg/compat.hpp"
#include "pg/long_copy.hpp"

extern "C" {
#include "mb/pg_wchar.h"
#include "utils/date.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"
#include "utils/multirangetypes.h"
#include "utils/rangetypes.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"
}

namespace ferry::map {
namespace {

constexpr std::size_t kInitialBytes = std::size_t{320} << 10;  // a block of the usual size and the row that overfills it

/// The two digits of each byte.
constexpr auto kHexPairs = [] {
  constexpr char kHex[] = "0123456789abcdef";
  std::array<std::array<char, 2>, 256> pairs{};
  for (std::size_t byte = 0; byte < pairs.size(); byte++) pairs[byte] = {kHex[byte >> 4], kHex[byte & 15]};
  return pairs;
}();

/// Of a value that only profile lossless has a form for.
[[noreturn]] void fail_value(const char* sqlstate, const ValueNode& node, const char* text) {
  throw Error(sqlstate, concat("value \"", text, "\" of type ", node.type_name, " has no form in profile interop"))
      .hint("Profile lossless has one.");
}

}  // namespace

ValueWriter::ValueWriter() : is_utf8_(GetDatabaseEncoding() == PG_UTF8) {
  buffer_.resize(kInitialBytes);
  out_ = buffer_.data();
  limit_ = out_ + buffer_.size();
}

void ValueWriter::grow(std::size_t size_bytes) {
  const std::size_t used = this->size_bytes();
  buffer_.resize(std::max(buffer_.size() * 2, used + size_bytes));
  out_ = buffer_.data() + used;
  limit_ = buffer_.data() + buffer_.size();
}

void ValueWriter::put_fixed(const ValueNode& node, Datum value) {
  switch (node.form) {
    case Form::decimal:
      return put_decimal(node, value);
    case Form::date:
      return put_date(node, value);
    case Form::timestamp:
    case Form::timestamptz:
      return put_timestamp(node, DatumGetTimestamp(value));
    default:
      break;
  }
  put_branch(node);
  switch (node.form) {
    case Form::boolean:
      out_ = avro::encode_boolean(out_, DatumGetBool(value));
      return;
    case Form::int2:
      out_ = avro::encode_int(out_, DatumGetInt16(value));
      return;
    case Form::int4:
      out_ = avro::encode_int(out_, DatumGetInt32(value));
      return;
    case Form::int8:
      out_ = avro::encode_long(out_, DatumGetInt64(value));
      return;
    case Form::oid:
      out_ = avro::encode_long(out_, DatumGetObjectId(value));
      return;
    case Form::float4:
      out_ = avro::encode_float(out_, DatumGetFloat4(value));
      return;
    case Form::float8:
      out_ = avro::encode_double(out_, DatumGetFloat8(value));
      return;
    case Form::time:
      return put_time(node, DatumGetTimeADT(value));
    case Form::timetz:
      out_ = avro::encode_long(out_, DatumGetTimeTzADTP(value)->time);
      out_ = avro::encode_int(out_, DatumGetTimeTzADTP(value)->zone);
      return;
    case Form::interval:
      return put_interval(*DatumGetIntervalP(value));
    case Form::uuid:
      return put_uuid(DatumGetUUIDP(value)->data);
    default:
      elog(ERROR, "unexpected form of value: %d", static_cast<int>(node.form));
  }
}

void ValueWriter::put_variable(const ValueNode& node, Datum value) {
  switch (node.form) {
    case Form::text: {
      if (node.length != -1) {  // name
        const char* const name = NameStr(*DatumGetName(value));
        return put_text(node, name, std::strlen(name));
      }
      [[fallthrough]];
    }
    case Form::json: {
      const text* const packed = DatumGetTextPP(value);
      return put_text(node, VARDATA_ANY(packed), VARSIZE_ANY_EXHDR(packed));
    }
    case Form::jsonb: {
      Jsonb* const tree = DatumGetJsonbP(value);
      const char* const json = JsonbToCString(nullptr, &tree->root, static_cast<int>(VARSIZE(tree)));
      return put_text(node, json, std::strlen(json));
    }
    case Form::output: {
      const char* const text = OutputFunctionCall(node.function, value);
      return put_text(node, text, std::strlen(text));
    }
    case Form::digits: {
      const char* const digits = DatumGetCString(DirectFunctionCall1(numeric_out, value));
      return put_text(node, digits, std::strlen(digits));
    }
    case Form::iso_interval:
      return put_iso_interval(node, value);
    case Form::bytea:
    case Form::geometry: {
      const bytea* const bytes = node.form == Form::bytea ? DatumGetByteaPP(value) : SendFunctionCall(node.function, value);
      reserve(1);
      put_branch(node);
      return put_bytes(VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes));
    }
    case Form::symbol:
      return put_symbol(node, DatumGetObjectId(value));
    case Form::array:
      return put_array(node, value);
    case Form::plain_array:
      return put_plain_array(node, value);
    case Form::record:
      return put_record(node, value);
    case Form::range:
      return put_range(node, DatumGetRangeTypeP(value));
    case Form::multirange:
      return put_multirange(node, value);
    case Form::twofold:
      return put_twofold(node, value);
    case Form::map:
      return put_map(node, OutputFunctionCall(node.function, value));
    default:
      elog(ERROR, "unexpected form of value: %d", static_cast<int>(node.form));
  }
}

// ---- numbers and times

void ValueWriter::put_decimal(const ValueNode& node, Datum value) {
  const varlena* const number = PG_DETOAST_DATUM_PACKED(value);
  const std::optional<Int128> scaled = scaled_value(number, node.precision, node.scale);
  if (!scaled) {
    const char* const digits = DatumGetCString(DirectFunctionCall1(numeric_out, value));
    if (node.other == Other::none) fail_value("22003", node, digits);
    reserve(1);
    put_other_branch(node);
    return put_bytes(digits, std::strlen(digits));
  }
  put_branch(node);
  *out_++ = static_cast<std::uint8_t>(2 * node.decimal_bytes);
  store_decimal(out_, node.decimal_bytes, *scaled);
  out_ += node.decimal_bytes;
}

void ValueWriter::put_date(const ValueNode& node, Datum value) {
  const DateADT date = DatumGetDateADT(value);
  if (DATE_NOT_FINITE(date) && node.is_checked) fail_value("22008", node, DATE_IS_NOBEGIN(date) ? "-infinity" : "infinity");
  put_branch(node);
  out_ = avro::encode_int(out_, unix_days(date));
}

void ValueWriter::put_timestamp(const ValueNode& node, std::int64_t value) {
  std::int64_t micros;
  const bool is_infinite = TIMESTAMP_NOT_FINITE(value);
  if (is_infinite && node.is_checked) fail_value("22008", node, TIMESTAMP_IS_NOBEGIN(value) ? "-infinity" : "infinity");
  if (unix_micros(value, &micros)) {
    put_branch(node);
    out_ = avro::encode_long(out_, micros);
    return;
  }
  char text[kTimestampTextBytes];
  write_timestamp(text, value, node.form == Form::timestamptz);
  if (node.other == Other::none) fail_value("22008", node, text);
  reserve(1);
  put_other_branch(node);
  put_bytes(text, std::strlen(text));
}

/// Readers of Avro take 24:00:00 for no time of a day.
void ValueWriter::put_time(const ValueNode& node, TimeADT time) {
  if (time == USECS_PER_DAY && node.is_checked) fail_value("22008", node, "24:00:00");
  out_ = avro::encode_long(out_, time);
}

void ValueWriter::put_interval(const Interval& interval) {
  out_ = avro::encode_int(out_, interval.month);
  out_ = avro::encode_int(out_, interval.day);
  out_ = avro::encode_long(out_, interval.time);
}

void ValueWriter::put_iso_interval(const ValueNode& node, Datum value) {
  const Interval& interval = *DatumGetIntervalP(value);
  if (pg::compat::is_infinite(interval)) fail_value("22008", node, interval.month < 0 ? "-infinity" : "infinity");
  char text[kDurationTextBytes];
  const char* const end = write_duration(text, interval.month, interval.day, interval.time);
  reserve(1);
  put_branch(node);
  put_bytes(text, static_cast<std::size_t>(end - text));
}

void ValueWriter::put_uuid(const std::uint8_t* uuid) {
  std::uint8_t* out = avro::encode_long(out_, 2 * UUID_LEN + 4);
  for (int i = 0; i < UUID_LEN; i++) {
    if (i == 4 || i == 6 || i == 8 || i == 10) *out++ = '-';
    std::memcpy(out, kHexPairs[uuid[i]].data(), 2);
    out += 2;
  }
  out_ = out;
}

// ---- texts

void ValueWriter::put_bytes(const char* data, std::size_t size_bytes) {
  reserve(avro::kMaxLongBytes + size_bytes);
  out_ = avro::encode_long(out_, static_cast<std::int64_t>(size_bytes));
  pg::long_copy(out_, data, size_bytes);
  out_ += size_bytes;
}

void ValueWriter::put_text(const ValueNode& node, const char* data, std::size_t size_bytes) {
  reserve(1);
  if (node.other == Other::bytes && !is_valid_utf8(data, size_bytes)) {
    put_other_branch(node);
    return put_bytes(data, size_bytes);
  }
  put_branch(node);
  put_utf8(data, size_bytes);
}

void ValueWriter::put_utf8(const char* data, std::size_t size_bytes) {
  if (is_utf8_) return put_bytes(data, size_bytes);
  const char* const converted = pg_server_to_any(data, static_cast<int>(size_bytes), PG_UTF8);
  put_bytes(converted, converted == data ? size_bytes : std::strlen(converted));
}

bool ValueWriter::is_valid_utf8(const char* data, std::size_t size_bytes) {
  return pg_verify_mbstr(PG_UTF8, data, static_cast<int>(size_bytes), true);
}

void ValueWriter::put_symbol(const ValueNode& node, Oid label) {
  const auto found = node.symbols.find(label);
  if (found == node.symbols.end())
    throw Error("55000", concat("value of type ", node.type_name, " has a label that was added after the export began"));
  reserve(1);
  put_branch(node);
  put_long(found->second);
}

}  // namespace ferry::map
