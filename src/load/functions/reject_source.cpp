#include "load/functions/reject_source.hpp"

#include "load/field_columns.hpp"
#include "load/source/json_file_source.hpp"
#include "load/source/reader_problem.hpp"
#include "pg/encoding.hpp"

#include "pg/server.hpp"

extern "C" {
#include "mb/pg_wchar.h"
}

namespace ferry::load {

namespace {
Problem not_whole() {
  return {"54000", {}, {}, "record was not kept whole", "The log has its first bytes only. Load it from its source."};
}
}  // namespace

RejectSource::RejectSource(StoredRejects& rejects, const LoggedOptions& options, TargetTable& target)
    : rejects_(rejects), options_(options) {
  if (options_.is_json()) {
    records_ = std::make_unique<JsonSource>(target.loaded_columns(),
                                            [&target](const std::string& name) { return target.no_such_column(name); });
    return;
  }
  StreamOptions stream = options_.stream;
  if (stream.columns.empty()) stream.columns = rejects_.load().columns;
  stream.encoding = GetDatabaseEncoding();
  auto records = std::make_unique<StreamSource>(no_bytes_, stream);
  FieldColumns chosen = choose_columns(*records, stream, target);
  if (chosen.computing) {
    stream_ = std::move(records);
    records_ = std::move(chosen.computing);
  } else {
    records_ = std::move(records);
  }
}

bool RejectSource::read(Record& record) {
  if (!rejects_.next(reject_)) return false;
  record.row_number = reject_.row_number;
  record.line_number = reject_.line_number;
  record.is_cut = reject_.is_cut && !reject_.corrected;
  record.problem.reset();
  bytes_ += static_cast<std::int64_t>(reject_.raw.size());
  if (reject_.corrected)
    record.raw.assign(options_.is_json() ? pg::to_utf8(*reject_.corrected) : *reject_.corrected);
  else if (record.is_cut)
    record.problem = std::make_unique<Problem>(is_of_reader(reject_.problem) ? reject_.problem : not_whole());
  else if (options_.is_json())
    read_json(record);
  else
    read_stream(record);
  return true;
}

void RejectSource::read_json(Record& record) {
  record.raw.assign(reject_.is_text ? pg::to_utf8(reject_.raw) : reject_.raw);
  if (is_of_broken_array(reject_.problem))
    record.problem = std::make_unique<Problem>(reject_.problem);
  else if (auto problem = json_row_problem(record.raw))
    record.problem = std::make_unique<Problem>(std::move(*problem));
}

void RejectSource::read_stream(Record& record) {
  record.raw.assign(reject_.raw);
  if (is_of_reader(reject_.problem)) {
    record.problem = std::make_unique<Problem>(reject_.problem);
  } else if (!reject_.is_text) {
    if (!as_it_came_) as_it_came_ = std::make_unique<StreamSource>(no_bytes_, options_.stream);
    if (auto text = as_it_came_->text_of(record, record.raw.size()).text)
      record.raw.assign(*text);
    else
      record.problem = std::make_unique<Problem>(reject_.problem);
  }
}

}  // namespace ferry::load
