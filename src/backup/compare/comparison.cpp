#include "backup/compare/comparison.hpp"

#include <algorithm>
#include <string>
#include <type_traits>
#include <utility>

#include "backup/compare/key_order.hpp"
#include "map/types/output_settings.hpp"
#include "pg/compat.hpp"
#include "pg/guard.hpp"
#include "pg/memory.hpp"
#include "pg/table/table_query.hpp"

#include "pg/server.hpp"

extern "C" {
#include "executor/executor.h"
#include "tcop/tcopprot.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"
}

// Both sides come in the order of the key, so that one row of each is enough to know which is missing on the other side. The
// backup is sorted first; then the executor sorts the table, or reads it by the index of the key, and hands its rows over.
namespace ferry::backup {
namespace {

/// A column of a comparison.
struct ComparedColumn {
  AttrNumber attribute;
  const char* name;
  Oid output;  ///< of its type; InvalidOid: values of other bytes are other values
};

/// Types whose values may have several forms in memory: an array with a list of its nulls, though it has none, NaN with a sign.
/// And those of which a backup has the text alone.
bool has_several_forms(map::TypeKind kind) {
  using map::TypeKind;
  constexpr TypeKind kKinds[] = {TypeKind::float4, TypeKind::float8,     TypeKind::array,    TypeKind::composite,
                                 TypeKind::range,  TypeKind::multirange, TypeKind::geometry, TypeKind::other};
  return std::find(std::begin(kKinds), std::end(kKinds), kind) != std::end(kKinds);
}

/// The state of a comparison. The functions call the server without a guard.
class Comparison {
 public:
  void open(Relation table, const KeyOrder& order, pg::ResultRows& result);
  void close();

  /// A row of the backup, in a slot of the table's descriptor.
  [[nodiscard]] TupleTableSlot* empty_slot() { return ExecClearTuple(now_); }
  void put_backup_row() { tuplesort_puttupleslot(backup_, now_); }
  void begin_merge();
  /// A row of the table with the compared columns alone.
  void take_table_row(TupleTableSlot* slot);
  void end_merge();

  ComparedColumn* columns = nullptr;
  int column_count = 0;

 private:
  void next_backup_row();
  void check_order();
  [[nodiscard]] bool is_same(const ComparedColumn& column) const;
  void add_changed();
  void add(const char* change, TupleTableSlot* row, Datum names, bool has_names);

