#include "pg/arguments.hpp"

#include <cmath>

#include "pg/server.hpp"

extern "C" {
#include "utils/array.h"
#include "utils/fmgrprotos.h"
#include "utils/json.h"
#include "utils/jsonb.h"
#include "utils/tuplestore.h"
}

namespace ferry::pg {
namespace {

struct ElementType {
  Oid oid;
  int length;
  bool by_value;
  char alignment;
};

/// The elements of an array. Errors: 22004 a null element.
std::vector<Datum> elements(Datum array, ElementType type, const char* name) {
  Datum* values = nullptr;
  bool* nulls = nullptr;
  int count = 0;
  call([&values, &nulls, &count, array, type] {
    deconstruct_array(DatumGetArrayTypeP(array), type.oid, type.length, type.by_value, type.alignment, &values, &nulls, &count);
  });
  for (int i = 0; i < count; i++)
    if (nulls[i]) throw Error("22004", concat("argument \"", name, "\" must not contain nulls"));
  return {values, values + count};
}

/// Calls the server without a guard.
Datum json_of_text(Datum datum) { return DirectFunctionCall1(json_in, CStringGetDatum(TextDatumGetCString(datum))); }

}  // namespace

std::string_view Arguments::json_view(int number, const char* name, Oid type) const {
  const Datum datum = required(number, name);
  if (type == JSONOID) return to_view(datum);
  if (type == JSONBOID)
    return call([datum] {
      Jsonb* const json = DatumGetJsonbP(datum);
      return const_cast<const char*>(JsonbToCString(nullptr, &json->root, VARSIZE(json)));
    });
  return to_view(call(json_of_text, datum));
}

std::string Arguments::to_string(Datum datum) { return std::string(to_view(datum)); }

std::string_view Arguments::to_view(Datum datum) {
  const varlena* const value = call([datum] { return PG_DETOAST_DATUM_PACKED(datum); });
  return {VARDATA_ANY(value), static_cast<std::size_t>(VARSIZE_ANY_EXHDR(value))};
}

std::optional<std::string> Arguments::optional_jsonb(int number) const {
  if (is_null(number)) return std::nullopt;
  return call([value = info_->args[number].value] {
    return const_cast<const char*>(DatumGetCString(DirectFunctionCall1(jsonb_out, value)));
  });
}

std::vector<std::string> Arguments::names(int number, const char* name) const {
  std::vector<std::string> result;
  if (is_null(number)) return result;
  for (const Datum value : elements(info_->args[number].value, {NAMEOID, NAMEDATALEN, false, TYPALIGN_CHAR}, name))
    result.emplace_back(NameStr(*DatumGetName(value)));
  return result;
}

std::vector<std::string> Arguments::texts(int number, const char* name) const {
  std::vector<std::string> result;
  for (const Datum value : elements(required(number, name), {TEXTOID, -1, false, TYPALIGN_INT}, name))
    result.push_back(to_string(value));
  return result;
}

std::vector<Oid> Arguments::oids(int number, const char* name) const {
  std::vector<Oid> result;
  for (const Datum value : elements(required(number, name), {REGCLASSOID, sizeof(Oid), true, TYPALIGN_INT}, name))
    result.push_back(DatumGetObjectId(value));
  return result;
}

Datum make_record(FunctionCallInfo call_info, const Datum* values, const bool* nulls) {
  return call([=] {
    TupleDesc description;
    if (get_call_result_type(call_info, nullptr, &description) != TYPEFUNC_COMPOSITE)
      elog(ERROR, "return type must be a row type");
    return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(description), const_cast<Datum*>(values), const_cast<bool*>(nulls)));
  });
}

ResultRows::ResultRows(FunctionCallInfo call_info) : info_(reinterpret_cast<ReturnSetInfo*>(call_info->resultinfo)) {
  // the caller has looked up the columns of the function already
  const bool is_known = info_ != nullptr && IsA(info_, ReturnSetInfo) && info_->expectedDesc != nullptr;
  call([=] { InitMaterializedSRF(call_info, is_known ? MAT_SRF_USE_EXPECTED_DESC : 0); });
}

void ResultRows::add(const Datum* values, const bool* nulls) {
  call([info = info_, values, nulls] {
    tuplestore_putvalues(info->setResult, info->setDesc, const_cast<Datum*>(values), const_cast<bool*>(nulls));
  });
}

Datum text_datum(const std::string& text) {
  const char* const data = text.data();
  const int size = static_cast<int>(text.size());
  return call([=] { return PointerGetDatum(cstring_to_text_with_len(data, size)); });
}

Datum milliseconds_datum(double milliseconds) { return Float8GetDatum(std::round(milliseconds * 1000) / 1000); }

}  // namespace ferry::pg
