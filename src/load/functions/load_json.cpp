// The SQL function load_json(). Its arguments are described in docs/reference.md.

#include "base/concat.hpp"
#include "load/functions/summary_row.hpp"
#include "load/logged_options.hpp"
#include "load/source/character_set.hpp"
#include "load/source/json_file_source.hpp"
#include "pg/arguments.hpp"
#include "pg/guard.hpp"
#include "pg/io/open_source.hpp"
#include "pg/io/path.hpp"

#include "pg/server.hpp"

extern "C" {
#include "mb/pg_wchar.h"
}

namespace ferry::load {
namespace {

LoadSummary load_file(pg::Input& file, LoadOptions options, TargetTable& target) {
  StreamOptions stream;  // of which JSON has the encoding alone
  stream.encoding = PG_UTF8;
  EncodedBytes utf8(file, stream);
  JsonFileSource source(utf8.source(), file.size_bytes(), target.loaded_columns(),
                        [&target](const std::string& name) { return target.no_such_column(name); });
  options.context = concat("COPY ", target.table_name());
  options.describe = [&] {
    const text::JsonReader& reader = source.reader();
    return describe_json_file(reader.is_array(), reader.has_crlf() ? "\r\n" : "\n", file.compression(), options);
  };
  const LoadSummary summary = run_load(source, target, options);
  source.warn_of_broken_array();
  return summary;
}

Datum load_json(FunctionCallInfo call_info) {
  const pg::Stopwatch watch;
  const pg::Arguments arguments(call_info);
  const Oid table = arguments.oid(0, "target");
  const std::string path = arguments.text(1, "path");
  LoadOptions options;
  options.on_conflict = on_conflict_by_name(arguments.text(2, "on_conflict"));
  options.reject_limit = arguments.optional_bigint(3);
  if (options.reject_limit && *options.reject_limit < 0) throw Error("22023", "reject_limit must not be negative");
  options.dry_run = arguments.boolean(4, "dry_run");
  options.source_name = path;
  options.stream_kind = pg::StreamKind::file;
  pg::check_may_read(path);
  TargetTable target(table, RecordColumns::chosen);
  target.show_use(options.on_conflict == OnConflict::update);
  const std::unique_ptr<pg::Input> file = pg::open_source(pg::FileOrigin{path}, pg::Compression::automatic);
  const LoadSummary summary = load_file(*file, options, target);
  file->close();
  target.close();
  return summary_row(call_info, summary, watch);
}

}  // namespace
}  // namespace ferry::load

FERRY_SQL_FUNCTION(ferry_load_json) {
  return ferry::pg::boundary([&] { return ferry::load::load_json(fcinfo); });
}
