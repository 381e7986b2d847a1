#include "pg/table/query_writer.hpp"

#include <algorithm>

#include "base/concat.hpp"
#include "pg/memory.hpp"
#include "pg/names.hpp"
#include "pg/table/key_image.hpp"

#include "pg/server.hpp"

extern "C" {
#include "catalog/pg_attribute.h"
#include "utils/array.h"
#include "utils/lsyscache.h"
}

namespace ferry::pg {

/// Frees the plans with the memory context in which it is.
struct QueryWriter::Plans {
  MemoryContextCallback callback;
  List* plans;

  static void free_all(void* self) {
    auto* const all = static_cast<Plans*>(self);
    for (int i = 0; i < list_length(all->plans); i++) SPI_freeplan(static_cast<SPIPlanPtr>(list_nth(all->plans, i)));
    all->plans = NIL;
  }
};

QueryWriter::QueryWriter(Relation relation) : relation_(relation) {
  context_ = call([] { return AllocSetContextCreate(CurrentMemoryContext, "pg_ferry statements", ALLOCSET_SMALL_SIZES); });
  plans_ = call([this] {
    auto* const plans = static_cast<Plans*>(MemoryContextAllocZero(context_, sizeof(Plans)));
    plans->callback.func = Plans::free_all;
    plans->callback.arg = plans;
    MemoryContextRegisterResetCallback(context_, &plans->callback);
    return plans;
  });
}

const char* QueryWriter::name_of(AttrNumber attribute) const {
  const char* const name = NameStr(TupleDescAttr(RelationGetDescr(relation_), attribute - 1)->attname);
  return call([name] { return quote_identifier(name); });
}

/// "a, b", each behind a text.
std::string QueryWriter::names_of(const std::vector<AttrNumber>& columns, const char* before) const {
  std::string names;
  for (const AttrNumber attribute : columns) names += concat(names.empty() ? "" : ", ", before, name_of(attribute));
  return names;
}

std::string QueryWriter::statement_for(const Kind& kind) const {
  const Columns& columns = kind.columns;
  const std::string names = names_of(columns.given, "");
  std::string sql = concat("INSERT INTO ", call(qualified_name, RelationGetRelid(relation_)));
  if (columns.given.empty()) {
    sql += " DEFAULT VALUES";
  } else if (kind.is_for_many) {
    sql += concat(" (", names, ") OVERRIDING SYSTEM VALUE SELECT ", names_of(columns.given, "r."),
                  " FROM pg_catalog.unnest($1) AS r");
  } else {
    sql += concat(" (", names, ") OVERRIDING SYSTEM VALUE VALUES (");
    for (std::size_t i = 0; i < columns.given.size(); i++) sql += concat(i > 0 ? ", $" : "$", i + 1);
    sql += ")";
  }
  if (kind.on_conflict == OnConflict::skip) sql += " ON CONFLICT DO NOTHING";
  if (kind.on_conflict == OnConflict::update) {
    sql += concat(" ON CONFLICT (", names_of(columns.key, ""), columns.replaced.empty() ? ") DO NOTHING" : ") DO UPDATE SET ");
    for (std::size_t i = 0; i < columns.replaced.size(); i++)
      sql += concat(i > 0 ? ", " : "", name_of(columns.replaced[i]), " = EXCLUDED.", name_of(columns.replaced[i]));
  }
  if (!columns.returned.empty()) sql += " RETURNING " + names_of(columns.returned, "");
  return sql;
}

/// The plan, prepared before or now. Inside of SPI.
SPIPlanPtr QueryWriter::plan_for(const Kind& kind) {
  for (const Known& known : known_)
    if (known.kind == kind) return known.plan;
  constexpr std::size_t kMostPlans = 100;  // of batches each row of which chooses its columns
  if (known_.size() == kMostPlans) {
    known_.clear();
    call([this] { Plans::free_all(plans_); });
  }
  const std::string sql = statement_for(kind);
  std::vector<Oid> types;
  if (kind.is_for_many) types.push_back(call(get_array_type, relation_->rd_rel->reltype));
  for (std::size_t i = 0; i < kind.columns.given.size() && !kind.is_for_many; i++)
    types.push_back(TupleDescAttr(RelationGetDescr(relation_), kind.columns.given[i] - 1)->atttypid);
  SPIPlanPtr const plan = call([&sql, &types, this] {
    SPIPlanPtr const made = SPI_prepare(sql.c_str(), static_cast<int>(types.size()), types.data());
    if (made == nullptr) elog(ERROR, "SPI_prepare failed: %s", SPI_result_code_string(SPI_result));
    in_context(context_, [=, this] { plans_->plans = lappend(plans_->plans, made); });
    SPI_keepplan(made);
    return made;
  });
  known_.push_back({kind, plan});
  return plan;
}

void QueryWriter::prepare(const Columns& columns, OnConflict on_conflict) {
  const Kind kind{columns, on_conflict, false};
  call([&kind, this] {
    if (SPI_connect() != SPI_OK_CONNECT) elog(ERROR, "SPI_connect failed");
    (void)plan_for(kind);
    SPI_finish();
  });
}

namespace {

/// Runs a plan; the rows that it counts. What it returns is in SPI_tuptable. Inside of SPI; calls the server without a guard.
std::uint64_t execute(SPIPlanPtr plan, Datum* values, const char* nulls) {
  const int result = SPI_execute_plan(plan, values, nulls, false, 0);
  if (result < 0) elog(ERROR, "SPI_execute_plan failed: %s", SPI_result_code_string(result));
  return SPI_processed;
}

/// The same by a cursor, which takes the rows that come back for their count: an engine may count others than those when some are
/// left out, and execute() would call that an error.
std::uint64_t fetch_all(SPIPlanPtr plan, Datum* values, const char* nulls) {
  Portal const portal = SPI_cursor_open(nullptr, plan, values, nulls, false);
  SPI_cursor_fetch(portal, true, FETCH_ALL);
  const std::uint64_t count = SPI_processed;
  SPI_cursor_close(portal);
  return count;
}

}  // namespace

/// The rows that went in, as far as the statement tells.
std::uint64_t QueryWriter::run(const Kind& kind, Datum* values, const char* nulls) {
  return call([&kind, values, nulls, this] {
    if (SPI_connect() != SPI_OK_CONNECT) elog(ERROR, "SPI_connect failed");
    SPIPlanPtr const plan = plan_for(kind);
    const bool returns_rows = !kind.columns.returned.empty() && SPI_is_cursor_plan(plan);
    const std::uint64_t count = returns_rows ? fetch_all(plan, values, nulls) : execute(plan, values, nulls);
    if (SPI_tuptable != nullptr) note_returned(kind.columns);
    SPI_finish();
    return count;
  });
}

/// Keeps what one row or many have returned. Inside of SPI; calls the server without a guard.
void QueryWriter::note_returned(const Columns& columns) {
  const std::size_t count = columns.returned.size();
  const TupleDesc description = SPI_tuptable->tupdesc;
  auto* const values = static_cast<Datum*>(palloc(count * sizeof(Datum)));
  auto* const nulls = static_cast<bool*>(palloc(count * sizeof(bool)));
  for (std::uint64_t row = 0; row < SPI_tuptable->numvals; row++) {
    heap_deform_tuple(SPI_tuptable->vals[row], description, values, nulls);
    std::string image;
    for (std::size_t i = 0; i < count; i++) append_column(image, columns.returned[i], values[i], nulls[i]);
    images_[image]++;
  }
  if (SPI_tuptable->numvals != 1) return;
  for (std::size_t i = 0; i < count; i++) {
    const Form_pg_attribute column = TupleDescAttr(description, static_cast<int>(i));
    returned_.push_back(nulls[i] ? Datum{0} : SPI_datumTransfer(values[i], column->attbyval, column->attlen));
    returned_nulls_.push_back(nulls[i] ? 1 : 0);
  }
}

/// Raises no error of the server but through a guard.
void QueryWriter::append_column(std::string& image, AttrNumber attribute, Datum value, bool is_null) const {
  image += is_null ? '\0' : '\1';
  if (!is_null) append_image(image, TupleDescAttr(RelationGetDescr(relation_), attribute - 1), value);
}

std::string QueryWriter::image_of(TupleTableSlot* slot, const std::vector<AttrNumber>& columns) const {
  std::string image;
  for (const AttrNumber attribute : columns)
    append_column(image, attribute, slot->tts_values[attribute - 1], slot->tts_isnull[attribute - 1]);
  return image;
}

namespace {

/// The rows as an array of the relation's row type, in the current memory context. Calls the server without a guard.
Datum array_of(std::span<TupleTableSlot* const> slots, Relation relation) {
  auto* const rows = static_cast<Datum*>(palloc(slots.size() * sizeof(Datum)));
  for (std::size_t i = 0; i < slots.size(); i++)
    rows[i] = HeapTupleGetDatum(heap_form_tuple(RelationGetDescr(relation), slots[i]->tts_values, slots[i]->tts_isnull));
  constexpr int kAnyLength = -1;
  return PointerGetDatum(
      construct_array(rows, static_cast<int>(slots.size()), relation->rd_rel->reltype, kAnyLength, false, TYPALIGN_DOUBLE));
}

}  // namespace

std::uint64_t QueryWriter::insert_many(std::span<TupleTableSlot* const> slots, const Columns& columns, OnConflict on_conflict) {
  images_.clear();
  MemoryContext const batch =
      call([] { return AllocSetContextCreate(CurrentMemoryContext, "pg_ferry rows", ALLOCSET_DEFAULT_SIZES); });
  Datum rows = call([=, this] { return in_context(batch, [=, this] { return array_of(slots, relation_); }); });
  const std::uint64_t count = run({columns, on_conflict, true}, &rows, nullptr);
  call(MemoryContextDelete, batch);
  return count;
}

void QueryWriter::tell_which_came(std::span<TupleTableSlot* const> slots, const std::vector<AttrNumber>& returned,
                                  std::vector<bool>& came) {
  came.assign(slots.size(), false);
  for (std::size_t i = 0; i < slots.size(); i++) {
    const auto found = images_.find(image_of(slots[i], returned));
    came[i] = found != images_.end() && found->second > 0;
    if (came[i]) found->second--;
  }
}

bool QueryWriter::insert_one(TupleTableSlot* slot, const Columns& columns, OnConflict on_conflict) {
  images_.clear();
  returned_.clear();
  returned_nulls_.clear();
  std::vector<Datum> values;
  std::string nulls;
  for (const AttrNumber attribute : columns.given) {
    values.push_back(slot->tts_values[attribute - 1]);
    nulls += slot->tts_isnull[attribute - 1] ? 'n' : ' ';
  }
  return run({columns, on_conflict, false}, values.data(), nulls.c_str()) > 0;
}

Datum QueryWriter::returned_value(const std::vector<AttrNumber>& returned, AttrNumber attribute, bool* is_null) const {
  const auto at = static_cast<std::size_t>(std::find(returned.begin(), returned.end(), attribute) - returned.begin());
  *is_null = at >= returned_.size() || returned_nulls_[at] != 0;
  return *is_null ? Datum{0} : returned_[at];
}

}  // namespace ferry::pg