  MemoryContext context_;  ///< of what lives as long as the comparison
  Oid table_;
  TupleDesc descriptor_;
  KeyOrder order_;
  pg::ResultRows* result_;
  ExprState* key_;
  ExprContext* expressions_;
  Tuplesortstate* backup_;
  TupleTableSlot *then_, *before_, *now_;  ///< a row of the backup and the one before it, a row of the table
  bool has_then_ = false;
  bool may_come_in_any_order_;  ///< by an index of the key whose order is not today's
};
static_assert(std::is_trivially_destructible_v<Comparison>);

void Comparison::open(Relation table, const KeyOrder& order, pg::ResultRows& result) {
  context_ = CurrentMemoryContext;
  table_ = RelationGetRelid(table);
  descriptor_ = RelationGetDescr(table);
  order_ = order;
  result_ = &result;
  key_ = ExecInitExpr(order.as_jsonb(descriptor_), nullptr);
  expressions_ = CreateStandaloneExprContext();
  then_ = MakeSingleTupleTableSlot(descriptor_, &TTSOpsMinimalTuple);
  before_ = MakeSingleTupleTableSlot(descriptor_, &TTSOpsMinimalTuple);
  may_come_in_any_order_ = !order.is_of_plain_values(descriptor_);
  now_ = MakeSingleTupleTableSlot(descriptor_, &TTSOpsVirtual);
  backup_ = order.begin_sort(descriptor_);
}

void Comparison::close() {
  tuplesort_end(backup_);
  ExecDropSingleTupleTableSlot(then_);
  ExecDropSingleTupleTableSlot(before_);
  ExecDropSingleTupleTableSlot(now_);
  FreeExprContext(expressions_, true);
}

void Comparison::next_backup_row() {
  CHECK_FOR_INTERRUPTS();
  std::swap(then_, before_);
  // the executor's context is gone when rows of the backup are left
  MemoryContext const caller = MemoryContextSwitchTo(context_);
  has_then_ = tuplesort_gettupleslot(backup_, true, may_come_in_any_order_, then_, nullptr);
  MemoryContextSwitchTo(caller);
  if (has_then_) slot_getallattrs(then_);
}

void Comparison::begin_merge() {
  tuplesort_performsort(backup_);
  next_backup_row();
}

void Comparison::take_table_row(TupleTableSlot* slot) {
  slot_getallattrs(slot);
  ExecClearTuple(now_);
  std::fill_n(now_->tts_isnull, descriptor_->natts, true);
  for (int i = 0; i < column_count; i++) {
    const int at = columns[i].attribute - 1;
    now_->tts_values[at] = slot->tts_values[i];
    now_->tts_isnull[at] = slot->tts_isnull[i];
  }
  ExecStoreVirtualTuple(now_);
  int order = 1;
  while (has_then_ && (order = order_.compare(then_, now_)) < 0) {
    add("removed", then_, Datum{0}, false);
    next_backup_row();
  }
  if (!has_then_ || order > 0) {
    check_order();
    return add("added", now_, Datum{0}, false);
  }
  add_changed();
  next_backup_row();
}

/// A row that only the table has comes behind the last one of the backup that was passed. Collations change with the system's
/// libraries, and an index that has not been built anew since hands over its rows in the order of old.
void Comparison::check_order() {
  if (!may_come_in_any_order_ || TTS_EMPTY(before_) || order_.compare(before_, now_) < 0) return;
  ereport(ERROR,
          (errcode(ERRCODE_INDEX_CORRUPTED),
           errmsg("rows of table \"%s\" do not come in the order of its primary key", get_rel_name(table_)),
           errdetail("The order of its values may have changed since its index was built, with the collations of the system."),
           errhint("REINDEX the primary key.")));
}

void Comparison::end_merge() {
  for (; has_then_; next_backup_row()) add("removed", then_, Datum{0}, false);
}

bool Comparison::is_same(const ComparedColumn& column) const {
  const int at = column.attribute - 1;
  if (then_->tts_isnull[at] || now_->tts_isnull[at]) return then_->tts_isnull[at] == now_->tts_isnull[at];
  const Datum then = then_->tts_values[at], now = now_->tts_values[at];
  const Form_pg_attribute attribute = TupleDescAttr(descriptor_, at);
  if (datum_image_eq(then, now, attribute->attbyval, attribute->attlen)) return true;
  if (!OidIsValid(column.output)) return false;
  map::OutputSettings settings(map::Profile::lossless);
  settings.enter();
  const bool is_same = strcmp(OidOutputFunctionCall(column.output, then), OidOutputFunctionCall(column.output, now)) == 0;
  settings.leave();
  return is_same;
}

/// If they differ at all.
void Comparison::add_changed() {
  MemoryContext const caller = MemoryContextSwitchTo(expressions_->ecxt_per_tuple_memory);
  ArrayBuildState* names = nullptr;
  for (int i = 0; i < column_count; i++)
    if (!is_same(columns[i]))
      names = accumArrayResult(names, CStringGetTextDatum(columns[i].name), false, TEXTOID, CurrentMemoryContext);
  if (names != nullptr) add("changed", now_, makeArrayResult(names, CurrentMemoryContext), true);
  MemoryContextSwitchTo(caller);
  ResetExprContext(expressions_);
}

void Comparison::add(const char* change, TupleTableSlot* row, Datum names, bool has_names) {
  MemoryContext const caller = MemoryContextSwitchTo(expressions_->ecxt_per_tuple_memory);
  expressions_->ecxt_scantuple = row;
  bool is_null = false;
  const Datum key = ExecEvalExpr(key_, expressions_, &is_null);
  const Datum values[] = {CStringGetTextDatum(change), key, names};
  const bool nulls[] = {false, is_null, !has_names};
  result_->add(values, nulls);
  MemoryContextSwitchTo(caller);
  ResetExprContext(expressions_);
}

/// What the executor hands rows of the table to.
struct Receiver {
  DestReceiver base;
  Comparison* comparison;
  pg::ExportProgress* progress;

