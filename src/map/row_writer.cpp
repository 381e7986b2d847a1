#include "map/row_writer.hpp"

#include <algorithm>
#include <cstring>

#include "avro/encode.hpp"
#include "map/calendar.hpp"
#include "map/decimal.hpp"
#include "pg/guard.hpp"

#include "pg/server.hpp"

extern "C" {
#include "mb/pg_wchar.h"
#include "utils/date.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"
}

namespace ferry::map {
namespace {

constexpr std::size_t kInitialBytes = std::size_t{320} << 10;  // a block of the usual size and the row that overfills it
constexpr std::size_t kUuidTextBytes = 36;

char* write_uuid(char* out, const pg_uuid_t* uuid) {
  constexpr char kHex[] = "0123456789abcdef";
  for (int i = 0; i < UUID_LEN; i++) {
    if (i == 4 || i == 6 || i == 8 || i == 10) *out++ = '-';
    *out++ = kHex[uuid->data[i] >> 4];
    *out++ = kHex[uuid->data[i] & 15];
  }
  return out;
}

}  // namespace

RowWriter::RowWriter(const Table& table) {
  for (const Column& column : table.columns) {
    const Branches branches = branches_of(column);
    const bool is_decimal = column.kind == Kind::decimal;
    steps_.push_back({.attribute = column.attribute,
                      .kind = column.kind,
                      .is_nullable = column.is_nullable,
                      .has_other = branches.has_other,
                      .value_branch = branches.value(),
                      .other_branch = branches.other(),
                      .decimal_bytes = static_cast<std::uint8_t>(is_decimal ? decimal_bytes(column.precision) : 0),
                      .precision = column.precision,
                      .scale = column.scale});
  }
  buffer_.resize(kInitialBytes);
  row_context_ = pg::call([] { return AllocSetContextCreate(CurrentMemoryContext, "pg_ferry row", ALLOCSET_DEFAULT_SIZES); });
  is_utf8_ = GetDatabaseEncoding() == PG_UTF8;
  is_sql_ascii_ = GetDatabaseEncoding() == PG_SQL_ASCII;
}

void RowWriter::grow(std::size_t size_bytes) { buffer_.resize(std::max(buffer_.size() * 2, used_ + size_bytes)); }

void RowWriter::append(TupleTableSlot* slot) {
  MemoryContextReset(row_context_);
  MemoryContext const caller = MemoryContextSwitchTo(row_context_);
  slot_getallattrs(slot);
  for (const Step& step : steps_) {
    const int at = step.attribute - 1;
    if (!slot->tts_isnull[at]) {
      put_value(step, slot->tts_values[at]);
      continue;
    }
    if (!step.is_nullable) elog(ERROR, "null in column %d, which is NOT NULL", static_cast<int>(step.attribute));
    put_branch(0);
  }
  MemoryContextSwitchTo(caller);
  row_count_++;
}

void RowWriter::put_branch(std::uint8_t branch) { commit(avro::encode_long(room(1), branch)); }

void RowWriter::put_bytes(const char* data, std::size_t size_bytes) {
  std::uint8_t* const out = room(avro::kMaxLongBytes + size_bytes);
  commit(avro::encode_bytes(out, {reinterpret_cast<const std::uint8_t*>(data), size_bytes}));
}

void RowWriter::put_value(const Step& step, Datum value) {
  switch (step.kind) {
    case Kind::text:
    case Kind::json: {
      const text* const packed = DatumGetTextPP(value);
      return put_text(step, VARDATA_ANY(packed), static_cast<int>(VARSIZE_ANY_EXHDR(packed)));
    }
    case Kind::jsonb: {
      Jsonb* const tree = DatumGetJsonbP(value);
      const char* const json = JsonbToCString(nullptr, &tree->root, static_cast<int>(VARSIZE(tree)));
      return put_text(step, json, static_cast<int>(std::strlen(json)));
    }
    case Kind::decimal:
      return put_decimal(step, value);
    case Kind::timestamp:
    case Kind::timestamptz:
      return put_timestamp(step, DatumGetTimestamp(value));
    default:
      break;
  }
  if (step.is_nullable) put_branch(step.value_branch);
  switch (step.kind) {
    case Kind::bytea: {
      const bytea* const packed = DatumGetByteaPP(value);
      return put_bytes(VARDATA_ANY(packed), VARSIZE_ANY_EXHDR(packed));
    }
    case Kind::numeric: {
      const char* const digits = DatumGetCString(DirectFunctionCall1(numeric_out, value));
      return put_bytes(digits, std::strlen(digits));
    }
    case Kind::uuid: {
      char digits[kUuidTextBytes];
      write_uuid(digits, DatumGetUUIDP(value));
      return put_bytes(digits, sizeof digits);
    }
    default:
      return put_number(step, value);
  }
}

void RowWriter::put_number(const Step& step, Datum value) {
  std::uint8_t* const out = room(avro::kMaxLongBytes);
  switch (step.kind) {
    case Kind::boolean:
      return commit(avro::encode_boolean(out, DatumGetBool(value)));
    case Kind::int2:
      return commit(avro::encode_int(out, DatumGetInt16(value)));
    case Kind::int4:
      return commit(avro::encode_int(out, DatumGetInt32(value)));
    case Kind::int8:
      return commit(avro::encode_long(out, DatumGetInt64(value)));
    case Kind::float4:
      return commit(avro::encode_float(out, DatumGetFloat4(value)));
    case Kind::float8:
      return commit(avro::encode_double(out, DatumGetFloat8(value)));
    case Kind::date:
      return commit(avro::encode_int(out, unix_days(DatumGetDateADT(value))));
    default:
      elog(ERROR, "unexpected kind of column: %d", static_cast<int>(step.kind));
  }
}

void RowWriter::put_text(const Step& step, const char* data, int size_bytes) {
  if (is_sql_ascii_) {
    const bool is_text = pg_verify_mbstr(PG_UTF8, data, size_bytes, true);
    put_branch(is_text ? step.value_branch : step.other_branch);
    return put_bytes(data, static_cast<std::size_t>(size_bytes));
  }
  if (step.is_nullable) put_branch(step.value_branch);
  if (is_utf8_) return put_bytes(data, static_cast<std::size_t>(size_bytes));
  const char* const converted = pg_server_to_any(data, size_bytes, PG_UTF8);
  put_bytes(converted, converted == data ? static_cast<std::size_t>(size_bytes) : std::strlen(converted));
}

void RowWriter::put_decimal(const Step& step, Datum value) {
  const varlena* const number = PG_DETOAST_DATUM_PACKED(value);
  const std::optional<Int128> scaled = scaled_value(number, step.precision, step.scale);
  if (!scaled) {
    const char* const digits = DatumGetCString(DirectFunctionCall1(numeric_out, value));
    put_branch(step.other_branch);
    return put_bytes(digits, std::strlen(digits));
  }
  std::uint8_t bytes[16];
  store_decimal(bytes, step.decimal_bytes, *scaled);
  put_branch(step.value_branch);
  put_bytes(reinterpret_cast<const char*>(bytes), step.decimal_bytes);
}

void RowWriter::put_timestamp(const Step& step, std::int64_t value) {
  std::int64_t micros;
  if (unix_micros(value, &micros)) {
    put_branch(step.value_branch);
    return commit(avro::encode_long(room(avro::kMaxLongBytes), micros));
  }
  char text[kTimestampTextBytes];
  write_timestamp(text, value, step.kind == Kind::timestamptz);
  put_branch(step.other_branch);
  put_bytes(text, std::strlen(text));
}

}  // namespace ferry::map
