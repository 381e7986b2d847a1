// The SQL function sniff_csv(). Its result is described in docs/reference.md.

#include "base/concat.hpp"
#include "load/functions/file_sniff.hpp"
#include "load/functions/sql_text.hpp"
#include "pg/arguments.hpp"
#include "pg/guard.hpp"

#include "pg/server.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
}

namespace ferry::load {
namespace {

/// Null where there is none.
const char* line_end_of(text::LineEnds line_ends) {
  constexpr const char* kNames[] = {nullptr, "LF", "CRLF", "CR", "mixed"};
  return kNames[static_cast<std::size_t>(line_ends)];
}

Oid oid_of(text::ColumnType type) {
  constexpr Oid kTypes[] = {BOOLOID,      INT4OID,        INT8OID, NUMERICOID, FLOAT8OID, DATEOID,
                            TIMESTAMPOID, TIMESTAMPTZOID, TIMEOID, UUIDOID,    JSONBOID,  TEXTOID};
  return kTypes[static_cast<std::size_t>(type)];
}

Datum array_of(const std::vector<Datum>& values, Oid type, int length, bool by_value, char alignment) {
  auto* const data = const_cast<Datum*>(values.data());
  const int count = static_cast<int>(values.size());
  return pg::call([=] { return PointerGetDatum(construct_array(data, count, type, length, by_value, alignment)); });
}

Datum text_array(const std::vector<std::string>& texts) {
  std::vector<Datum> values;
  for (const std::string& text : texts) values.push_back(pg::text_datum(text));
  return array_of(values, TEXTOID, -1, false, TYPALIGN_INT);
}

Datum names_of(const std::vector<text::SniffedColumn>& columns) {
  std::vector<Datum> values;
  for (const text::SniffedColumn& column : columns) {
    const char* const name = column.name.c_str();
    values.push_back(pg::call([name] { return DirectFunctionCall1(namein, CStringGetDatum(name)); }));
  }
  return array_of(values, NAMEOID, NAMEDATALEN, false, TYPALIGN_CHAR);
}

Datum types_of(const std::vector<text::SniffedColumn>& columns) {
  std::vector<Datum> values;
  for (const text::SniffedColumn& column : columns) values.push_back(ObjectIdGetDatum(oid_of(column.type)));
  return array_of(values, REGTYPEOID, sizeof(Oid), true, TYPALIGN_INT);
}

Datum sniff_csv(FunctionCallInfo call_info) {
  const pg::Arguments arguments(call_info);
  const std::string path = arguments.text(0, "path");
  const std::int64_t sample_bytes = arguments.bigint(1, "sample_bytes");
  if (sample_bytes <= 0) throw Error("22023", "sample_bytes must be positive");
  const FileSniff found = sniff_file(path, static_cast<std::uint64_t>(sample_bytes));
  const text::Dialect& dialect = found.file.layout.dialect;
  const bool has_quotes = dialect.quotes != text::Quotes::none;
  const std::string table = identifier(table_name_of(path));
  const auto byte = [](char c) { return pg::text_datum(std::string(1, c)); };
  const char* const line_end = line_end_of(found.file.layout.line_ends);
  const Datum none{0};
  const Datum values[] = {pg::text_datum(found.compression),
                          pg::text_datum(found.encoding),
                          line_end == nullptr ? none : pg::text_datum(line_end),
                          byte(dialect.delimiter),
                          has_quotes ? byte(dialect.quote) : none,
                          has_quotes ? byte(dialect.escape) : none,
                          dialect.comment.empty() ? none : pg::text_datum(dialect.comment),
                          Int32GetDatum(static_cast<std::int32_t>(dialect.skip_lines)),
                          BoolGetDatum(found.file.has_header),
                          text_array(found.file.null_words),
                          names_of(found.file.columns),
                          types_of(found.file.columns),
                          Int64GetDatum(found.file.records),
                          pg::text_datum(create_table_sql(found.file, table, {})),
                          pg::text_datum(load_command_sql(found, table, path))};
  bool nulls[std::size(values)] = {};
  nulls[2] = line_end == nullptr;
  nulls[4] = nulls[5] = !has_quotes;
  nulls[6] = dialect.comment.empty();
  return pg::make_record(call_info, values, nulls);
}

}  // namespace
}  // namespace ferry::load

FERRY_SQL_FUNCTION(ferry_sniff_csv) {
  return ferry::pg::boundary([&] { return ferry::load::sniff_csv(fcinfo); });
}
