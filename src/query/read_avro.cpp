// The SQL functions read_avro(path) and read_avro(row_type, path). They return a row a call: in FROM the server itself keeps the
// rows, in the target list they stream.

#include <algorithm>
#include <memory>

#include "base/concat.hpp"
#include "map/types/pg_type.hpp"
#include "pg/arguments.hpp"
#include "pg/guard.hpp"
#include "query/record_stream.hpp"

#include "pg/server.hpp"

extern "C" {
#include "utils/typcache.h"
}

namespace ferry::query {
namespace {

struct RowType {
  TupleDesc descriptor = nullptr;
  Oid type = InvalidOid;
  bool is_declared = false;  ///< by a column definition list
  bool is_domain = false;
};

RowType result_type(FunctionCallInfo call_info) {
  RowType row;
  Oid* const type = &row.type;
  TupleDesc* const descriptor = &row.descriptor;
  const TypeFuncClass kind = pg::call(get_call_result_type, call_info, type, descriptor);
  if (kind == TYPEFUNC_RECORD || kind == TYPEFUNC_OTHER)
    throw Error("42601", "a column definition list is needed to read rows of type \"record\"")
        .hint("Write FROM read_avro(path) AS t (column type, ...), or name a row type: read_avro(NULL::table, path).");
  row.is_declared = row.type == RECORDOID;
  row.is_domain = kind == TYPEFUNC_COMPOSITE_DOMAIN;
  if (kind == TYPEFUNC_SCALAR) row.descriptor = nullptr;
  return row;
}

std::vector<map::ReadColumn> columns_of(const RowType& row, std::vector<int>& attributes) {
  if (row.descriptor == nullptr) return {{"value", map::read_type(row.type, -1)}};
  std::vector<map::ReadColumn> columns;
  for (int i = 0; i < row.descriptor->natts; i++) {
    const FormData_pg_attribute& attribute = *TupleDescAttr(row.descriptor, i);
    if (attribute.attisdropped) continue;
    columns.push_back({NameStr(attribute.attname), map::read_type(attribute.atttypid, attribute.atttypmod)});
    attributes.push_back(i);
  }
  return columns;
}

/// A type that is no row type takes each record as one value.
map::Match match_of(const RowType& row) { return row.descriptor == nullptr ? map::Match::whole : map::Match::name; }

/// A column that a list declares is wanted; one of a row type may be younger than the file, and is null.
void check_all_read(const RowType& row, const std::vector<map::ReadColumn>& columns, const RecordStream& stream) {
  if (!row.is_declared) return;
  for (std::size_t i = 0; i < columns.size(); i++)
    if (!stream.is_read()[i])
      throw Error("42703", concat("column \"", columns[i].name, "\" does not exist in file \"", stream.file().path(), '"'))
          .detail(concat("The file has the columns (", map::stored_definition(stream.file().header().schema()), ")."));
}

/// One call of the function in a query, from its first row to its last. It lives in the memory context of the call.
class Scan {
 public:
  Scan(FunctionCallInfo call_info, const std::string& path)
      : row_(result_type(call_info)), columns_(columns_of(row_, attributes_)), stream_(path, columns_, match_of(row_)) {
    check_all_read(row_, columns_, stream_);
    const std::size_t count = row_.descriptor == nullptr ? 1 : static_cast<std::size_t>(row_.descriptor->natts);
    values_.resize(count);
    nulls_ = std::make_unique<bool[]>(count);
    column_values_.resize(columns_.size());
    column_nulls_ = std::make_unique<bool[]>(columns_.size());
    if (row_.descriptor != nullptr)
      row_.descriptor = pg::call([from = row_.descriptor] { return BlessTupleDesc(CreateTupleDescCopy(from)); });
  }

  /// The next row in the current memory context; false at the end.
  [[nodiscard]] bool next(Datum* row, bool* is_null) {
    std::fill_n(column_nulls_.get(), columns_.size(), true);
    if (!stream_.next(column_values_.data(), column_nulls_.get())) return false;
    *is_null = row_.descriptor == nullptr && column_nulls_[0];
    *row = row_.descriptor == nullptr ? column_values_[0] : make_row();
    return true;
  }

 private:
  Datum make_row() {
    std::fill_n(nulls_.get(), values_.size(), true);
    for (std::size_t i = 0; i < attributes_.size(); i++) {
      const auto at = static_cast<std::size_t>(attributes_[i]);
      values_[at] = column_values_[i];
      nulls_[at] = column_nulls_[i];
    }
    const Datum row =
        pg::call([this] { return HeapTupleGetDatum(heap_form_tuple(row_.descriptor, values_.data(), nulls_.get())); });
    if (row_.is_domain) pg::call(domain_check, row, false, row_.type, &domain_state_, memory_);
    return row;
  }

  RowType row_;
  std::vector<int> attributes_;  ///< of the columns
  std::vector<map::ReadColumn> columns_;
  RecordStream stream_;
  std::vector<Datum> column_values_, values_;
  std::unique_ptr<bool[]> column_nulls_, nulls_;
  void* domain_state_ = nullptr;
  MemoryContext memory_ = CurrentMemoryContext;
};

void destroy_scan(void* scan) { std::unique_ptr<Scan>(static_cast<Scan*>(scan)); }

/// Opens the file in the memory context of the call, with which the scan goes: at its end, after an error, and where a query
/// wants no more rows.
void first_call(FunctionCallInfo call_info, int path_argument) {
  const std::string path = pg::Arguments(call_info).text(path_argument, "path");
  FuncCallContext* const context = pg::call(init_MultiFuncCall, call_info);
  MemoryContext const caller = pg::call(MemoryContextSwitchTo, context->multi_call_memory_ctx);
  auto* const callback = static_cast<MemoryContextCallback*>(pg::call(palloc0, sizeof(MemoryContextCallback)));
  auto scan = std::make_unique<Scan>(call_info, path);
  context->user_fctx = scan.get();
  callback->func = destroy_scan;
  callback->arg = scan.release();
  MemoryContextRegisterResetCallback(context->multi_call_memory_ctx, callback);
  MemoryContextSwitchTo(caller);
}

Datum read_avro(FunctionCallInfo call_info, int path_argument) {
  if (call_info->flinfo->fn_extra == nullptr) first_call(call_info, path_argument);
  FuncCallContext* const context = pg::call(per_MultiFuncCall, call_info);
  auto* const scan = static_cast<Scan*>(context->user_fctx);
  auto* const info = reinterpret_cast<ReturnSetInfo*>(call_info->resultinfo);
  Datum row{0};
  call_info->isnull = false;
  if (scan->next(&row, &call_info->isnull)) {
    info->isDone = ExprMultipleResult;
    context->call_cntr++;
    return row;
  }
  pg::call(end_MultiFuncCall, call_info, context);
  info->isDone = ExprEndResult;
  call_info->isnull = true;
  return Datum{0};
}

}  // namespace
}  // namespace ferry::query

FERRY_SQL_FUNCTION(ferry_read_avro) {
  return ferry::pg::boundary([&] { return ferry::query::read_avro(fcinfo, 0); });
}

FERRY_SQL_FUNCTION(ferry_read_avro_as) {
  return ferry::pg::boundary([&] { return ferry::query::read_avro(fcinfo, 1); });
}
