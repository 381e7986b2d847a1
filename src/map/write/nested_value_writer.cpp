#include <cstring>

#include "base/concat.hpp"
#include "base/error.hpp"
#include "map/write/value_writer.hpp"

extern "C" {
#include "access/htup_details.h"
#include "access/tupmacs.h"
#include "tsearch/ts_type.h"
#include "utils/array.h"
#include "utils/datum.h"
#include "utils/fmgrprotos.h"
#include "utils/multirangetypes.h"
#include "utils/rangetypes.h"
}

// Values that hold values: arrays, composites, ranges, maps, and those that are written in two forms.
namespace ferry::map {
namespace {

/// The elements of an array, one after the other.
class Elements {
 public:
  Elements(ArrayType* array, const ValueNode& element)
      : element_(element), at_(ARR_DATA_PTR(array)), nulls_(ARR_NULLBITMAP(array)) {}

  /// The next element; false where it is null.
  bool next(Datum* value) {
    const int index = index_++;
    if (nulls_ != nullptr && (nulls_[index / 8] & (1 << (index % 8))) == 0) return false;
    *value = fetch_att(at_, element_.by_value, element_.length);
    const std::uintptr_t end = att_addlength_pointer(reinterpret_cast<std::uintptr_t>(at_), element_.length, at_);
    at_ = reinterpret_cast<char*>(att_align_nominal(end, element_.alignment));
    return true;
  }

