// The SQL functions avro_file_schema(), avro_file_metadata() and avro_file_blocks().

#include "pg/arguments.hpp"
#include "pg/encoding.hpp"
#include "pg/guard.hpp"
#include "query/avro_file.hpp"

#include "pg/server.hpp"

extern "C" {
#include "utils/fmgrprotos.h"
}

namespace ferry::query {
namespace {

Datum bytea_datum(ByteView bytes) {
  return pg::call([bytes] {
    auto* const value = static_cast<bytea*>(palloc(VARHDRSZ + bytes.size()));
    SET_VARSIZE(value, VARHDRSZ + bytes.size());
    std::copy(bytes.begin(), bytes.end(), VARDATA(value));
    return PointerGetDatum(value);
  });
}

Datum file_schema(FunctionCallInfo call_info) {
  const AvroFile file(pg::Arguments(call_info).text(0, "path"));
  const std::string json = pg::from_utf8(file.header().schema_json());
  return pg::call([text = json.c_str()] { return DirectFunctionCall1(json_in, CStringGetDatum(text)); });
}

Datum file_metadata(FunctionCallInfo call_info) {
  const AvroFile file(pg::Arguments(call_info).text(0, "path"));
  pg::ResultRows rows(call_info);
  for (const auto& [key, value] : file.header().metadata()) {
    const Datum values[] = {pg::text_datum(pg::from_utf8(key)), bytea_datum(value)};
    const bool nulls[2] = {};
    rows.add(values, nulls);
  }
  return Datum{0};
}

Datum file_blocks(FunctionCallInfo call_info) {
  AvroFile file(pg::Arguments(call_info).text(0, "path"));
  pg::ResultRows rows(call_info);
  avro::Block block;
  while (file.next_stored_block(block)) {
    const Datum values[] = {Int64GetDatum(static_cast<std::int64_t>(block.block_number)),
                            Int64GetDatum(static_cast<std::int64_t>(block.offset_bytes)), Int64GetDatum(block.record_count),
                            Int64GetDatum(static_cast<std::int64_t>(block.stored_bytes))};
    const bool nulls[4] = {};
    rows.add(values, nulls);
  }
  return Datum{0};
}

}  // namespace
}  // namespace ferry::query

FERRY_SQL_FUNCTION(ferry_avro_file_schema) {
  return ferry::pg::boundary([&] { return ferry::query::file_schema(fcinfo); });
}

FERRY_SQL_FUNCTION(ferry_avro_file_metadata) {
  return ferry::pg::boundary([&] { return ferry::query::file_metadata(fcinfo); });
}

FERRY_SQL_FUNCTION(ferry_avro_file_blocks) {
  return ferry::pg::boundary([&] { return ferry::query::file_blocks(fcinfo); });
}
