#include "map/write/row_writer.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/concat.hpp"
#include "base/error.hpp"
#include "pg/guard.hpp"

#include "pg/server.hpp"

namespace ferry::map {

RowWriter::RowWriter(const Table& table, Profile profile) : table_(table), settings_(profile) {
  for (const Column& column : table_.columns) {
    steps_.push_back({column.attribute - 1, column.is_nullable, make_node(column.type, profile, column.is_nullable)});
    const ValueNode& node = steps_.back().node;
    fixed_bytes_ += 1 + fixed_bytes(node.form);
    needs_settings_ = needs_settings_ || node.needs_settings;
    attribute_count_ = std::max<int>(attribute_count_, column.attribute);
  }
  row_context_ = pg::call([] { return AllocSetContextCreate(CurrentMemoryContext, "pg_ferry row", ALLOCSET_DEFAULT_SIZES); });
}

void RowWriter::begin_batch() {
  if (needs_settings_) settings_.enter();
  is_in_batch_ = true;
}

void RowWriter::end_batch() {
  if (needs_settings_) settings_.leave();
  is_in_batch_ = false;
}

/// Everything about a row but its values.
template <class F>
void RowWriter::append_row(F&& put_values) {
  MemoryContextReset(row_context_);
  MemoryContext const caller = MemoryContextSwitchTo(row_context_);
  const bool needs_own_settings = needs_settings_ && !is_in_batch_;
  if (needs_own_settings) settings_.enter();
  values_.begin_row(fixed_bytes_);
  try {
    put_values();
  } catch (Error& error) {
    if (const Column* const column = current_column(); column != nullptr)
      std::ignore = std::move(error).table(table_.name).column(column->name);
    throw;
  }
  if (needs_own_settings) settings_.leave();
  MemoryContextSwitchTo(caller);
  row_count_++;
}

void RowWriter::append(TupleTableSlot* slot) {
  slot_getsomeattrs(slot, attribute_count_);
  append_row([&] { append_values(slot->tts_values, slot->tts_isnull); });
}

void RowWriter::append_values(const Datum* values, const bool* nulls) {
  const Column* column = table_.columns.data();
  for (const Step& step : steps_) {
    current_ = column++;
    if (!nulls[step.at])
      values_.put_in_row(step.node, values[step.at]);
    else if (step.is_nullable)
      values_.put_null_in_row();
    else
      fail_null(*current_);
  }
  current_ = nullptr;
}

void RowWriter::fail_null(const Column& column) const {
  throw Error("XX000", concat("null in column \"", column.name, "\", which is NOT NULL"));
}

bool RowWriter::take_stored_rows(TupleDesc descriptor) {
  descriptor_ = descriptor;
  stored_.clear();
  for (std::size_t i = 0; i < steps_.size(); i++) {
    const int attribute = steps_[i].at + 1;
    if (static_cast<int>(stored_.size()) >= attribute) return false;
    while (static_cast<int>(stored_.size()) < attribute - 1)
      stored_.push_back(stored_column(descriptor, static_cast<int>(stored_.size()) + 1));
    stored_.push_back(stored_column(descriptor, attribute, steps_[i].node, steps_[i].is_nullable));
    stored_.back().column = static_cast<std::uint16_t>(i);
  }
  return true;
}

void RowWriter::append_stored(HeapTupleHeader row) {
  append_row([&] {
    if (HeapTupleHeaderGetNatts(row) < attribute_count_) return append_deformed(row);
    if (const StoredColumn* const column = values_.put_stored_row(stored_, row, &current_stored_); column != nullptr)
      fail_null(*column_of(*column));
  });
}

/// A row that is older than its table's last columns.
void RowWriter::append_deformed(HeapTupleHeader row) {
  HeapTupleData tuple{};
  tuple.t_data = row;
  auto* const values = static_cast<Datum*>(palloc(descriptor_->natts * sizeof(Datum)));
  auto* const nulls = static_cast<bool*>(palloc(descriptor_->natts * sizeof(bool)));
  heap_deform_tuple(&tuple, descriptor_, values, nulls);
  append_values(values, nulls);
}

}  // namespace ferry::map
