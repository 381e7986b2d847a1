// The SQL functions insert_rows() and insert_batch(): JSON rows for one table and for several.

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "base/concat.hpp"
#include "base/json_writer.hpp"
#include "load/load.hpp"
#include "load/source/json_source.hpp"
#include "load/table/foreign_key_order.hpp"
#include "pg/arguments.hpp"
#include "pg/compat.hpp"
#include "pg/encoding.hpp"
#include "pg/guard.hpp"
#include "pg/names.hpp"
#include "settings.hpp"
#include "text/json_batch.hpp"

#include "pg/server.hpp"

extern "C" {
#include "mb/pg_wchar.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"
#include "utils/varlena.h"
}

namespace ferry::load {
namespace {

using pg::call;

/// The parsed request: the session's spare object, or a new one for a call within a call.
class ParsedBatch {
 public:
  ParsedBatch() : batch_(std::exchange(spare(), nullptr)) {
    if (batch_ == nullptr) batch_ = std::make_unique<text::JsonBatch>();
  }
  ~ParsedBatch() {
    constexpr std::size_t kMaxKept = 1 << 20;
    if (batch_->capacity() <= kMaxKept && spare() == nullptr) spare() = batch_.release();
  }
  ParsedBatch(const ParsedBatch&) = delete;
  ParsedBatch& operator=(const ParsedBatch&) = delete;
  text::JsonBatch* operator->() { return batch_.get(); }
  const text::JsonBatch& operator*() const { return *batch_; }

