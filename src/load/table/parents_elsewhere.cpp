#include "load/table/parents_elsewhere.hpp"

#include "pg/table/table_engine.hpp"

#include "pg/server.hpp"

extern "C" {
#include "executor/tuptable.h"
}

namespace ferry::load {

using pg::call;

ParentsElsewhere::ParentsElsewhere(TargetTable& target) : target_(target) {
  Relation const relation = target.relation();
  if (!call(pg::refers_elsewhere, relation)) return;
  ForeignKeys found = foreign_keys_of(relation, target.facts());
  if (!found.are_all) call(pg::check_parents_are_stored_here, relation, pg::InheritedKeys::checked, pg::RowUse::load);
  for (pg::ForeignKey& key : found.keys) {
    const pg::ForeignKeyDefinition& definition = key.definition();
    if (!definition.parent_is_elsewhere) continue;
    tables_ = call(list_append_unique_oid, tables_, definition.parent);
    attributes_.insert(attributes_.end(), definition.attributes.begin(), definition.attributes.end());
    keys_.push_back(std::move(key));
  }
  row_ = call([row_type = target.facts().slot_type] { return MakeSingleTupleTableSlot(row_type, &TTSOpsVirtual); });
}

void ParentsElsewhere::ask(std::vector<TupleTableSlot*>& rows, std::vector<bool>& bad) {
  for (pg::ForeignKey& key : keys_) {
    std::vector<bool> good;
    if (rows.empty() || key.check(rows.data(), rows.size(), good)) continue;
    for (std::size_t i = 0; i < rows.size(); i++)
      if (!good[i]) bad[i] = true;
  }
}

void ParentsElsewhere::forget() {
  for (pg::ForeignKey& key : keys_) key.forget();
}

void ParentsElsewhere::check_row() {
  for (pg::ForeignKey& key : keys_) {
    // by itself: what a trigger has added is gone if the row is taken back, and must not be known then
    std::vector<bool> good;
    if (key.has_passed(row_) || key.anew().check(&row_, 1, good)) continue;
    const Problem problem = violation_of(key, target_.relation(), row_);
    throw Error(problem.sqlstate.c_str(), problem.reason)
        .detail(problem.detail)
        .schema(target_.schema_name())
        .table(target_.table_name())
        .column(problem.column)
        .constraint(problem.constraint);
  }
}

}  // namespace ferry::load
