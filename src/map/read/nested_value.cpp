// Values that are made of others: arrays, composites, ranges, intervals, hstore.

#include <algorithm>
#include <cstring>

#include "avro/value_text.hpp"
#include "map/read/fitted_value.hpp"
#include "map/read/server_text.hpp"
#include "map/read/value_reader.hpp"
#include "pg/compat.hpp"

extern "C" {
#include "utils/array.h"
#include "utils/date.h"
#include "utils/multirangetypes.h"
#include "utils/rangetypes.h"
#include "utils/timestamp.h"
}

namespace ferry::map {
namespace {

/// Items as they come, in the memory context of its making.
struct ItemList {
  Datum* values = nullptr;
  bool* nulls = nullptr;
  int count = 0, capacity = 0;

  void add(Datum value, bool is_null) {
    if (count == capacity) grow();
    values[count] = value;
    nulls[count++] = is_null;
  }

  void grow() {
    constexpr int kLimit = static_cast<int>(MaxArraySize);
    if (count >= kLimit) throw Error("54000", concat("array has more than ", kLimit, " items"));
    capacity = capacity == 0 ? 16 : std::min(2 * capacity, kLimit);
    const auto room = static_cast<Size>(capacity);
    if (values == nullptr) {
      values = static_cast<Datum*>(palloc(sizeof(Datum) * room));
      nulls = static_cast<bool*>(palloc(room));
    } else {
      values = static_cast<Datum*>(repalloc(values, sizeof(Datum) * room));
      nulls = static_cast<bool*>(repalloc(nulls, room));
    }
  }
};

/// An array of a domain has the domain as its element's type.
Oid element_type(const ReadNode& node) {
  const PgType& element = node.type->parts[0];
  return OidIsValid(element.domain) ? element.domain : element.oid;
}

Datum make_array(const ReadNode& node, const ItemList& items, int dimensions, const int* lengths, const int* lower_bounds) {
  const PgType& element = node.type->parts[0];
  // checks the product of the lengths, and the bounds
  if (ArrayGetNItems(dimensions, lengths) != items.count)
    throw Error("22P04", concat("array has ", items.count, " items, which is not what its dimensions say"));
  ArrayCheckBounds(dimensions, lengths, lower_bounds);
  if (items.count == 0) return PointerGetDatum(construct_empty_array(element_type(node)));
  return PointerGetDatum(construct_md_array(items.values, items.nulls, dimensions, const_cast<int*>(lengths),
                                            const_cast<int*>(lower_bounds), element_type(node), element.length, element.by_value,
                                            element.alignment));
}

[[noreturn]] void fail_ragged(const ReadNode& node) {
  throw Error("22P04", concat("array is not rectangular, as type ", node.type->name, " needs it"));
}

/// Reads the arrays of one array value, dimension by dimension.
class ArrayRead {
 public:
  ArrayRead(ValueReader& reader, ReadNode& node, avro::Decoder& decoder) : reader_(reader), node_(node), decoder_(decoder) {
    std::fill(std::begin(lengths_), std::end(lengths_), -1);
  }

  Datum run() {
    read(*node_.schema, 0);
    int lower_bounds[MAXDIM];
    std::fill(std::begin(lower_bounds), std::end(lower_bounds), 1);
    for (int& length : lengths_) length = std::max(length, 0);
    return make_array(node_, items_, node_.dimensions, lengths_, lower_bounds);
  }

 private:
  void read(const avro::Schema& array, int dimension) {
    int count = 0;
    for (avro::ItemBlock block = decoder_.item_block(array); block.count != 0; block = decoder_.item_block(array)) {
      if (block.count > MaxArraySize || count > static_cast<int>(MaxArraySize - block.count))
        throw Error("54000", concat("array has more than ", static_cast<int>(MaxArraySize), " items"));
      for (std::size_t i = 0; i < block.count; i++) {
        decoder_.check_interrupts();
        read_item(array, dimension);
      }
      count += static_cast<int>(block.count);
    }
    if (lengths_[dimension] >= 0 && lengths_[dimension] != count) fail_ragged(node_);
    lengths_[dimension] = count;
  }

