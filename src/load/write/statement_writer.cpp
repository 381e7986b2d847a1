#include "load/write/statement_writer.hpp"

#include <algorithm>
#include <cstring>
#include <unordered_set>

#include "base/concat.hpp"
#include "load/table/self_references.hpp"
#include "load/write/bulk_rules.hpp"
#include "load/write/row_by_row_writer.hpp"
#include "pg/table/error_names.hpp"
#include "pg/table/insert_rules.hpp"

#include "pg/server.hpp"

extern "C" {
#include "access/genam.h"
#include "commands/trigger.h"
#include "utils/rel.h"
}

namespace ferry::load {

using pg::call;
using pg::QueryWriter;

namespace {

/// Whether the user may give all columns a value.
bool may_insert_all(const TargetTable& target) {
  const Oid table = RelationGetRelid(target.relation());
  return call([table] { return pg_class_aclcheck(table, GetUserId(), ACL_INSERT) == ACLCHECK_OK; });
}

bool may_select(const TargetTable& target, const std::vector<AttrNumber>& columns) {
  const Oid table = RelationGetRelid(target.relation());
  return call([table, &columns] {
    if (pg_class_aclcheck(table, GetUserId(), ACL_SELECT) == ACLCHECK_OK) return true;
    return std::all_of(columns.begin(), columns.end(), [table](AttrNumber column) {
      return pg_attribute_aclcheck(table, column, GetUserId(), ACL_SELECT) == ACLCHECK_OK;
    });
  });
}

/// Which rules can be looked at before a row is written. names_all: else what the statement computes is not there yet.
RowChecks checks_for(TargetTable& target, bool names_all) {
  if (target.storage() != TargetTable::Storage::engine || !names_all) return RowChecks::none;
  const RowCompany& company = row_company_of(target);
  return company.looking_expressions || company.user_triggers ? RowChecks::none : RowChecks::decide;
}

pg::TableWriter open_table(TargetTable& target) {
  return call([&target] { return pg::TableWriter::open_for_others(target.relation(), target.written_columns()); });
}

/// A table's own statement names all its columns, if the user may; else the statement computes the defaults of the others.
bool prepare_defaults(TargetTable& target) {
  const bool names_all = target.storage() != TargetTable::Storage::view && may_insert_all(target);
  if (!names_all) target.leave_defaults();
  return names_all;
}

bool has_deferrable(Relation table) {
  for (int i = 0; table->trigdesc != nullptr && i < table->trigdesc->numtriggers; i++)
    if (table->trigdesc->triggers[i].tgdeferrable) return true;
  return false;
}

/// Where the rows come into a table with constraints that may wait for the commit: they are checked at once then, whatever table
/// they are of, until the transaction ends. Nobody else can tell which row breaks one. Calls the server without a guard.
void make_constraints_immediate(Relation relation, Oid base_table) {
  Relation const table = OidIsValid(base_table) ? table_open(base_table, AccessShareLock) : relation;
  if (has_deferrable(table)) AfterTriggerSetState(makeNode(ConstraintsSetStmt));
  if (table != relation) table_close(table, NoLock);
}

/// Whether the rules of the relation, or of what is behind a view, let an INSERT return what went in.
bool allows_returning(const TargetTable& target) {
  auto answer = call([&target] { return pg::allows_returning(target.relation()); });
  // of a view the parents are what it shows, and what that shows
  for (std::size_t i = 0; !answer && i < target.facts().parents.size(); i++) {
    Relation const behind = call(table_open, target.facts().parents[i], LOCKMODE{AccessShareLock});
    answer = call([behind] { return pg::allows_returning(behind); });
    call(table_close, behind, LOCKMODE{NoLock});
  }
  return answer.value_or(true);
}

/// Keys that rules do not return nobody knows: they may make others of those that they are given.
WriterOptions without_unknown_keys(WriterOptions options, bool is_returned) {
  options.want_keys = options.want_keys && is_returned;
  return options;
}

/// Whether no two rows are equal in the index's columns, and no row does without one.
bool is_key_of_each_row(Relation table, Relation index) {
  const Form_pg_index form = index->rd_index;
  if (!form->indisunique || !UniqueKey::supports(table, index)) return false;
  return std::all_of(form->indkey.values, form->indkey.values + form->indnkeyatts,
                     [table](AttrNumber column) { return TupleDescAttr(RelationGetDescr(table), column - 1)->attnotnull; });
}

/// A row was left out of many, and which one, only rows that go in alone can tell.
constexpr const char* kLeftOut = "22000";

}  // namespace

StatementWriter::StatementWriter(Source& source, TargetTable& target, const WriterOptions& options)
    : source_(source),
      target_(target),
      options_(options),
      names_all_(prepare_defaults(target)),
      is_of_engine_(target.storage() == TargetTable::Storage::engine),
      table_(open_table(target)),
      converter_(source, target, options_, table_, checks_for(target, names_all_)),
      query_(target.relation()),
      has_row_security_(target.has_row_security()),
      allows_returning_(allows_returning(target)),
      notes_(target, without_unknown_keys(options, allows_returning_)) {
  if (options_.on_conflict == OnConflict::update) {
    target_.check_may_update();
    if (target_.primary_key().empty())
      throw Error("42P10", concat(target_.storage() == TargetTable::Storage::view ? "view \"" : "table \"", target_.table_name(),
                                  "\" has no primary key"))
          .hint("The row to replace is found by the primary key.");
    columns_.key = target_.primary_key();
  }
  call(make_constraints_immediate, target_.relation(), target_.facts().base_table);
  find_ways();
  choose_columns({});
  query_.prepare(columns_, OnStatement::raise);
}

void StatementWriter::close() {
  if (only_key_) {
    only_key_->close();
    call(index_close, key_index_, LOCKMODE{NoLock});
  }
  converter_.close();
  call([this] { table_.close(); });
}

/// What the rules of the relation allow.
void StatementWriter::find_ways() {
  const std::vector<AttrNumber>& key = target_.primary_key();
  if (!has_row_security_ && allows_returning_ && may_select(target_, key)) columns_.returned = key;
  if (!is_of_engine_ || has_row_security_) return;
  const RowCompany& company = row_company_of(target_);
  const bool each_chooses = target_.records_choose() && (!names_all_ || options_.on_conflict == OnConflict::update);
  writes_many_ = !company.looking_types && !company.looking_expressions && !company.user_triggers && !each_chooses &&
                 converter_.rows_are_independent();
  if (!writes_many_) return;
  read_indexes();
  for (pg::ForeignKey& foreign_key : foreign_keys_of(target_.relation(), target_.facts()).keys)
    // what the load writes itself may be the parent
    if (!may_share_rows(RelationGetRelid(target_.relation()), foreign_key.definition().parent))
      foreign_keys_.push_back(std::move(foreign_key));
}

/// Finds a key that tells which rows came, if the primary key does not, and the only unique one, if there are no others.
void StatementWriter::read_indexes() {
  Relation const relation = target_.relation();
  const List* const indexes = call([relation] { return RelationGetIndexList(relation); });
  Oid key = InvalidOid;
  int unique = 0;
  bool are_immediate = true;  // ON CONFLICT DO NOTHING knows no deferrable keys
  for (int i = 0; i < list_length(indexes); i++) {
    Relation const index = call(index_open, list_nth_oid(indexes, i), LOCKMODE{AccessShareLock});
    const Form_pg_index form = index->rd_index;
    if (form->indisunique || form->indisexclusion) unique++;
    if (!form->indimmediate) are_immediate = false;
    if (is_key_of_each_row(relation, index)) {
      key = RelationGetRelid(index);
      const std::vector<AttrNumber> columns(form->indkey.values, form->indkey.values + form->indnkeyatts);
      if (columns_.returned.empty() && allows_returning_ && may_select(target_, columns)) columns_.returned = columns;
    }
    call(index_close, index, LOCKMODE{NoLock});
  }
  tells_conflicts_ = are_immediate && names_all_ && !columns_.returned.empty();
  if (unique != 1 || !OidIsValid(key)) return;
  key_index_ = call(index_open, key, LOCKMODE{NoLock});
  only_key_.emplace(relation, key_index_);
}

/// The columns of the statement for a record; those of all records where they do not choose.
void StatementWriter::choose_columns(const Record& record) {
  const bool each_chooses = target_.records_choose() && record.row_number > 0;
  if (each_chooses) source_.split(record, fields_);
  const auto has_value = [&](const TargetColumn& column) {
    if (!each_chooses) return column.loaded && !target_.records_choose();
    for (std::size_t i = 0; i < fields_.valid; i++)
      if (target_.column_of_field(i) == &column) return fields_.values[i].state != Field::State::absent;
    return false;
  };
  columns_.given.clear();
  columns_.replaced.clear();
  for (const TargetColumn& column : target_.columns()) {
    const bool is_given = has_value(column);
    if (is_given || names_all_) columns_.given.push_back(column.attribute);
    const bool is_of_key = std::find(columns_.key.begin(), columns_.key.end(), column.attribute) != columns_.key.end();
    if (is_given && !is_of_key) columns_.replaced.push_back(column.attribute);
  }
}

void StatementWriter::write(const Batch& batch) {
  if (converter_.rows_are_independent()) {
    converter_.convert(batch);
    if (!foreign_keys_.empty()) ask_foreign_keys(batch);
  }
  write_pending(batch);
}

/// Rejects the rows that have no parent. Where a key that is taken is no reject they are for the engine to decide, one by one.
void StatementWriter::ask_foreign_keys(const Batch& batch) {
  if (options_.on_conflict == OnConflict::skip) return;
  std::vector<std::size_t> rows;
  std::vector<TupleTableSlot*> slots;
  for (std::size_t i = 0; i < batch.size(); i++) {
    if (batch.result(i).state != Result::State::pending) continue;
    rows.push_back(i);
    slots.push_back(row(i));
  }
  if (rows.empty()) return;
  MemoryContext const caller = MemoryContextSwitchTo(converter_.memory());
  options_.position->set(batch.record(rows.front()), batch.record(rows.back()));
  for (pg::ForeignKey& key : foreign_keys_) {
    std::vector<bool> good;
    if (key.check(slots.data(), slots.size(), good)) continue;
    for (std::size_t i = 0; i < rows.size(); i++) {
      Result& result = batch.result(rows[i]);
      if (!good[i] && result.state == Result::State::pending) result.reject(violation_of(key, target_.relation(), slots[i]));
    }
  }
  MemoryContextSwitchTo(caller);
}

void StatementWriter::write_pending(const Batch& batch) {
  for (portion_.begin(batch.size());;) {
    Attempt attempt;
    const auto error =
        pg::attempt([&] { write_portion(batch, attempt); }, [&](const char* sqlstate) { return may_swallow(sqlstate, attempt); });
    if (!error) {
      merge(farthest_, attempt.farthest);
      decide_absent(batch, attempt.absent);
      if (portion_.is_last()) return;
      portion_.go_on();
      continue;
    }
    for (const std::size_t i : attempt.written) batch.result(i) = Result{};
    if (attempt.is_of_many) {
      portion_.halve(attempt.written.front(), attempt.written.back());
      continue;
    }
    settle_failed(*error, batch.result(attempt.current));
    portion_.leave_out(attempt.written.front(), attempt.current);
  }
}

void StatementWriter::write_portion(const Batch& batch, Attempt& attempt) {
  std::vector<std::size_t> many;
  std::unordered_set<std::string> keys;
  const auto write_waiting = [&] {
    if (!many.empty()) write_many(batch, attempt, many);
    many.clear();
    keys.clear();
  };
  for (std::size_t i = 0; i < portion_.end(); i++) {
    if (batch.result(i).state != Result::State::pending) continue;
    pg::check_interrupts();
    attempt.written.push_back(i);
    if (!writes_many_ || portion_.is_one_by_one()) {
      write_one(batch, i, attempt);
      continue;
    }
    // a statement may not replace a row twice
    if (options_.on_conflict == OnConflict::update && !keys.insert(query_.image_of(row(i), columns_.key)).second) {
      write_waiting();
      keys.insert(query_.image_of(row(i), columns_.key));
    }
    many.push_back(i);
  }
  write_waiting();
}

void StatementWriter::write_many(const Batch& batch, Attempt& attempt, std::span<const std::size_t> rows) {
  // an engine may tell what is wrong with a row that comes alone only if its statement says that it does
  if (rows.size() == 1) return write_one(batch, rows.front(), attempt);
  std::vector<TupleTableSlot*> slots;
  for (const std::size_t i : rows) slots.push_back(row(i));
  options_.position->set(batch.record(rows.front()), batch.record(rows.back()));
  attempt.is_of_many = true;
  const bool updates = options_.on_conflict == OnConflict::update;
  const auto on_conflict = updates ? OnStatement::update : tells_conflicts_ ? OnStatement::skip : OnStatement::raise;
  const std::uint64_t count = query_.insert_many(slots, columns_, on_conflict);
  std::vector<bool> came(rows.size(), true);
  if (count < rows.size() && !tells_conflicts_ && !keeps_others()) throw Error(kLeftOut, "rows were left out");
  if (count < rows.size() && !keeps_others()) query_.tell_which_came(slots, columns_.returned, came);
  for (std::size_t i = 0; i < rows.size(); i++) {
    Result& result = batch.result(rows[i]);
    if (came[i])
      note(rows[i], false, result, attempt.farthest);
    else if (updates)
      result.state = Result::State::suppressed;
    else
      attempt.absent.push_back(rows[i]);
  }
  attempt.is_of_many = false;
}

/// Makes the row when those before it are there.
void StatementWriter::convert_one(const Batch& batch, std::size_t at) {
  call([] {
    PushCopiedSnapshot(GetTransactionSnapshot());
    UpdateActiveSnapshotCommandId();
  });
  const std::size_t position = batch.first + at;
  converter_.convert({batch.records.first(position + 1), batch.results.first(position + 1), position});
  call(PopActiveSnapshot);
}

void StatementWriter::write_one(const Batch& batch, std::size_t at, Attempt& attempt) {
  attempt.current = at;
  options_.position->set(batch.record(at));
  Result& result = batch.result(at);
  const bool is_made = converter_.rows_are_independent();
  if (!is_made) convert_one(batch, at);
  if (result.state != Result::State::pending) return;
  if (target_.records_choose()) choose_columns(batch.record(at));
  const bool updates = options_.on_conflict == OnConflict::update;
  const bool went_in = query_.insert_one(row(is_made ? at : 0), columns_, updates ? OnStatement::update : OnStatement::raise);
  if (went_in || keeps_others())
    note(is_made ? at : 0, true, result, attempt.farthest);
  else
    result.state = Result::State::suppressed;
}

/// What is noted of a row that went in. is_alone: what it became is known.
void StatementWriter::note(std::size_t at, bool is_alone, Result& result, FarthestValues& farthest) const {
  result.state = Result::State::loaded;
  const TupleTableSlot* const slot = row(at);
  const auto value_of = [&](AttrNumber attribute, bool* is_null) {
    const auto& returned = columns_.returned;
    if (is_alone && query_.has_returned() && std::find(returned.begin(), returned.end(), attribute) != returned.end())
      return query_.returned_value(returned, attribute, is_null);
    *is_null = slot->tts_isnull[attribute - 1];
    return slot->tts_values[attribute - 1];
  };
  notes_.take(value_of, result, farthest);
}

/// Rows that a statement for many has left out: their key is taken.
void StatementWriter::decide_absent(const Batch& batch, const std::vector<std::size_t>& absent) {
  for (const std::size_t at : absent) {
    Result& result = batch.result(at);
    if (options_.on_conflict == OnConflict::skip) {
      result.state = Result::State::skipped;
      continue;
    }
    if (only_key_) {
      result.reject(only_key_->violation(row(at)));
      continue;
    }
    Attempt attempt;
    const auto error =
        pg::attempt([&] { write_one(batch, at, attempt); }, [&](const char* sqlstate) { return may_swallow(sqlstate, attempt); });
    if (!error) {
      merge(farthest_, attempt.farthest);
      continue;
    }
    result = Result{};
    settle_failed(*error, result);
  }
}

bool StatementWriter::may_swallow(const char* sqlstate, const Attempt& attempt) const {
  if (is_rejectable(sqlstate, nullptr)) return true;
  // of a policy, since privileges are looked at before the first row
  const bool is_policy = std::strcmp(sqlstate, "42501") == 0;
  // of a column that the table behind a view generates
  if (!is_of_engine_) return is_policy || std::strcmp(sqlstate, "428C9") == 0;
  // where the rows are, a right may be missing
  if (is_policy) return has_row_security_;
  // a statement may not replace a row twice, and keys may be equal with other bytes; an engine may have no better word for what
  // was wrong with one of many
  return attempt.is_of_many && (std::strcmp(sqlstate, "21000") == 0 || std::strcmp(sqlstate, "XX000") == 0);
}

void StatementWriter::settle_failed(const pg::CaughtError& error, Result& result) {
  const bool is_conflict = error.sqlstate == "23505" || error.sqlstate == "23P01";
  const bool may_be_elsewhere = is_of_engine_ || target_.storage() == TargetTable::Storage::view;
  if (options_.on_conflict == OnConflict::skip && is_conflict &&
      (may_be_elsewhere || target_.is_own_table(error.schema, error.table)))
    result.state = Result::State::skipped;
  else
    result.reject(target_.explain(is_of_engine_ ? pg::with_names_of(error, target_.relation()) : error, nullptr));
}

}  // namespace ferry::load
