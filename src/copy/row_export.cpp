#include "copy/row_export.hpp"

#include "avro/schema_json.hpp"
#include "base/concat.hpp"
#include "base/error.hpp"
#include "pg/guard.hpp"

#include "pg/server.hpp"

extern "C" {
#include "access/tableam.h"
}

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
      name_(std::move(name)),
      schema_json_(avro::to_json(map::record_schema(table, options.record).root())),
      rows_(table, options.record.profile),
      progress_(progress) {}

void RowExport::begin(ByteSink& sink) {
  file_.emplace(sink, avro::WriterOptions{.schema_json = schema_json_,
                                          .sync_marker = random_marker(),
                                          .codec = options_.codec,
                                          .level = options_.level,
                                          .check_interrupts = pg::check_interrupts});
  progress_.show();
}

/// Called by the server while it makes an error; raises none.
void RowExport::describe_place(void* self) {
  const auto& out = *static_cast<const RowExport*>(self);
  const map::Column* const column = out.rows_.current_column();
  if (column == nullptr) return;
  const auto row = static_cast<long long>(out.row_number());
  // errcontext() by hand: it is a macro made for ereport()
  set_errcontext_domain(TEXTDOMAIN);
  errcontext_msg("COPY %s%srow %lld, column %s", out.name_.c_str(), out.name_.empty() ? "" : ", ", row, column->name.c_str());
}

/// Runs body with the place of the row at work added to errors, the server's and our own. Calls the server without a guard.
template <class F>
auto RowExport::at_place(F&& body) {
  ErrorContextCallback callback{};
  callback.callback = describe_place;
  callback.arg = this;
  callback.previous = error_context_stack;
  error_context_stack = &callback;
  try {
    const auto result = body();
    error_context_stack = callback.previous;
    return result;
  } catch (Error& error) {
    if (const map::Column* const column = rows_.current_column(); column != nullptr)
      error.context(concat("COPY ", name_, name_.empty() ? "" : ", ", "row ", row_number(), ", column ", column->name));
    throw;
  }
}

void RowExport::append(TupleTableSlot* slot) {
  (void)at_place([&] {
    rows_.append(slot);
    return true;
  });
}

bool RowExport::append_from(TableScanDesc scan, TupleTableSlot* slot) {
  return at_place([&] {
    bool has_more = true;
    rows_.begin_batch();
    while (has_more && !is_block_full()) {
      CHECK_FOR_INTERRUPTS();
      has_more = table_scan_getnextslot(scan, ForwardScanDirection, slot);
      if (has_more) rows_.append(slot);
    }
    rows_.end_batch();
    return has_more;
  });
}

void RowExport::write_block() {
  pg::check_interrupts();
  file_->write_block(rows_.row_count(), rows_.payload());
  progress_.rows += rows_.row_count();
  progress_.bytes = static_cast<std::int64_t>(file_->bytes_written());
  progress_.show();
  rows_.clear();
}

}  // namespace ferry::copy