  void read_item(const avro::Schema& array, int dimension) {
    if (dimension + 1 == node_.dimensions) {
      bool is_null;
      const Datum value = reader_.read(node_.parts[0], decoder_, &is_null);
      return items_.add(value, is_null);
    }
    const avro::Schema* inner = array.items;
    if (inner->type == avro::Type::union_) inner = inner->branches[decoder_.index(inner->branches.size())];
    if (inner->type == avro::Type::null_) fail_ragged(node_);
    read(*inner, dimension + 1);
  }

  ValueReader& reader_;
  ReadNode& node_;
  avro::Decoder& decoder_;
  ItemList items_;
  int lengths_[MAXDIM];
};
static_assert(std::is_trivially_destructible_v<ArrayRead>);

/// A short array of int. Errors: 22P04 more items than an array has dimensions.
int read_ints(avro::Decoder& decoder, const avro::Schema& array, int (&out)[MAXDIM]) {
  int count = 0;
  for (avro::ItemBlock block = decoder.item_block(array); block.count != 0; block = decoder.item_block(array))
    for (std::size_t i = 0; i < block.count; i++) {
      if (count == MAXDIM) throw Error("22P04", concat("array has more than ", MAXDIM, " dimensions"));
      out[count++] = decoder.int_();
    }
  return count;
}

Datum read_interval(const ReadNode& node, avro::Decoder& decoder) {
  auto* const interval = static_cast<Interval*>(palloc(sizeof(Interval)));
  interval->month = decoder.int_();
  interval->day = decoder.int_();
  interval->time = decoder.long_();
  return fitted_time(node, IntervalPGetDatum(interval));
}

Datum read_timetz(const ReadNode& node, avro::Decoder& decoder) {
  auto* const time = static_cast<TimeTzADT*>(palloc(sizeof(TimeTzADT)));
  time->time = decoder.long_();
  time->zone = decoder.int_();
  const bool is_zone = time->zone > -TZDISP_LIMIT && time->zone < TZDISP_LIMIT;
  if (time->time < 0 || time->time > USECS_PER_DAY || !is_zone) fail_range(node, "22008");
  return fitted_time(node, TimeTzADTPGetDatum(time));
}

/// Appends text as hstore's input function takes it between quotes.
void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  out += '"';
}

/// The schema that a value of that schema has: the branch of a union.
const avro::Schema& actual_schema(const avro::Schema& schema, avro::Decoder& decoder) {
  return schema.type == avro::Type::union_ ? *schema.branches[decoder.index(schema.branches.size())] : schema;
}

void append_hstore_value(std::string& out, std::string& scratch, const avro::Schema& schema, avro::Decoder& decoder) {
  out += "=>";
  const avro::Schema& actual = actual_schema(schema, decoder);
  if (actual.type == avro::Type::null_) {
    out += "NULL, ";
    return;
  }
  scratch.clear();
  avro::append_text(scratch, decoder, actual);
  append_quoted(out, scratch);
  out += ", ";
  if (out.size() > avro::kMaxValueTextBytes) fail_length(out.size());
}

}  // namespace

Datum ValueReader::read_nested(ReadNode& node, avro::Decoder& decoder) {
  switch (node.op) {
    case ReadOp::array:
      return ArrayRead(*this, node, decoder).run();
    case ReadOp::odd_array:
      return read_odd_array(node, decoder);
    case ReadOp::composite:
      return read_composite(node, decoder);
    case ReadOp::interval:
      return read_interval(node, decoder);
    case ReadOp::timetz:
      return read_timetz(node, decoder);
    case ReadOp::range:
      return read_range(node, decoder);
    case ReadOp::multirange:
      return read_multirange(node, decoder);
    case ReadOp::hstore:
      return read_hstore(node, decoder);
    default:
      throw Error("XX000", concat("unexpected kind of value: ", static_cast<int>(node.op)));
  }
}

Datum ValueReader::read_odd_array(ReadNode& node, avro::Decoder& decoder) {
  int lengths[MAXDIM], lower_bounds[MAXDIM];
  const std::vector<avro::Field>& fields = node.schema->fields;
  const int dimensions = read_ints(decoder, *fields[0].schema, lengths);
  if (read_ints(decoder, *fields[1].schema, lower_bounds) != dimensions)
    throw Error("22P04", "array has not as many lower bounds as dimensions");
  ItemList items;
  const avro::Schema& array = *fields[2].schema;
  for (avro::ItemBlock block = decoder.item_block(array); block.count != 0; block = decoder.item_block(array))
    for (std::size_t i = 0; i < block.count; i++) {
      decoder.check_interrupts();
      bool is_null;
      const Datum value = read(node.parts[0], decoder, &is_null);
      items.add(value, is_null);
    }
  return make_array(node, items, dimensions, lengths, lower_bounds);
}

