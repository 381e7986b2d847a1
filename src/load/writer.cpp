#include "load/writer.hpp"

#include "pg/server.hpp"

namespace ferry::load {

using pg::call;
using pg::TableWriter;

Writer::Writer(Source& source, Rules& rules, const WriterOptions& options)
    : rules_(rules), exact_(source, rules, options), bulk_(BulkWriter::for_table(source, rules, options)) {}

void Writer::begin() {
  const TriggerDesc* const list = rules_.relation()->trigdesc;
  if (list == nullptr ||
      !(list->trig_insert_before_statement || list->trig_insert_after_statement || list->trig_insert_new_table))
    return;
  Relation const relation = rules_.relation();
  statement_ = call([relation] {
    TableWriter writer = TableWriter::open(relation, pg::TriggerSet::all);
    writer.begin_statement();
    return writer;
  });
}

void Writer::end() {
  if (bulk_) bulk_->close();
  if (!statement_) return;
  TableWriter* const writer = &*statement_;
  call([writer] {
    writer->end_statement();
    writer->close();
  });
  statement_.reset();
}

void Writer::write(const std::vector<Record>& records, std::vector<Result>& results) {
  results.assign(records.size(), Result{});
  if (bulk_) bulk_->write(records, results);
  for (const Result& result : results)
    if (result.state == Result::State::pending) {
      exact_.write(records, results);
      if (bulk_) bulk_->forget_largest_keys();
      return;
    }
}

FarthestValues Writer::farthest_values() const {
  FarthestValues farthest = exact_.farthest_values();
  if (bulk_) merge(farthest, bulk_->farthest_values());
  return farthest;
}

}  // namespace ferry::load
