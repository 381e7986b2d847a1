// The SQL function load_folder(). Its arguments are described in docs/reference.md.

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "base/concat.hpp"
#include "load/functions/folder_files.hpp"
#include "load/functions/folder_load.hpp"
#include "load/functions/folder_tables.hpp"
#include "load/log/past_loads.hpp"
#include "load/table/foreign_key_order.hpp"
#include "pg/arguments.hpp"
#include "pg/encoding.hpp"
#include "pg/guard.hpp"
#include "pg/io/path.hpp"
#include "pg/memory.hpp"
#include "pg/names.hpp"

#include "pg/server.hpp"

extern "C" {
#include "access/table.h"
#include "access/xlog.h"
#include "common/hashfn.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "storage/lock.h"
#include "tcop/utility.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
}

namespace ferry::load {
namespace {

/// A file and what is known of it before any is loaded.
struct Item {
  FolderFile file;
  Oid table = InvalidOid;
  std::size_t rank = std::numeric_limits<std::size_t>::max();  ///< of its table
  FolderOutcome outcome{.status = nullptr};                    ///< no status: it is to be loaded
};

char delimiter_of(const std::string& text) {
  if (text.size() != 1) throw Error("0A000", "delimiter must be a single one-byte character");
  if (text[0] == '\r' || text[0] == '\n') throw Error("22023", "delimiter cannot be newline or carriage return");
  if (text[0] == '"') throw Error("22023", "delimiter and quote must be different");
  return text[0];
}

struct Request {
  std::string folder;
  FolderMapping mapping;
  std::optional<std::string> pattern;
  std::int64_t settle_seconds;
  FolderOptions options;
};

Request read_request(FunctionCallInfo call_info) {
  const pg::Arguments arguments(call_info);
  Request request{.folder = without_slashes(arguments.text(0, "directory")),
                  .mapping = {},
                  .pattern = arguments.optional_text(2),
                  .settle_seconds = DatumGetInt32(call_info->args[8].value),
                  .options = {}};
  if (!arguments.is_null(1)) {
    const Datum mapping = call_info->args[1].value;
    request.mapping = FolderMapping(pg::call([mapping] {
      Jsonb* const json = DatumGetJsonbP(mapping);
      return const_cast<const char*>(JsonbToCString(nullptr, &json->root, static_cast<int>(VARSIZE(json))));
    }));
  }
  FolderOptions& options = request.options;
  if (!arguments.is_null(3)) options.header = arguments.boolean(3, "header");
  if (const auto delimiter = arguments.optional_text(4)) options.delimiter = delimiter_of(*delimiter);
  options.on_conflict = on_conflict_by_name(arguments.text(5, "on_conflict"));
  options.reject_limit = arguments.optional_bigint(6);
  if (options.reject_limit && *options.reject_limit < 0) throw Error("22023", "reject_limit must not be negative");
  options.changed_only = arguments.boolean(7, "changed_only");
  if (arguments.is_null(8)) throw Error("22004", "argument \"settle_seconds\" must not be null");
  if (request.settle_seconds < 0) throw Error("22023", "settle_seconds must not be negative");
  pg::check_may_read(arguments.text(0, "directory"));
  return request;
}

/// Two who loaded a folder at once would both load what neither has loaded yet. The lock lasts until the transaction ends, and is
/// none of those that pg_advisory_lock() takes.
void lock_folder(const std::string& folder) {
  constexpr std::uint16_t kOwnClass = 3;
  const auto* const bytes = reinterpret_cast<const unsigned char*>(folder.data());
  const std::uint64_t hash = hash_bytes_extended(bytes, static_cast<int>(folder.size()), 0);
  pg::call([hash] {
    LOCKTAG tag;
    SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, static_cast<uint32>(hash >> 32), static_cast<uint32>(hash), kOwnClass);
    (void)LockAcquire(&tag, ExclusiveLock, false, false);
  });
}

/// A name as text of the database, as far as it is such.
std::string shown(const std::string& name) {
  const int size = static_cast<int>(name.size());
  if (pg_encoding_verifymbstr(GetDatabaseEncoding(), name.data(), size) == size) return name;
  std::string ascii = name;
  std::replace_if(
      ascii.begin(), ascii.end(), [](char c) { return (c & 0x80) != 0; }, '?');
  return ascii;
}

FolderOutcome skipped(std::string reason) { return {.status = "skipped", .reason = std::move(reason)}; }

/// Finds the table of a file, or why it is not loaded.
void look_up(Item& item, const Request& request) {
  const FolderFile& file = item.file;
  if (shown(file.name) != file.name) {
    item.outcome = skipped("its name is no text in the encoding of the database");
    return;
  }
  std::optional<std::string> mapped;
  bool is_meant = false;
  const std::optional<std::string> problem = try_file([&] {
    mapped = request.mapping.find(file.name);
    is_meant = mapped || request.pattern || has_data_ending(file.name);
    if (is_meant) item.table = mapped ? find_folder_table(*mapped) : table_by_file_name(file.name);
  });
  if (problem)
    item.outcome = {.reason = *problem};
  else if (!is_meant)
    item.outcome = skipped("its name does not end like that of a CSV or Avro file");
  else if (!OidIsValid(item.table))
    item.outcome = skipped(mapped ? concat("there is no table ", *mapped) : std::string("there is no table of that name"));
  else if (!file.obstacle.empty())
    item.outcome = {.reason = file.obstacle};
  else if (file.bytes == 0)
    item.outcome = skipped("it is empty");
  else if (is_fresh(file, request.settle_seconds))
    item.outcome = skipped(concat("it was modified within the last ", request.settle_seconds, " seconds, and may not be whole"));
}

/// Tables before those that refer to them; then by name; files without a table last.
void sort_by_table(std::vector<Item>& items) {
  std::vector<Relation> tables;
  for (const Item& item : items) {
    const auto is_table = [&item](Relation known) { return RelationGetRelid(known) == item.table; };
    if (OidIsValid(item.table) && std::none_of(tables.begin(), tables.end(), is_table))
      tables.push_back(pg::call(table_open, item.table, AccessShareLock));
  }
  const std::vector<std::size_t> order = foreign_key_order(tables, [](std::size_t, const std::string&) { return true; });
  for (Item& item : items)
    for (std::size_t rank = 0; rank < order.size(); rank++)
      if (RelationGetRelid(tables[order[rank]]) == item.table) item.rank = rank;
  for (Relation const table : tables) pg::call(table_close, table, NoLock);
  std::stable_sort(items.begin(), items.end(), [](const Item& a, const Item& b) { return a.rank < b.rank; });
}

std::string qualified(Oid table) { return pg::call(pg::qualified_name, table); }

void add_result(pg::ResultRows& results, const Item& item) {
  const FolderOutcome& outcome = item.outcome;
  const bool has_table = OidIsValid(item.table);
  const Datum values[] = {pg::text_datum(shown(item.file.path)),
                          has_table ? pg::text_datum(pg::call(pg::shown_name, item.table)) : Datum{0},
                          Int64GetDatum(outcome.load_id.value_or(0)),
                          pg::text_datum(outcome.status),
                          Int64GetDatum(outcome.rows_loaded),
                          Int64GetDatum(outcome.rows_rejected),
                          pg::text_datum(outcome.reason)};
  const bool nulls[] = {false, !has_table, !outcome.load_id, false, false, false, outcome.reason.empty()};
  results.add(values, nulls);
}

Datum load_folder(FunctionCallInfo call_info) {
  const Request request = read_request(call_info);
  pg::call([] {
    PreventCommandDuringRecovery("a load");
    PreventCommandIfReadOnly("a load");
  });
  pg::ResultRows results(call_info);
  lock_folder(request.folder);
  std::vector<Item> items;
  for (FolderFile& file : list_folder(request.folder, request.pattern))
    look_up(items.emplace_back(Item{std::move(file)}), request);
  sort_by_table(items);
  const PastLoads past_loads(request.folder);
  MemoryContext const file_context =
      pg::call([] { return AllocSetContextCreate(CurrentMemoryContext, "pg_ferry file", ALLOCSET_DEFAULT_SIZES); });
  MemoryContext const caller = MemoryContextSwitchTo(file_context);
  for (Item& item : items) {
    pg::check_interrupts();
    if (item.outcome.status == nullptr) {
      const PastLoad* const past =
          request.options.changed_only ? past_loads.find(item.file.path, qualified(item.table)) : nullptr;
      item.outcome = load_folder_file(item.file, item.table, past, request.options);
    }
    add_result(results, item);
    pg::call(MemoryContextReset, file_context);
  }
  MemoryContextSwitchTo(caller);
  return Datum{0};
}

}  // namespace
}  // namespace ferry::load

FERRY_SQL_FUNCTION(ferry_load_folder) {
  return ferry::pg::boundary([&] { return ferry::load::load_folder(fcinfo); });
}
