// The SQL function create_table_from(). Its arguments are described in docs/reference.md.

#include <algorithm>
#include <limits>

#include "base/concat.hpp"
#include "load/functions/avro_table.hpp"
#include "load/functions/file_sniff.hpp"
#include "load/functions/sniffed_options.hpp"
#include "load/functions/sql_text.hpp"
#include "load/functions/summary_row.hpp"
#include "load/load_stream.hpp"
#include "pg/arguments.hpp"
#include "pg/guard.hpp"
#include "pg/io/open_source.hpp"
#include "pg/io/path.hpp"
#include "pg/stopwatch.hpp"
#include "settings.hpp"

#include "pg/server.hpp"

extern "C" {
#include "catalog/namespace.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/varlena.h"
}

namespace ferry::load {
namespace {

/// A table that is not there yet, in the schema where CREATE TABLE would make it.
struct NewTable {
  Oid schema = InvalidOid;
  const char* name = nullptr;
  std::string sql{};  ///< qualified and quoted
};

NewTable new_table(Datum given_name) {
  NewTable table;
  Oid* const schema = &table.schema;
  table.name = pg::call([=] {
    const RangeVar* const name =
        makeRangeVarFromNameList(textToQualifiedNameList(reinterpret_cast<::text*>(PG_DETOAST_DATUM_PACKED(given_name))));
    *schema = RangeVarGetCreationNamespace(name);
    if (OidIsValid(get_relname_relid(name->relname, *schema)))
      ereport(ERROR, (errcode(ERRCODE_DUPLICATE_TABLE), errmsg("relation \"%s\" already exists", name->relname)));
    return const_cast<const char*>(name->relname);
  });
  const auto qualified = [name = table.name, of = table.schema] {
    return const_cast<const char*>(quote_qualified_identifier(get_namespace_name(of), name));
  };
  table.sql = pg::call(qualified);
  return table;
}

/// PRIMARY KEY (...), or nothing. Errors: 42703 a column that the file has not.
std::string primary_key_sql(const std::vector<std::string>& key, const std::vector<std::string>& columns) {
  std::string list, known;
  for (const std::string& column : columns) known += concat(known.empty() ? "" : ", ", column);
  for (const std::string& name : key) {
    if (std::find(columns.begin(), columns.end(), name) == columns.end())
      throw Error("42703", concat("column \"", name, "\" named in primary_key does not exist"))
          .detail(concat("The columns are ", known, "."));
    list += concat(list.empty() ? "" : ", ", identifier(name));
  }
  return list.empty() ? list : concat("PRIMARY KEY (", list, ")");
}

template <class TargetColumn>
std::vector<std::string> names_of(const std::vector<TargetColumn>& columns) {
  std::vector<std::string> names;
  for (const TargetColumn& column : columns) names.push_back(column.name);
  return names;
}

/// Runs statements as the user who calls.
void execute(const std::string& sql) {
  pg::call([text = sql.c_str()] {
    if (SPI_connect() != SPI_OK_CONNECT) elog(ERROR, "SPI_connect failed");
    const int result = SPI_execute(text, false, 0);
    if (result != SPI_OK_UTILITY) elog(ERROR, "SPI_execute failed: %s", SPI_result_code_string(result));
    SPI_finish();
  });
}

/// The table has the columns of the file in their order, whatever the header calls them.
StreamOptions options_for_new_table(const FileSniff& sniffed) {
  StreamOptions csv = sniffed_options(sniffed);
  if (csv.header == Header::by_name) csv.header = Header::skip;
  csv.has_unknown_dates = false;  // they are text
  for (const text::SniffedColumn& column : sniffed.file.columns)
    if (column.has_quoted_blanks) csv.force_null.push_back(column.name);
  return csv;
}

/// Loads a file into a table that was made for it. load: called with the open file, options and rules.
template <class Load>
LoadSummary load_file(const std::string& path, Oid table, Load&& load) {
  LoadOptions options;
  options.source_name = path;
  options.stream_kind = pg::StreamKind::file;
  TargetTable target(table);
  target.show_use(false);
  const std::unique_ptr<pg::Input> file = pg::open_source(pg::FileOrigin{path}, pg::Compression::automatic);
  LoadSummary summary = load(*file, options, target);
  file->close();
  target.close();
  return summary;
}

LoadSummary load_csv_file(const std::string& path, const FileSniff& sniffed, Oid table) {
  return load_file(path, table, [&](pg::Input& file, const LoadOptions& options, TargetTable& target) {
    check_is_sniffed(sniffed, file, path);
    StreamOptions csv = options_for_new_table(sniffed);
    csv.bytes_total = file.size_bytes();
    csv.compression = file.compression();
    return load_stream(file, csv, options, target);
  });
}

LoadSummary load_avro_file(const std::string& path, Oid table) {
  return load_file(path, table, [&](pg::Input& file, const LoadOptions& options, TargetTable& target) {
    const AvroOptions avro{.match = map::Match::position,
                           .file = path,
                           .max_block_bytes = static_cast<std::size_t>(settings::max_block_bytes),
                           .bytes_total = file.size_bytes()};
    return load_avro(file, avro, options, target);
  });
}

Datum row_without_load(FunctionCallInfo call_info, const pg::Stopwatch& watch) {
  const Datum none = Int64GetDatum(0);
  const Datum values[] = {none, none, none, none, none, pg::milliseconds_datum(watch.elapsed_ms())};
  bool nulls[std::size(values)] = {};
  nulls[0] = true;
  return pg::make_record(call_info, values, nulls);
}

Datum create_table_from(FunctionCallInfo call_info) {
  const pg::Stopwatch watch;
  const pg::Arguments arguments(call_info);
  const std::string path = arguments.text(0, "path");
  (void)arguments.text_view(1, "table_name");
  const std::vector<std::string> key = arguments.names(2, "primary_key");
  const bool is_loaded = arguments.boolean(3, "load");
  const NewTable table = new_table(call_info->args[1].value);
  pg::check_may_read(path);
  check_is_regular(path, "make a table from");
  const bool is_avro = is_avro_file(path);
  FileSniff sniffed;
  if (is_avro) {
    const AvroTable avro = avro_table_of(path);
    execute(create_table_sql(avro, table.sql, primary_key_sql(key, names_of(avro.columns))));
  } else {
    // a type has to take the values of all rows
    sniffed = sniff_file(path, std::numeric_limits<std::uint64_t>::max());
    execute(create_table_sql(sniffed.file, table.sql, primary_key_sql(key, names_of(sniffed.file.columns))));
  }
  if (!is_loaded) return row_without_load(call_info, watch);
  const Oid oid = pg::call(get_relname_relid, table.name, table.schema);
  return summary_row(call_info, is_avro ? load_avro_file(path, oid) : load_csv_file(path, sniffed, oid), watch);
}

}  // namespace
}  // namespace ferry::load

FERRY_SQL_FUNCTION(ferry_create_table_from) {
  return ferry::pg::boundary([&] { return ferry::load::create_table_from(fcinfo); });
}
