#include "pg/table/row_slot.hpp"

#include <cstdint>
#include <cstring>
#include <utility>

#include "base/copy_few.hpp"
#include "pg/table/alignment.hpp"

extern "C" {
#include "access/htup_details.h"
#include "access/tupmacs.h"
}

namespace ferry::pg {

namespace {

struct ColumnLayout {
  std::int16_t length;  ///< in bytes; -1 of a varlena
  std::uint8_t alignment_mask;
  bool by_value;
  bool is_packable;  ///< a varlena whose head may shrink to a byte
};

}  // namespace

struct RowLayout {
  bool is_common;  ///< there is no cstring
  ColumnLayout columns[FLEXIBLE_ARRAY_MEMBER];
};

namespace {

struct RowSlot {
  VirtualTupleTableSlot base;
  HeapTuple row;  ///< null where it is not formed
  const RowLayout* layout;
};

RowSlot* row_slot(TupleTableSlot* slot) { return reinterpret_cast<RowSlot*>(slot); }

const char* pointer(Datum value) { return reinterpret_cast<const char*>(DatumGetPointer(value)); }

/// What a row needs before it is formed.
struct Bound {
  Size size_bytes = 0;  ///< of the values, at most
  bool has_null = false;
  bool has_other = false;  ///< a value is out of line, or an object that the server keeps apart
};

Bound bound_of(const ColumnLayout* layout, int count, const Datum* values, const bool* nulls) {
  Bound bound;
  for (int i = 0; i < count; i++) {
    if (nulls[i]) {
      bound.has_null = true;
      continue;
    }
    bound.size_bytes += layout[i].alignment_mask;
    if (layout[i].length > 0) {
      bound.size_bytes += static_cast<Size>(layout[i].length);
    } else {
      const char* const value = pointer(values[i]);
      bound.has_other = bound.has_other || VARATT_IS_EXTERNAL(value);
      bound.size_bytes += VARSIZE_ANY(value);
    }
  }
  return bound;
}

char* align(char* out, std::uint8_t mask) {
  while ((reinterpret_cast<std::uintptr_t>(out) & mask) != 0) *out++ = 0;
  return out;
}

char* put_varlena(char* out, const ColumnLayout& column, const char* value) {
  if (column.is_packable && !VARATT_IS_SHORT(value) && VARATT_CAN_MAKE_SHORT(value)) {
    const Size size_bytes = VARATT_CONVERTED_SHORT_SIZE(value);
    SET_VARSIZE_SHORT(out, size_bytes);
    copy_few(out + VARHDRSZ_SHORT, VARDATA(value), size_bytes - VARHDRSZ_SHORT);
    return out + size_bytes;
  }
  if (!VARATT_IS_SHORT(value)) out = align(out, column.alignment_mask);
  copy_few(out, value, VARSIZE_ANY(value));
  return out + VARSIZE_ANY(value);
}

char* put_value(char* out, const ColumnLayout& column, Datum value) {
  out = align(out, column.alignment_mask);
  if (column.by_value)
    store_att_byval(out, value, column.length);
  else
    copy_few(out, DatumGetPointer(value), static_cast<Size>(column.length));
  return out + column.length;
}

/// Memory for rows, of the current context, a piece for many.
class Room {
 public:
  void* take(Size size_bytes) {
    size_bytes = MAXALIGN(size_bytes);
    if (size_bytes > left_) {
      if (size_bytes > kPieceBytes / 8) return palloc(size_bytes);
      next_ = static_cast<char*>(palloc(kPieceBytes));
      left_ = kPieceBytes;
    }
    left_ -= size_bytes;
    return std::exchange(next_, next_ + size_bytes);
  }

