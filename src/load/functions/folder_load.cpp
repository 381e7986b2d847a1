#include "load/functions/folder_load.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "base/concat.hpp"
#include "load/date_style.hpp"
#include "load/functions/avro_table.hpp"
#include "load/functions/sniffed_options.hpp"
#include "load/header_names.hpp"
#include "load/load_stream.hpp"
#include "load/log/log_tables.hpp"
#include "load/log/stored_load.hpp"
#include "load/logged_options.hpp"
#include "pg/encoding.hpp"
#include "pg/guard.hpp"
#include "pg/io/open_source.hpp"
#include "settings.hpp"

#include "pg/server.hpp"

extern "C" {
#include "access/table.h"
#include "utils/lsyscache.h"
}

namespace ferry::load {
namespace {

constexpr std::uint64_t kSampleBytes = std::uint64_t{4} << 20;
constexpr std::size_t kPieceBytes = std::size_t{256} << 10;

/// Of an object; nobody knows what else the store's name for a state of it means.
constexpr std::string_view kEtagDigest = "etag:";

/// Thrown, and caught here, where a file turns out to be another one than was loaded, and not only to have grown.
struct NotContinued {};

void read_to_end(pg::Input& file) {
  Bytes rest(kPieceBytes);
  while (file.read(rest) != 0) pg::check_interrupts();
}

std::string digest_of(const std::string& path) {
  pg::FileDigest digest;
  const auto file = pg::open_source(pg::FileOrigin{.path = path, .digest = &digest}, pg::Compression::none);
  read_to_end(*file);
  file->close();
  return digest.finish();
}

/// Whether the fields of the first record are names of columns.
bool names_columns(const std::string& path, StreamOptions csv, const TargetTable& target) {
  csv.header = Header::match;
  const auto file = pg::open_source(pg::FileOrigin{path}, pg::Compression::automatic);
  EncodedBytes encoded(*file, csv);
  StreamSource source(encoded.source(), csv);
  std::vector<std::string> names;
  try {
    names = source.read_header().names;
  } catch (const Error&) {
    // a record that is wrong will be a reject
  }
  file->close();
  return !names.empty() && std::all_of(names.begin(), names.end(), [&](const auto& name) { return target.find_column(name); });
}

/// Of the columns whose empty quoted fields look like NULL those that cannot have an empty text. By their titles where there is
/// a header, else by their order.
std::vector<std::string> null_columns(const text::SniffedFile& sniffed, const TargetTable& target, bool has_header) {
  std::vector<std::string> titles, names;
  for (const text::SniffedColumn& column : sniffed.columns) titles.push_back(column.title);
  const std::vector<std::string> named = columns_named(titles, HeaderMatch::loose, target.relation());
  for (std::size_t i = 0; i < sniffed.columns.size(); i++) {
    const text::SniffedColumn& from = sniffed.columns[i];
    if (!from.has_quoted_blanks || (!has_header && i >= target.field_columns().size())) continue;
    const TargetColumn* const column = has_header ? target.find_column(named[i]) : target.column_of_field(i);
    char category = 0;
    bool is_preferred = false;
    if (column == nullptr) continue;
    pg::call(get_type_category_preferred, column->type, &category, &is_preferred);
    if (category != TYPCATEGORY_STRING) names.push_back(column->name);
  }
  return names;
}

/// Of a header that nobody told of: a file without one may look like one with other names.
void check_sniffed_header(const text::SniffedFile& file, const TargetTable& target) {
  const auto is_column = [&](const text::SniffedColumn& column) {
    return target.find_column(column.title) != nullptr || target.find_column(column.name) != nullptr;
  };
  if (std::none_of(file.columns.begin(), file.columns.end(), is_column))
    throw Error("42703", concat("header line names no column of table \"", target.table_name(), '"'))
        .detail("If it is no header, say so by header => false.");
}

/// How a file of CSV is to be read. A header goes by name, wherever it is.
StreamOptions csv_options(const std::string& path, const TargetTable& target, const FolderOptions& options) {
  FileSniff sniffed = sniff_file(path, kSampleBytes, options.header);
  text::SniffedFile& file = sniffed.file;
  if (options.delimiter && *options.delimiter != file.layout.dialect.delimiter) {
    file = {};
    file.layout.dialect.delimiter = *options.delimiter;
  }
  StreamOptions csv = sniffed_options(sniffed);
  bool has_header = options.header.value_or(file.has_header);
  if (!options.header && has_header) check_sniffed_header(file, target);
  if (!options.header && !has_header && csv.dialect.skip_lines == 0 && names_columns(path, csv, target)) {
    FolderOptions known = options;
    known.header = true;
    return csv_options(path, target, known);
  }
  csv.force_null = null_columns(file, target, has_header && file.has_header);
  csv.header = has_header ? Header::by_name : Header::none;
  return csv;
}

/// The order of day and month that a value of the setting datestyle says.
std::string_view order_in(std::string_view date_style) { return date_style.substr(date_style.rfind(' ') + 1); }

/// What a file has got since its first part was loaded may say that its dates or quotes mean something else. Errors: 55000.
void check_reads_alike(const StreamOptions& now, std::int64_t past_load) {
  Relation const loads = pg::call(open_log_table, "ferry_load_log", AccessShareLock);
  const LoggedLoad load = find_logged_load(loads, past_load, LoadLock::none);
  pg::call(table_close, loads, AccessShareLock);
  const StreamOptions then = read_logged_options(load.options_json).stream;
  const std::string style_then = then.date_style.empty() ? then.session_date_style : then.date_style;
  const std::string style_now = now.date_style.empty() ? session_date_style() : now.date_style;
  const bool has_other_dates = !style_then.empty() && order_in(style_then) != order_in(style_now);
  const text::Dialect &one = then.dialect, &other = now.dialect;
  if (!has_other_dates && one.delimiter == other.delimiter && one.quotes == other.quotes && one.quote == other.quote) return;
  throw Error("55000", "file is to be read otherwise than its first part was")
      .detail(has_other_dates
                  ? concat("Dates were read by datestyle \"", style_then, "\", and are now to be read by \"", style_now, "\".")
                  : std::string("Its delimiter or its quotes have changed."))
      .hint(concat("Its first part is load ", past_load, "."));
}

/// One load of one file, on its way.
class FileLoad {
 public:
  /// past: the load that is to be continued, or null.
  FileLoad(const FolderFile& file, Oid table, const PastLoad* past, const FolderOptions& options)
      : file_(file), past_(past), options_(options), target_(table) {
    target_.show_use(options_.on_conflict == OnConflict::update);
    // an object has its ETag
    if (file.etag.empty()) digest_.emplace(past == nullptr ? 0 : static_cast<std::uint64_t>(past->source_bytes));
  }

