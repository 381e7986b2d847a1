#include "pg/arguments.hpp"

#include "pg/server.hpp"

extern "C" {
#include "utils/array.h"
#include "utils/tuplestore.h"
}

namespace ferry::pg {

std::string Arguments::to_string(Datum datum) { return std::string(to_view(datum)); }

std::string_view Arguments::to_view(Datum datum) {
  const varlena* const value = call([datum] { return PG_DETOAST_DATUM_PACKED(datum); });
  return {VARDATA_ANY(value), static_cast<std::size_t>(VARSIZE_ANY_EXHDR(value))};
}

std::vector<std::string> Arguments::names(int place, const char* name) const {
  std::vector<std::string> result;
  if (is_null(place)) return result;
  Datum* values = nullptr;
  bool* nulls = nullptr;
  int count = 0;
  const Datum argument = info_->args[place].value;
  call([&values, &nulls, &count, argument] {
    deconstruct_array(DatumGetArrayTypeP(argument), NAMEOID, NAMEDATALEN, false, TYPALIGN_CHAR, &values, &nulls, &count);
  });
  for (int i = 0; i < count; i++) {
    if (nulls[i]) throw Error("22004", concat("argument \"", name, "\" must not contain nulls"));
    result.emplace_back(NameStr(*DatumGetName(values[i])));
  }
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

}  // namespace ferry::pg