 private:
  static constexpr Size kPieceBytes = 8000;
  char* next_ = nullptr;
  Size left_ = 0;
};

/// As heap_form_tuple(), in one pass, of values of which none is elsewhere. Source: its own, and what it calls.
HeapTuple form(const ColumnLayout* layout, TupleDesc descriptor, const Datum* values, const bool* nulls, const Bound& bound,
               Room& room) {
  const int count = descriptor->natts;
  const Size head_bytes = MAXALIGN(SizeofHeapTupleHeader + (bound.has_null ? BITMAPLEN(count) : 0));
  auto* const tuple = static_cast<HeapTuple>(room.take(HEAPTUPLESIZE + head_bytes + bound.size_bytes));
  auto* const row = reinterpret_cast<HeapTupleHeader>(reinterpret_cast<char*>(tuple) + HEAPTUPLESIZE);
  std::memset(row, 0, head_bytes);
  char* out = reinterpret_cast<char*>(row) + head_bytes;
  bool has_varlena = false;
  for (int i = 0; i < count; i++) {
    if (nulls[i]) continue;
    if (bound.has_null) row->t_bits[i / 8] |= static_cast<std::uint8_t>(1 << i % 8);
    has_varlena = has_varlena || layout[i].length == -1;
    out = layout[i].length == -1 ? put_varlena(out, layout[i], pointer(values[i])) : put_value(out, layout[i], values[i]);
  }
  row->t_infomask = static_cast<uint16>((bound.has_null ? HEAP_HASNULL : 0) | (has_varlena ? HEAP_HASVARWIDTH : 0));
  HeapTupleHeaderSetNatts(row, count);
  row->t_hoff = static_cast<uint8>(head_bytes);
  ItemPointerSetInvalid(&row->t_ctid);
  tuple->t_data = row;
  tuple->t_len = static_cast<uint32>(out - reinterpret_cast<char*>(row));
  tuple->t_tableOid = InvalidOid;
  ItemPointerSetInvalid(&tuple->t_self);
  return tuple;
}

void form_row(TupleTableSlot* slot, Room& room) {
  TupleDesc const descriptor = slot->tts_tupleDescriptor;
  const RowLayout& layout = *row_slot(slot)->layout;
  Bound bound{.has_other = true};
  if (layout.is_common) bound = bound_of(layout.columns, descriptor->natts, slot->tts_values, slot->tts_isnull);
  if (!bound.has_other) {
    row_slot(slot)->row = form(layout.columns, descriptor, slot->tts_values, slot->tts_isnull, bound, room);
    return;
  }
  // what an expression may change in place, of an index for one, is made a plain value before
  TTSOpsVirtual.materialize(slot);
  row_slot(slot)->row = heap_form_tuple(descriptor, slot->tts_values, slot->tts_isnull);
}

void clear(TupleTableSlot* slot) {
  row_slot(slot)->row = nullptr;
  TTSOpsVirtual.clear(slot);
}

/// The values of a row that was formed need no copy: they stay where they are until it is written.
void materialize(TupleTableSlot* slot) {
  if (row_slot(slot)->row == nullptr) TTSOpsVirtual.materialize(slot);
}

HeapTuple get_heap_tuple(TupleTableSlot* slot) {
  if (row_slot(slot)->row == nullptr) elog(ERROR, "row was not formed");
  return row_slot(slot)->row;
}

void copy_slot(TupleTableSlot* slot, TupleTableSlot* source) {
  row_slot(slot)->row = nullptr;
  TTSOpsVirtual.copyslot(slot, source);
}

const TupleTableSlotOps* row_slot_ops() {
  static const TupleTableSlotOps ops = [] {
    TupleTableSlotOps made = TTSOpsVirtual;
    made.base_slot_size = sizeof(RowSlot);
    made.clear = clear;
    made.materialize = materialize;
    made.get_heap_tuple = get_heap_tuple;
    made.copyslot = copy_slot;
    return made;
  }();
  return &ops;
}

}  // namespace

const RowLayout* make_row_layout(TupleDesc descriptor) {
  auto* const layout = static_cast<RowLayout*>(palloc(offsetof(RowLayout, columns) + descriptor->natts * sizeof(ColumnLayout)));
  layout->is_common = true;
  for (int i = 0; i < descriptor->natts; i++) {
    const FormData_pg_attribute& column = *TupleDescAttr(descriptor, i);
    layout->is_common = layout->is_common && column.attlen != -2;
    const auto mask = static_cast<std::uint8_t>(alignment_bytes(column.attalign) - 1);
    layout->columns[i] = {column.attlen, mask, column.attbyval, column.attstorage != TYPSTORAGE_PLAIN};
  }
  return layout;
}

TupleTableSlot* make_row_slot(TupleDesc descriptor, const RowLayout* layout) {
  TupleTableSlot* const slot = MakeSingleTupleTableSlot(descriptor, row_slot_ops());
  row_slot(slot)->layout = layout;
  return slot;
}

bool is_row_slot(const TupleTableSlot* slot) { return slot->tts_ops == row_slot_ops(); }

void form_rows(std::span<TupleTableSlot* const> slots) {
  Room room;
  for (TupleTableSlot* slot : slots) form_row(slot, room);
}

}  // namespace ferry::pg
