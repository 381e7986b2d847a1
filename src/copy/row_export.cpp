#include "copy/row_export.hpp"

#include "avro/schema_json.hpp"
#include "base/concat.hpp"
#include "base/error.hpp"
#include "export/table_export.hpp"
#include "pg/guard.hpp"

#include "pg/server.hpp"

namespace ferry::copy {

namespace {

avro::SyncMarker random_marker() {
  avro::SyncMarker marker;
  if (!pg_strong_random(marker.data(), marker.size())) throw Error("XX000", "could not generate random values");
  return marker;
}

}  // namespace

RowExport::RowExport(const map::Table& table, const ExportOptions& options, std::string name, const pg::ExportProgress& progress)
    : options_(options),
      place_prefix_(concat("COPY ", name, name.empty() ? "" : ", ")),
      schema_json_(avro::to_json(map::record_schema(table, options.record).root())),
      sync_marker_(random_marker()),
      rows_(table, options.record.profile),
      place_(place_prefix_, rows_, nullptr),
      progress_(progress) {}

void RowExport::begin(ByteSink& sink) {
  file_.emplace(sink, avro::WriterOptions{.schema_json = schema_json_,
                                          .sync_marker = sync_marker_,
                                          .codec = options_.codec,
                                          .level = options_.level,
                                          .check_interrupts = pg::check_interrupts});
  progress_.show();
}

void RowExport::append(TupleTableSlot* slot) {
  (void)place_.run([&] {
    rows_.append(slot);
    return true;
  });
}

void RowExport::write_block() {
  pg::check_interrupts();
  file_->write_block(rows_.row_count(), rows_.payload());
  const std::int64_t rows = progress_.rows + rows_.row_count();
  rows_.clear();
  place_.set_rows_before(rows);
  show_progress(rows);
}

void RowExport::write_all(Relation root, Relation leaf, const map::Table& table) {
  const exporter::TableExport job{.root = root,
                                  .table = leaf,
                                  .snapshot = GetActiveSnapshot(),
                                  .columns = table,
                                  .profile = options_.record.profile,
                                  .block_bytes = options_.block_bytes,
                                  .place_prefix = place_prefix_,
                                  .codec = options_.codec,
                                  .level = options_.level,
                                  .sync_marker = sync_marker_,
                                  .rows_before = progress_.rows};
  (void)exporter::export_table(job, rows_, *file_, [this](std::int64_t rows) { show_progress(rows); });
}

void RowExport::show_progress(std::int64_t rows) {
  progress_.rows = rows;
  progress_.bytes = static_cast<std::int64_t>(file_->bytes_written());
  progress_.show();
}

}  // namespace ferry::copy