Datum ValueReader::read_composite(ReadNode& node, avro::Decoder& decoder) {
  const auto count = static_cast<std::size_t>(node.descriptor->natts);
  auto* const values = static_cast<Datum*>(palloc0(sizeof(Datum) * std::max(count, std::size_t{1})));
  auto* const nulls = static_cast<bool*>(palloc(std::max(count, std::size_t{1})));
  std::fill_n(nulls, count, true);
  for (std::size_t i = 0; i < node.parts.size(); i++) {
    const int attribute = node.attributes[i];
    if (attribute < 0)
      decoder.skip(*node.schema->fields[i].schema);
    else
      values[attribute] = read(node.parts[i], decoder, &nulls[attribute]);
  }
  return HeapTupleGetDatum(heap_form_tuple(node.descriptor, values, nulls));
}

Datum ValueReader::read_range(ReadNode& node, avro::Decoder& decoder) {
  RangeBound bounds[2]{};
  bool nulls[2];
  for (int i = 0; i < 2; i++) bounds[i].val = read(node.parts[static_cast<std::size_t>(i)], decoder, &nulls[i]);
  const std::int32_t flags = decoder.int_();
  constexpr std::int32_t kKnown = RANGE_EMPTY | RANGE_LB_INC | RANGE_UB_INC | RANGE_LB_INF | RANGE_UB_INF;
  if ((flags & ~kKnown) != 0) throw Error("22P04", concat("range has flags ", flags));
  const bool is_empty = (flags & RANGE_EMPTY) != 0;
  bounds[0].infinite = (flags & RANGE_LB_INF) != 0;
  bounds[1].infinite = (flags & RANGE_UB_INF) != 0;
  bounds[0].inclusive = (flags & RANGE_LB_INC) != 0;
  bounds[1].inclusive = (flags & RANGE_UB_INC) != 0;
  bounds[0].lower = true;
  for (int i = 0; i < 2; i++)
    if (!is_empty && !bounds[i].infinite && nulls[i]) throw Error("22P04", "range has no bound and does not say so");
  return RangeTypePGetDatum(pg::compat::make_range(node.range, &bounds[0], &bounds[1], is_empty));
}

Datum ValueReader::read_multirange(ReadNode& node, avro::Decoder& decoder) {
  ItemList items;
  const avro::Schema& array = *node.schema;
  for (avro::ItemBlock block = decoder.item_block(array); block.count != 0; block = decoder.item_block(array))
    for (std::size_t i = 0; i < block.count; i++) {
      decoder.check_interrupts();
      bool is_null;
      const Datum value = read(node.parts[0], decoder, &is_null);
      if (is_null) throw Error("22004", concat("null is no range of type ", node.type->name));
      items.add(value, false);
    }
  auto** const ranges = static_cast<RangeType**>(palloc(sizeof(RangeType*) * static_cast<Size>(std::max(items.count, 1))));
  for (int i = 0; i < items.count; i++) ranges[i] = DatumGetRangeTypeP(items.values[i]);
  return MultirangeTypePGetDatum(make_multirange(node.type->oid, node.range, items.count, ranges));
}

Datum ValueReader::read_hstore(ReadNode& node, avro::Decoder& decoder) {
  text_.clear();
  if (node.wire == avro::Type::record) {
    for (const avro::Field& field : node.schema->fields) {
      append_quoted(text_, field.name);
      append_hstore_value(text_, item_, *field.schema, decoder);
    }
  } else {
    const avro::Schema& map = *node.schema;
    for (avro::ItemBlock block = decoder.item_block(map); block.count != 0; block = decoder.item_block(map))
      for (std::size_t i = 0; i < block.count; i++) {
        decoder.check_interrupts();
        append_quoted(text_, decoder.string());
        append_hstore_value(text_, item_, *map.items, decoder);
      }
  }
  if (!text_.empty()) text_.resize(text_.size() - 2);
  return input_value(node, server_text(text_));
}

}  // namespace ferry::map
