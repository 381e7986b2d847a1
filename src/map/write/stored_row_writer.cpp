#include <cstring>

#include "base/copy_few.hpp"
#include "map/types/calendar.hpp"
#include "map/write/stored_column.hpp"
#include "map/write/value_writer.hpp"
#include "pg/table/alignment.hpp"

#include "pg/server.hpp"

extern "C" {
#include "access/tupmacs.h"
#include "mb/pg_wchar.h"
}

// Rows straight from the page of a heap: taking them apart and writing them are one loop, in which the usual types need no call
// and no Datum. What is rare (values out of line, infinities, other types) goes the way of every value.
namespace ferry::map {

namespace {

template <class T>
T load(const char* data) {
  T value;
  std::memcpy(&value, data, sizeof value);
  return value;
}

/// Where the value begins that comes after offset. Source: att_align_pointer(). A varlena with a header of one byte, which is
/// never 0, is not aligned.
std::size_t align(std::size_t offset, const StoredColumn& column, const char* data) {
  if (column.length == -1 && data[offset] != 0) return offset;
  const std::size_t mask = column.alignment_bytes - std::size_t{1};
  return (offset + mask) & ~mask;
}

std::size_t size_of(const StoredColumn& column, const char* data) {
  if (column.length > 0) return static_cast<std::size_t>(column.length);
  return column.length == -1 ? VARSIZE_ANY(data) : std::strlen(data) + 1;
}

/// Whether a varlena is neither compressed nor out of line.
bool is_plain(const char* data) { return !VARATT_IS_EXTENDED(data) || (VARATT_IS_SHORT(data) && !VARATT_IS_EXTERNAL(data)); }

/// Writes a text of UTF-8. Precondition: room for kMaxLongBytes + its size.
std::uint8_t* put_plain_text(std::uint8_t* out, const char* value, std::size_t stored_bytes) {
  const std::size_t head_bytes = VARATT_IS_SHORT(value) ? VARHDRSZ_SHORT : VARHDRSZ;
  const std::size_t size_bytes = stored_bytes - head_bytes;
  if (size_bytes < 64)  // as encode_long() would
    *out++ = static_cast<std::uint8_t>(size_bytes << 1);
  else
    out = avro::encode_long(out, static_cast<std::int64_t>(size_bytes));
  copy_few(out, value + head_bytes, size_bytes);
  return out + size_bytes;
}

}  // namespace

StoredColumn stored_column(TupleDesc descriptor, int attribute) {
  const FormData_pg_attribute& stored = *TupleDescAttr(descriptor, attribute - 1);
  StoredColumn column;
  column.alignment_bytes = pg::alignment_bytes(stored.attalign);
  column.by_value = stored.attbyval;
  column.length = stored.attlen;
  return column;
}

StoredColumn stored_column(TupleDesc descriptor, int attribute, const ValueNode& node, bool is_nullable) {
  StoredColumn column = stored_column(descriptor, attribute);
  column.node = &node;
  column.form = node.form;
  column.is_nullable = is_nullable;
  const bool is_text = (node.form == Form::text || node.form == Form::json) && column.length == -1;
  column.is_utf8 = is_text && node.other == Other::none && GetDatabaseEncoding() == PG_UTF8;
  column.is_checked = node.is_checked;
  column.branch = static_cast<std::uint8_t>(2 * node.value_branch);
  column.branch_bytes = node.is_union ? 1 : 0;
  return column;
}

std::uint8_t* ValueWriter::put_common(std::uint8_t* out, const StoredColumn& column, const char* data) {
  *out = column.branch;
  out += column.branch_bytes;
  switch (column.form) {
    case Form::boolean:
      return avro::encode_boolean(out, load<bool>(data));
    case Form::int2:
      return avro::encode_long(out, load<std::int16_t>(data));
    case Form::int4:
      return avro::encode_long(out, load<std::int32_t>(data));
    case Form::int8:
      return avro::encode_long(out, load<std::int64_t>(data));
    case Form::float4:
      return avro::encode_float(out, load<float>(data));
    case Form::float8:
      return avro::encode_double(out, load<double>(data));
    case Form::date: {
      const auto date = load<DateADT>(data);
      return DATE_NOT_FINITE(date) ? nullptr : avro::encode_long(out, unix_days(date));
    }
    case Form::timestamp:
    case Form::timestamptz: {
      const auto timestamp = load<Timestamp>(data);
      std::int64_t micros;
      return TIMESTAMP_NOT_FINITE(timestamp) || !unix_micros(timestamp, &micros) ? nullptr : avro::encode_long(out, micros);
    }
    default:
      return nullptr;
  }
}

const StoredColumn* ValueWriter::put_stored_row(std::span<const StoredColumn> columns, const HeapTupleHeaderData* row,
                                                const StoredColumn** current) {
  const char* const data = reinterpret_cast<const char*>(row) + row->t_hoff;
  const std::uint8_t* const nulls = (row->t_infomask & HEAP_HASNULL) != 0 ? row->t_bits : nullptr;
  std::uint8_t* out = out_;  // a local, which stores into the buffer cannot change
  std::size_t offset = 0;
  int attribute = -1;
  for (const StoredColumn& column : columns) {
    attribute++;
    if (nulls != nullptr && att_isnull(attribute, nulls)) {
      if (column.node == nullptr) continue;
      if (!column.is_nullable) return &column;
      *out++ = 0;
      continue;
    }
    offset = align(offset, column, data);
    const char* const value = data + offset;
    const std::size_t size_bytes = size_of(column, value);
    offset += size_bytes;
    if (column.node == nullptr) continue;
    if (column.is_utf8 && is_plain(value)) {
      out_ = out;
      reserve(1 + avro::kMaxLongBytes + size_bytes);
      *out_ = column.branch;
      out = put_plain_text(out_ + column.branch_bytes, value, size_bytes);
      continue;
    }
    if (std::uint8_t* const end = put_common(out, column, value); end != nullptr) {
      out = end;
      continue;
    }
    out_ = out;
    *current = &column;
    put_in_row(*column.node, fetch_att(value, column.by_value, column.length));
    out = out_;
  }
  *current = nullptr;
  out_ = out;
  return nullptr;
}

}  // namespace ferry::map