 private:
  const ValueNode& element_;
  char* at_;
  const std::uint8_t* nulls_;
  int index_ = 0;
};

/// A pair of the text that hstore_out() makes: "key"=>"value" or "key"=>NULL, with a backslash before quotes and backslashes.
struct Pair {
  char *key, *value;
  std::size_t key_bytes, value_bytes;
  bool has_value;
};

/// Takes a quoted string off the text and its backslashes away. Returns what follows.
char* take_quoted(char* at, char** text, std::size_t* size_bytes) {
  char* out = *text = ++at;
  for (; *at != '"'; *out++ = *at++)
    if (*at == '\\') at++;
  *size_bytes = static_cast<std::size_t>(out - *text);
  return at + 1;
}

char* take_pair(char* at, Pair* pair) {
  constexpr std::size_t kArrow = 2, kNull = 4;
  at = take_quoted(at, &pair->key, &pair->key_bytes) + kArrow;
  pair->has_value = *at == '"';
  at = pair->has_value ? take_quoted(at, &pair->value, &pair->value_bytes) : at + kNull;
  if (*at == ',') at += 2;
  return at;
}

int count_pairs(const char* text) {
  int count = 0;
  bool is_quoted = false;
  for (; *text != '\0'; text++) {
    if (*text == '\\')
      text++;
    else if (*text == '"')
      is_quoted = !is_quoted;
    else if (*text == '=' && !is_quoted)
      count++;
  }
  return count;
}

[[noreturn]] void fail_array(const ValueNode& node, const std::string& what) {
  throw Error("2202E", concat("array of type ", node.type_name, " with ", what, " has no form in profile interop"))
      .hint("Profile lossless has one.");
}

}  // namespace

// ---- arrays

/// One dimension of an array, and what is in it. elements: an Elements, at the first of the dimension.
template <class E>
void ValueWriter::put_dimension(const ValueNode& element, const int* dims, int count, E& elements) {
  put_long(dims[0]);
  for (int i = 0; i < dims[0]; i++) {
    Datum value;
    if (count > 1)
      put_dimension(element, dims + 1, count - 1, elements);
    else if (elements.next(&value))
      put(element, value);
    else
      put_null();
  }
  put_long(0);
}

void ValueWriter::put_array(const ValueNode& node, Datum value) {
  ArrayType* const array = DatumGetArrayTypeP(value);
  const int count = ARR_NDIM(array);
  if (count != 0 && count != node.dimensions)
    fail_array(node, concat(count, count == 1 ? " dimension where " : " dimensions where ", node.dimensions,
                            node.dimensions == 1 ? " is declared" : " are declared"));
  for (int i = 0; i < count; i++)
    if (ARR_LBOUND(array)[i] != 1) fail_array(node, concat("lower bound ", ARR_LBOUND(array)[i]));
  reserve(1);
  put_branch(node);
  if (count == 0) return put_long(0);
  Elements elements(array, node.parts[0]);
  put_dimension(node.parts[0], ARR_DIMS(array), count, elements);
}

void ValueWriter::put_plain_array(const ValueNode& node, Datum value) {
  ArrayType* const array = DatumGetArrayTypeP(value);
  const int count = ARR_NDIM(array);
  reserve(1);
  if (count == 0) {
    put_branch(node);
    return put_long(0);
  }
  Elements elements(array, node.parts[0]);
  if (count == 1 && ARR_LBOUND(array)[0] == 1) {
    put_branch(node);
    return put_dimension(node.parts[0], ARR_DIMS(array), 1, elements);
  }
  put_other_branch(node);
  for (const int* numbers : {ARR_DIMS(array), ARR_LBOUND(array)}) {
    put_long(count);
    for (int i = 0; i < count; i++) put_long(numbers[i]);
    put_long(0);
  }
  const int total = ArrayGetNItems(count, ARR_DIMS(array));
  put_dimension(node.parts[0], &total, 1, elements);
}

// ---- composites

void ValueWriter::put_record(const ValueNode& node, Datum value) {
  HeapTupleHeader const header = DatumGetHeapTupleHeader(value);
  HeapTupleData tuple{};
  tuple.t_len = HeapTupleHeaderGetDatumLength(header);
  ItemPointerSetInvalid(&tuple.t_self);
  tuple.t_data = header;
  heap_deform_tuple(&tuple, node.row, node.values, node.nulls);
  reserve(1);
  put_branch(node);
  for (std::size_t i = 0; i < node.parts.size(); i++) {
    const int attribute = node.attributes[i];
    if (node.nulls[attribute])
      put_null();
    else
      put(node.parts[i], node.values[attribute]);
  }
}

// ---- ranges

void ValueWriter::put_range(const ValueNode& node, const RangeType* range) {
  constexpr int kFlags = RANGE_EMPTY | RANGE_LB_INC | RANGE_UB_INC | RANGE_LB_INF | RANGE_UB_INF;
  RangeBound bounds[2];
  bool is_empty;
  range_deserialize(node.range, range, &bounds[0], &bounds[1], &is_empty);
  reserve(1);
  put_branch(node);
  for (const RangeBound& bound : bounds) {
    if (is_empty || bound.infinite)
      put_null();
    else
      put(node.parts[0], bound.val);
  }
  put_long(range_get_flags(range) & kFlags);
}

void ValueWriter::put_multirange(const ValueNode& node, Datum value) {
  std::int32_t count;
  RangeType** ranges;
  multirange_deserialize(node.range, DatumGetMultirangeTypeP(value), &count, &ranges);
  reserve(1);
  put_branch(node);
  if (count > 0) put_long(count);
  for (int i = 0; i < count; i++) put_range(node.parts[0], ranges[i]);
  put_long(0);
}

// ---- hstore

void ValueWriter::put_map(const ValueNode& node, char* text) {
  const std::size_t size_bytes = std::strlen(text);
  reserve(1);
  if (node.other == Other::bytes && !is_valid_utf8(text, size_bytes)) {
    put_other_branch(node);
    return put_bytes(text, size_bytes);
  }
  put_branch(node);
  if (const int count = count_pairs(text); count > 0) put_long(count);
  while (*text != '\0') {
    Pair pair;
    text = take_pair(text, &pair);
    put_utf8(pair.key, pair.key_bytes);
    put_long(pair.has_value ? 1 : 0);
    if (pair.has_value) put_utf8(pair.value, pair.value_bytes);
  }
  put_long(0);
}

// ---- texts that are not all of a value

namespace {

/// Whether the text of a tsquery gives it back with the same bytes. Most do; the binary form has another order of words. That of
/// an empty one does, and is not asked, for it raises a NOTICE.
bool comes_back(const char* text, Datum value) {
  if (DatumGetTSQuery(value)->size == 0) return true;
  return datum_image_eq(DirectFunctionCall1(tsqueryin, CStringGetDatum(text)), value, false, -1);
}

}  // namespace

void ValueWriter::put_twofold(const ValueNode& node, Datum value) {
  const char* const text = OutputFunctionCall(node.function, value);
  const std::size_t size_bytes = std::strlen(text);
  if (node.other == Other::bytes && !is_valid_utf8(text, size_bytes)) return put_text(node, text, size_bytes);
  reserve(1);
  put_branch(node);
  put_utf8(text, size_bytes);
  if (node.send != nullptr) {
    if (comes_back(text, value)) return put_bytes("", 0);
    const bytea* const bytes = SendFunctionCall(node.send, value);
    return put_bytes(VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes));
  }
  alignas(Datum) char image[sizeof(Datum)];
  if (node.by_value) store_att_byval(image, value, node.length);
  put_bytes(node.by_value ? image : static_cast<const char*>(DatumGetPointer(value)), static_cast<std::size_t>(node.length));
}

}  // namespace ferry::map