  LoadSummary run() {
    const bool is_avro = is_avro_file(file_.path);
    StreamOptions csv;
    if (!is_avro) csv = csv_options(file_.path, target_, options_);
    input_ =
        pg::open_source(pg::FileOrigin{.path = file_.path, .digest = digest_ ? &*digest_ : nullptr}, pg::Compression::automatic);
    if (input_->etag() != file_.etag) throw changed();
    LoadSummary summary = is_avro ? load_avro_records() : load_csv_records(std::move(csv));
    input_->close();
    target_.close();
    return summary;
  }

 private:
  LoadSummary load_avro_records() {
    if (past_ != nullptr) throw NotContinued{};
    const AvroOptions avro{.file = file_.path,
                           .max_block_bytes = static_cast<std::size_t>(settings::max_block_bytes),
                           .bytes_total = input_->size_bytes()};
    return load_avro(*input_, avro, load_options(), target_);
  }

  LoadSummary load_csv_records(StreamOptions csv) {
    csv.bytes_total = input_->size_bytes();
    csv.compression = input_->compression();
    const bool is_wide = csv.wide_encoding != text::WideEncoding::none;
    if (past_ != nullptr && (is_wide || !csv.compression.empty())) throw NotContinued{};
    if (past_ != nullptr) check_reads_alike(csv, past_->load_id);
    return load_stream(*input_, std::move(csv), load_options(), target_, [this](StreamSource& source) {
      if (past_ == nullptr) return;
      const bool is_at_line = source.pass_over(static_cast<std::uint64_t>(past_->source_bytes));
      if (!is_at_line || digest_->of_start() != past_->source_digest) throw NotContinued{};
    });
  }

