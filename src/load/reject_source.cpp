#include "load/reject_source.hpp"

#include "load/json_source.hpp"
#include "pg/encoding.hpp"

#include "pg/server.hpp"

extern "C" {
#include "mb/pg_wchar.h"
}

namespace ferry::load {

RejectSource::RejectSource(StoredRejects& rejects, const LoggedOptions& options, Rules& rules)
    : rejects_(rejects), options_(options), rules_(rules) {
  if (options_.format == LoggedOptions::Format::json)
    records_ = std::make_unique<JsonSource>(std::vector<std::string>{}, rules_);
  else
    records_ = make_csv(GetDatabaseEncoding());
}

std::unique_ptr<Source> RejectSource::make_csv(int encoding) {
  CsvOptions csv = options_.csv;
  csv.columns = rejects_.load().columns;
  csv.encoding = encoding;
  return std::make_unique<CsvSource>(no_bytes_, csv, rules_);
}

bool RejectSource::read(Record& record) {
  if (!rejects_.next(reject_)) return false;
  record.row_number = reject_.row_number;
  record.line_number = reject_.line_number;
  record.problem.reset();
  bytes_ += static_cast<std::int64_t>(reject_.raw.size());
  if (options_.format == LoggedOptions::Format::json)
    record.raw = pg::to_utf8(reject_.raw);
  else
    read_csv(record);
  return true;
}

void RejectSource::read_csv(Record& record) {
  record.raw = reject_.raw;
  if (CsvSource::is_of_reader(reject_.problem)) {
    record.problem = reject_.problem;
  } else if (!reject_.is_text) {
    if (!as_it_came_) as_it_came_ = make_csv(options_.csv.encoding);
    if (auto text = as_it_came_->text_of(record))
      record.raw = std::move(*text);
    else
      record.problem = reject_.problem;
  }
}

}  // namespace ferry::load