 private:
  static text::JsonBatch*& spare() {
    static text::JsonBatch* kept = nullptr;
    return kept;
  }
  std::unique_ptr<text::JsonBatch> batch_;
};

/// One table of a request, on its way from JSON to a row of the result.
struct TableRows {
  Oid table = InvalidOid;
  std::vector<text::JsonBatch::Row> rows;
  std::unique_ptr<TargetTable> target{};
  LoadSummary summary{};
  std::map<std::int64_t, std::string> rejects{};  ///< row number -> JSON, of as many as the answer has room for
  std::size_t reject_bytes = 0;                   ///< of that JSON
  std::vector<RowKey> keys{};                     ///< of each row
};

/// The table that a key of a batch names, as the caller's search_path finds it. Errors: 42P01; 42601 malformed name.
Oid find_table(const std::string& name) {
  const char* const data = name.c_str();
  return call([data] {
    List* const names = pg::compat::parse_qualified_name(data);
    return RangeVarGetRelid(makeRangeVarFromNameList(names), NoLock, false);
  });
}

std::string json_array(const std::map<std::int64_t, std::string>& elements) {
  std::string array = "[";
  for (const auto& [number, element] : elements) (array += array.size() > 1 ? ", " : "") += element;
  return array + "]";
}

std::string reject_json(std::int64_t row_number, const Problem& problem) {
  std::string json;
  JsonWriter out(json);
  const auto nullable = [&out](const char* name, const std::string& text) {
    out.key(name);
    text.empty() ? out.json("null") : out.text(text);
  };
  out.open('{');
  out.member("row", row_number);
  out.member("sqlstate", problem.sqlstate);
  nullable("column", problem.column);
  nullable("constraint", problem.constraint);
  out.member("reason", problem.reason);
  nullable("detail", problem.detail);
  out.close('}');
  return json;
}

[[noreturn]] void fail_request(const TargetTable& target, std::int64_t row_number, const Problem& problem) {
  throw Error(problem.sqlstate.c_str(), problem.reason)
      .detail(problem.detail)
      .hint(problem.hint)
      .context(concat("row ", row_number, " of table ", target.qualified_name()))
      .schema(target.schema_name())
      .table(target.table_name())
      .column(problem.column)
      .constraint(problem.constraint);
}

LogPolicy log_policy() {
  switch (settings::log_batches) {
    case settings::kLogAll:
      return LogPolicy::all;
    case settings::kLogOff:
      return LogPolicy::none;
    default:
      return LogPolicy::rejects;
  }
}

/// Of the JSON of one table's rejects. A request of as many rows as there are by default stays far below.
constexpr std::size_t kMostAnswerBytes = std::size_t{64} << 20;

struct BatchOptions {
  bool all_or_nothing;
  OnConflict on_conflict;
};

/// The options behind the JSON, from that argument on.
BatchOptions options_of(const pg::Arguments& arguments, int first) {
  return {arguments.boolean(first, "all_or_nothing"), on_conflict_by_name(arguments.text(first + 1, "on_conflict"))};
}

std::string describe_batch(const BatchOptions& batch) {
  std::string json;
  JsonWriter out(json);
  out.open('{');
  out.member("format", "json");
  out.member("all_or_nothing", batch.all_or_nothing);
  out.member("on_conflict", name_of(batch.on_conflict));
  out.close('}');
  return json;
}

void load_table(const text::JsonBatch& batch, TableRows& table, const BatchOptions& batch_options) {
  const TargetTable& target = *table.target;
  JsonSource source(batch, table.rows, target.loaded_columns(),
                    [&target](const std::string& name) { return target.no_such_column(name); });
  LoadOptions options;
  options.source_name = "batch";
  options.context = concat("load into table ", target.table_name());
  options.describe = [&] { return describe_batch(batch_options); };
  options.on_conflict = batch_options.on_conflict;
  options.want_keys = true;
  options.log = log_policy();
  options.small_batches = true;
  table.keys.resize(table.rows.size());
  table.summary = run_load(source, *table.target, options, [&](const Record& record, const Result& result) {
    table.keys[static_cast<std::size_t>(record.row_number) - 1] = result.key;
    if (result.state != Result::State::rejected) return;
    if (batch_options.all_or_nothing) fail_request(*table.target, record.row_number, *result.problem);
    if (table.reject_bytes > kMostAnswerBytes) return;
    std::string reject = reject_json(record.row_number, *result.problem);
    table.reject_bytes += reject.size();
    table.rejects[record.row_number] = std::move(reject);
  });
}

void check_row_count(std::size_t rows) {
  const auto limit = static_cast<std::size_t>(settings::max_batch_rows);
  if (rows == 0) throw Error("22023", "request has 0 rows").hint(concat("A request has 1 to ", limit, " rows."));
  if (rows > limit)
    throw Error("54000", concat("request has ", rows, " rows, the limit is ", limit))
        .hint("Send several requests, or raise \"pg_ferry.max_batch_rows\".");
}

Datum to_jsonb(const std::string& json) {
  const char* const data = json.c_str();
  return call([data] { return DirectFunctionCall1(jsonb_in, CStringGetDatum(data)); });
}

/// Of integers and nulls, made without the text in between.
Datum integers_jsonb(const std::vector<RowKey>& keys) {
  const RowKey* const key = keys.data();
  const std::size_t count = keys.size();
  return call([=] {
    JsonbValue array{};
    array.type = jbvArray;
    array.val.array.nElems = static_cast<int>(count);
    array.val.array.elems = static_cast<JsonbValue*>(palloc0(count * sizeof(JsonbValue)));
    for (std::size_t i = 0; i < count; i++) {
      JsonbValue& element = array.val.array.elems[i];
      const auto* const number = std::get_if<std::int64_t>(&key[i]);
      element.type = number != nullptr ? jbvNumeric : jbvNull;
      if (number != nullptr) element.val.numeric = int64_to_numeric(*number);
    }
    return JsonbPGetDatum(JsonbValueToJsonb(&array));
  });
}

Datum keys_jsonb(const std::vector<RowKey>& keys) {
  const auto is_json = [](const RowKey& key) { return std::holds_alternative<std::string>(key); };
  if (std::none_of(keys.begin(), keys.end(), is_json)) return integers_jsonb(keys);
  std::string json = "[";
  for (const RowKey& key : keys) (json += json.size() > 1 ? ", " : "") += json_of(key);
  return to_jsonb(json + "]");
}

void tell_left_out(const TableRows& table) {
  const auto left_out = static_cast<std::size_t>(table.summary.rows_rejected) - table.rejects.size();
  if (left_out == 0) return;
  const std::string message =
      concat("the answer has no room for ", left_out, " rejects of table ", table.target->qualified_name());
  pg::notice(message.c_str());
}

void add_result(pg::ResultRows& results, const TableRows& table) {
  const LoadSummary& summary = table.summary;
  tell_left_out(table);
  const Datum values[] = {pg::text_datum(call(pg::shown_name, table.table)),
                          Int32GetDatum(static_cast<std::int32_t>(summary.rows_read)),
                          Int32GetDatum(static_cast<std::int32_t>(summary.rows_loaded)),
                          Int32GetDatum(static_cast<std::int32_t>(summary.rows_rejected)),
                          to_jsonb(json_array(table.rejects)),
                          Int64GetDatum(summary.load_id.value_or(0)),
                          keys_jsonb(table.keys)};
  bool nulls[std::size(values)] = {};
  nulls[5] = !summary.load_id.has_value();
  results.add(values, nulls);
}

/// Whether a row has a value in a column, or may take one by default.
bool has_values(const text::JsonBatch& batch, const TableRows& table, const std::string& column) {
  const TargetColumn* const known = table.target->find_column(column);
  if (known == nullptr) return true;
  const std::string name = pg::to_utf8(column);
  return std::any_of(table.rows.begin(), table.rows.end(), [&](const text::JsonBatch::Row& row) {
    bool is_null = known->default_value == nullptr;
    for (const text::JsonView& member : batch.members(row))
      if (member.key == name) is_null = member.kind == text::JsonKind::null;
    return !is_null;
  });
}

void load_tables(const text::JsonBatch& batch, std::vector<TableRows>& tables, const BatchOptions& options,
                 pg::ResultRows& results) {
  check_row_count(batch.row_count());
  std::vector<Relation> relations;
  for (TableRows& table : tables) {
    table.target = std::make_unique<TargetTable>(table.table, RecordColumns::chosen);
    relations.push_back(table.target->relation());
    table.target->show_use(options.on_conflict == OnConflict::update);
  }
  const HasValues may_refer = [&](std::size_t index, const std::string& column) {
    return has_values(batch, tables[index], column);
  };
  const auto order = relations.size() > 1 ? foreign_key_order(relations, may_refer) : std::vector<std::size_t>{0};
  for (const std::size_t index : order) load_table(batch, tables[index], options);
  for (TableRows& table : tables) {
    table.target->close();
    add_result(results, table);
  }
}

text::JsonLimits limits() {
  return {.max_rows = static_cast<std::size_t>(settings::max_batch_rows), .check_interrupts = pg::check_interrupts};
}

template <class F>
void read_json(std::string_view json, F&& read) {
  if (GetDatabaseEncoding() == PG_UTF8)
    read(json);
  else
    read(std::string_view(pg::to_utf8(json)));
}

/// type: of the argument with the JSON.
Datum insert_rows(FunctionCallInfo call_info, Oid type) {
  const pg::Arguments arguments(call_info);
  std::vector<TableRows> tables(1);
  tables[0].table = arguments.oid(0, "target");
  ParsedBatch batch;
  read_json(arguments.json_view(1, "rows", type), [&](std::string_view json) { batch->read_rows(json, limits()); });
  tables[0].rows = batch->tables().front().rows;
  const BatchOptions options = options_of(arguments, 2);
  pg::ResultRows results(call_info);
  load_tables(*batch, tables, options, results);
  return Datum{0};
}

Datum insert_batch(FunctionCallInfo call_info, Oid type) {
  const pg::Arguments arguments(call_info);
  std::vector<TableRows> tables;
  ParsedBatch batch;
  read_json(arguments.json_view(0, "batch", type), [&](std::string_view json) { batch->read_tables(json, limits()); });
  for (const text::JsonBatch::Table& named : batch->tables()) {
    const Oid oid = find_table(pg::from_utf8(named.name));
    // two names may mean one table
    TableRows* table = nullptr;
    for (TableRows& known : tables)
      if (known.table == oid) table = &known;
    if (table == nullptr) table = &tables.emplace_back(TableRows{.table = oid, .rows = {}});
    table->rows.insert(table->rows.end(), named.rows.begin(), named.rows.end());
  }
  const BatchOptions options = options_of(arguments, 1);
  pg::ResultRows results(call_info);
  load_tables(*batch, tables, options, results);
  return Datum{0};
}

}  // namespace
}  // namespace ferry::load

FERRY_SQL_FUNCTION(ferry_insert_rows) {
  return ferry::pg::boundary([&] { return ferry::load::insert_rows(fcinfo, JSONOID); });
}

FERRY_SQL_FUNCTION(ferry_insert_rows_jsonb) {
  return ferry::pg::boundary([&] { return ferry::load::insert_rows(fcinfo, JSONBOID); });
}

FERRY_SQL_FUNCTION(ferry_insert_rows_text) {
  return ferry::pg::boundary([&] { return ferry::load::insert_rows(fcinfo, TEXTOID); });
}

FERRY_SQL_FUNCTION(ferry_insert_batch) {
  return ferry::pg::boundary([&] { return ferry::load::insert_batch(fcinfo, JSONOID); });
}

FERRY_SQL_FUNCTION(ferry_insert_batch_jsonb) {
  return ferry::pg::boundary([&] { return ferry::load::insert_batch(fcinfo, JSONBOID); });
}

FERRY_SQL_FUNCTION(ferry_insert_batch_text) {
  return ferry::pg::boundary([&] { return ferry::load::insert_batch(fcinfo, TEXTOID); });
}