  LoadOptions load_options() {
    LoadOptions load;
    load.on_conflict = options_.on_conflict;
    load.reject_limit = options_.reject_limit;
    load.source_name = file_.path;
    load.stream_kind = pg::StreamKind::file;
    load.digest = [this] { return digest_at_end(); };
    if (past_ != nullptr) load.continues = past_->load_id;
    return load;
  }

  static Error changed() { return Error("55000", "file changed while it was read"); }

  std::string digest_at_end() {
    read_to_end(*input_);
    if (!digest_) return concat(kEtagDigest, file_.etag);
    if (digest_->bytes() != static_cast<std::uint64_t>(file_.bytes) || !is_as_it_was(file_)) throw changed();
    return digest_->finish();
  }

  const FolderFile& file_;
  const PastLoad* past_;
  const FolderOptions& options_;
  TargetTable target_;
  std::optional<pg::FileDigest> digest_;
  std::unique_ptr<pg::Input> input_;
};

FolderOutcome outcome_of(const LoadSummary& summary, const char* status) {
  return {
      .status = status, .load_id = summary.load_id, .rows_loaded = summary.rows_loaded, .rows_rejected = summary.rows_rejected};
}

/// What is to be done with a file that was loaded before, beside loading all of it: nothing, or going on with it. An object
/// cannot grow: what has another ETag is another one.
std::optional<FolderOutcome> spare_load(const FolderFile& file, Oid table, const PastLoad& past, const FolderOptions& options) {
  if (!file.etag.empty()) {
    if (file.bytes == past.source_bytes && past.source_digest == concat(kEtagDigest, file.etag))
      return FolderOutcome{.status = "unchanged", .load_id = past.load_id};
    return std::nullopt;
  }
  if (file.bytes == past.source_bytes && digest_of(file.path) == past.source_digest)
    return FolderOutcome{.status = "unchanged", .load_id = past.load_id};
  if (file.bytes > past.source_bytes) return outcome_of(FileLoad(file, table, &past, options).run(), "continued");
  return std::nullopt;
}

/// Whether an error says something about one file and its table only.
bool is_of_one_file(const char* sqlstate) {
  // connections, transactions, authorization, rollbacks, resources, operators, the server itself
  constexpr std::array<std::string_view, 7> kOfAll{"08", "25", "28", "40", "53", "57", "XX"};
  return std::find(kOfAll.begin(), kOfAll.end(), std::string_view(sqlstate).substr(0, 2)) == kOfAll.end();
}

/// In one line.
std::string reason_of(const pg::CaughtError& error) {
  std::string reason = error.message;
  if (!error.detail.empty()) reason += concat(" (", error.detail, ')');
  std::replace(reason.begin(), reason.end(), '\n', ' ');
  constexpr std::size_t kMostBytes = 2048;
  pg::shorten(reason, kMostBytes);
  return reason;
}

}  // namespace

std::optional<std::string> try_file(const std::function<void()>& body) {
  const auto error = pg::attempt(body, [](const char* sqlstate) { return is_of_one_file(sqlstate); });
  return error ? std::optional(reason_of(*error)) : std::nullopt;
}

FolderOutcome load_folder_file(const FolderFile& file, Oid table, const PastLoad* past, const FolderOptions& options) {
  std::optional<FolderOutcome> outcome;
  std::optional<std::string> problem;
  if (past != nullptr) {
    try {
      problem = try_file([&] { outcome = spare_load(file, table, *past, options); });
    } catch (const NotContinued&) {
      // the subtransaction is rolled back, and with it what was opened
    }
  }
  if (!outcome && !problem)
    problem = try_file([&] { outcome = outcome_of(FileLoad(file, table, nullptr, options).run(), "loaded"); });
  return problem ? FolderOutcome{.reason = *problem} : *outcome;
}

}  // namespace ferry::load