  static bool receive(TupleTableSlot* slot, DestReceiver* self) {
    return pg::boundary([&] {
      auto* const receiver = reinterpret_cast<Receiver*>(self);
      pg::call([=] { receiver->comparison->take_table_row(slot); });
      if (++receiver->progress->rows % kShownRows == 0) receiver->progress->show();
      return true;
    });
  }
  static constexpr int kShownRows = 1000;
};

/// A partition that was attached after the snapshot has rows that are none of the table's then. The planner knows no snapshot.
void check_members(const PlannedStmt* planned, const ComparedTable& table) {
  for (int i = 0; !table.is_elsewhere && i < list_length(planned->rtable); i++) {
    const auto* const entry = static_cast<RangeTblEntry*>(list_nth(planned->rtable, i));
    if (entry->rtekind == RTE_RELATION && !std::binary_search(table.members.begin(), table.members.end(), entry->relid))
      ereport(ERROR, (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
                      errmsg("could not compare table \"%s\": partition \"%s\" was attached after the snapshot was taken",
                             RelationGetRelationName(table.relation), get_rel_name(entry->relid))));
  }
}

/// Gives the rows of the table to the comparison, in the order of the key. Calls the server without a guard.
void read_table(const ComparedTable& table, const KeyOrder& order, List* attributes, Comparison& comparison) {
  Query* const select = pg::select_from(table.relation, attributes, table.with_children());
  order.sort(select);
  pg::ExportProgress progress;
  progress.operation = pg::Operation::comparison;
  progress.table = RelationGetRelid(table.relation);
  Receiver receiver{};
  receiver.base.receiveSlot = Receiver::receive;
  receiver.base.rStartup = [](DestReceiver*, int, TupleDesc) {};
  receiver.base.rShutdown = [](DestReceiver*) {};
  receiver.base.rDestroy = [](DestReceiver*) {};
  receiver.base.mydest = DestNone;
  receiver.comparison = &comparison;
  receiver.progress = &progress;
  const char* const text = debug_query_string == nullptr ? "" : debug_query_string;
  auto* const rewritten = static_cast<Query*>(linitial(pg_rewrite_query(select)));
  PlannedStmt* const planned = pg::compat::plan_query(rewritten, text, CURSOR_OPT_PARALLEL_OK);
  check_members(planned, table);
  QueryDesc* const query =
      CreateQueryDesc(planned, text, GetActiveSnapshot(), InvalidSnapshot, &receiver.base, nullptr, nullptr, 0);
  progress.show();
  ExecutorStart(query, 0);
  pg::compat::run_query(query);
  ExecutorFinish(query);
  ExecutorEnd(query);
  FreeQueryDesc(query);
  progress.end();
}

std::vector<ComparedColumn> compared_columns(const MatchedColumns& matched) {
  std::vector<ComparedColumn> columns;
  for (std::size_t i = 0; i < matched.read.size(); i++) {
    const map::PgType& type = matched.read[i].type;
    ComparedColumn& column =
        columns.emplace_back(ComparedColumn{matched.attributes[i], matched.read[i].name.c_str(), InvalidOid});
    if (!has_several_forms(type.kind)) continue;
    bool is_varlena;
    column.output = pg::call([&] {
      Oid output;
      getTypeOutputInfo(type.oid, &output, &is_varlena);
      return output;
    });
  }
  return columns;
}

/// Reads the backup into the comparison.
void read_backup(BackupRows& source, Comparison& comparison) {
  MemoryContext const rows =
      pg::call([] { return AllocSetContextCreate(CurrentMemoryContext, "pg_ferry comparison", ALLOCSET_DEFAULT_SIZES); });
  constexpr int kRows = 1000;
  while (source.next_block()) {
    bool has_more = true;
    while (has_more) {
      pg::check_interrupts();
      source.guarded([&] {
        pg::in_context(rows, [&] {
          for (int i = 0; i < kRows && has_more; i++) {
            has_more = source.next_row(comparison.empty_slot(), nullptr);
            if (has_more) comparison.put_backup_row();
          }
        });
        MemoryContextReset(rows);
      });
    }
  }
}

}  // namespace

void compare(const ComparedTable& table, BackupRows& source, pg::ResultRows& result) {
  std::vector<ComparedColumn> columns = compared_columns(source.columns());
  List* attributes = NIL;
  for (const ComparedColumn& column : columns) attributes = pg::call(lappend_int, attributes, int{column.attribute});
  const KeyOrder order = KeyOrder::open(table.relation, table.key);
  Comparison comparison;
  comparison.columns = columns.data();
  comparison.column_count = static_cast<int>(columns.size());
  pg::call([&] { comparison.open(table.relation, order, result); });
  read_backup(source, comparison);
  pg::call([&] {
    comparison.begin_merge();
    read_table(table, order, attributes, comparison);
    comparison.end_merge();
    comparison.close();
  });
}

}  // namespace ferry::backup
