#include "load/load_stream.hpp"

#include <algorithm>

#include "base/concat.hpp"
#include "load/date_style.hpp"
#include "load/field_columns.hpp"
#include "load/logged_options.hpp"
#include "pg/encoding.hpp"
#include "pg/warning.hpp"

#include "pg/server.hpp"

extern "C" {
#include "nodes/makefuncs.h"
#include "utils/ruleutils.h"
}

namespace ferry::load {

namespace {

/// Of what the log says of a load, which has to go through pg_dump: each byte may be escaped by another one.
constexpr std::size_t kMostConditionBytes = 4096, kMostOptionsBytes = std::size_t{256} << 20;

/// The filter as SQL.
std::string sql_of(List* filter, const TargetTable& target) {
  Relation const relation = target.relation();
  return pg::call([=] {
    List* const columns = deparse_context_for(RelationGetRelationName(relation), RelationGetRelid(relation));
    Node* const condition = reinterpret_cast<Node*>(make_ands_explicit(filter));
    return const_cast<const char*>(deparse_expression(condition, columns, false, false));
  });
}

/// What dates are read by is in the log: a reload may read them otherwise.
void note_date_style(StreamOptions& stream, const TargetTable& target) {
  const std::vector<LoadedColumn> columns = target.loaded_columns();
  if (std::none_of(columns.begin(), columns.end(), [](const auto& column) { return depends_on_date_style(column.type); })) return;
  stream.session_date_style = session_date_style();
  if (!stream.has_unknown_dates) return;
  const std::string hint = concat("They are read by the setting datestyle, \"", stream.session_date_style, "\".");
  pg::warning("the file does not tell whether the day or the month comes first in its dates", hint.c_str());
}

/// The rows are loaded as one whole: the user's right to fill each column is known before the first.
template <class S, class Describe>
LoadSummary load_all(S& source, LoadOptions& options, TargetTable& target, Describe&& describe) {
  target.check_may_insert();
  std::string condition = options.filter == nullptr ? std::string() : sql_of(options.filter, target);
  pg::shorten(condition, kMostConditionBytes);  // nobody evaluates it again
  options.describe = [&] { return describe(condition); };
  if (const std::size_t size = options.describe().size(); size > kMostOptionsBytes)
    throw Error("54000", "options of the load are too long")
        .detail(concat("As JSON, in the log, they have ", size, " bytes; the limit is ", kMostOptionsBytes, "."));
  return run_load(source, target, options);
}

}  // namespace

LoadSummary load_stream(ByteSource& bytes, StreamOptions stream, LoadOptions options, TargetTable& target,
                        const Prepare& prepare) {
  options.context = concat("COPY ", target.table_name());
  EncodedBytes encoded(bytes, stream);
  StreamSource source(encoded.source(), stream);
  if (options.stream_kind == pg::StreamKind::file) stream.path = options.source_name;
  const FieldColumns chosen = choose_columns(source, stream, target);
  if (prepare) prepare(source);
  Source& records = chosen.computing ? static_cast<Source&>(*chosen.computing) : source;
  if (stream.date_style.empty()) note_date_style(stream, target);
  LoadSummary summary = with_date_style(stream.date_style, [&] {
    return load_all(records, options, target, [&](const std::string& condition) {
      stream.line_end = source.line_end();
      return describe_stream(stream, chosen, options, condition);
    });
  });
  source.warn_of_open_quote();
  source.tell_of_long_field();
  return summary;
}

LoadSummary load_avro(ByteSource& bytes, const AvroOptions& avro, LoadOptions options, TargetTable& target) {
  options.context = concat("COPY ", target.table_name(), avro.file.empty() ? "" : concat(", file \"", avro.file, '"'));
  std::unique_ptr<ExpressionSource> computing;
  options.operation = pg::Operation::import;
  const auto open = [&] {
    try {
      auto source = std::make_unique<AvroSource>(bytes, avro, options.context);
      computing = choose_columns(*source, avro, target);
      return source;
    } catch (Error& error) {
      error.context(options.context);
      throw;
    }
  };
  const auto source = open();
  Source& records = computing ? static_cast<Source&>(*computing) : *source;
  return load_all(records, options, target,
                  [&](const std::string& condition) { return describe_avro(avro, options, condition); });
}

}  // namespace ferry::load
