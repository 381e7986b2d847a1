#include "export/file_export.hpp"

#include "avro/schema_json.hpp"
#include "base/error.hpp"
#include "pg/guard.hpp"

#include "pg/server.hpp"

namespace ferry::exporter {

namespace {

avro::SyncMarker random_marker() {
  avro::SyncMarker marker;
  if (!pg_strong_random(marker.data(), marker.size())) throw Error("XX000", "could not generate random values");
  return marker;
}

}  // namespace

FileExport::FileExport(const map::Table& table, const FileOptions& options, const pg::ExportProgress& progress)
    : table_(table),
      options_(options),
      schema_json_(avro::to_json(map::record_schema(table, options.record).root())),
      sync_marker_(random_marker()),
      rows_(table, options.record.profile),
      position_(options_.context_prefix, rows_, nullptr),
      progress_(progress) {}

void FileExport::begin(ByteSink& sink) {
  file_.emplace(sink, avro::WriterOptions{.schema_json = schema_json_,
                                          .sync_marker = sync_marker_,
                                          .codec = options_.codec,
                                          .level = options_.level,
                                          .check_interrupts = pg::check_interrupts});
  progress_.show();
}

void FileExport::append(TupleTableSlot* slot) {
  (void)position_.run([&] {
    rows_.append(slot);
    return true;
  });
}

void FileExport::write_block() {
  pg::check_interrupts();
  file_->write_block(rows_.row_count(), rows_.payload());
  const std::int64_t rows = progress_.rows + rows_.row_count();
  rows_.clear();
  position_.set_rows_before(rows);
  show_progress(rows);
}

void FileExport::write_all(Relation root, Relation leaf) {
  const TableExport job{.root = root,
                        .table = leaf,
                        .snapshot = GetActiveSnapshot(),
                        .columns = table_,
                        .file = options_,
                        .sync_marker = sync_marker_,
                        .rows_before = progress_.rows};
  export_table(job, rows_, *file_, [this](std::int64_t rows) { show_progress(rows); });
}

void FileExport::show_progress(std::int64_t rows) {
  progress_.rows = rows;
  progress_.bytes = static_cast<std::int64_t>(file_->bytes_written());
  progress_.show();
}

}  // namespace ferry::exporter
