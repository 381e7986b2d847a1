#include "map/row_writer.hpp"

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

void RowWriter::append(TupleTableSlot* slot) {
  slot_getsomeattrs(slot, attribute_count_);
  MemoryContextReset(row_context_);
  MemoryContext const caller = MemoryContextSwitchTo(row_context_);
  const bool needs_own_settings = needs_settings_ && !is_in_batch_;
  if (needs_own_settings) settings_.enter();
  try {
    append_values(slot->tts_values, slot->tts_isnull);
  } catch (Error& error) {
    if (current_ != nullptr) std::ignore = std::move(error).table(table_.name).column(current_->name);
    throw;
  }
  if (needs_own_settings) settings_.leave();
  MemoryContextSwitchTo(caller);
  row_count_++;
}

void RowWriter::append_values(const Datum* values, const bool* nulls) {
  values_.begin_row(fixed_bytes_);
  const Column* column = table_.columns.data();
  for (const Step& step : steps_) {
    current_ = column++;
    if (!nulls[step.at])
      values_.put_in_row(step.node, values[step.at]);
    else if (step.is_nullable)
      values_.put_null_in_row();
    else
      throw Error("XX000", concat("null in column \"", current_->name, "\", which is NOT NULL"));
  }
  current_ = nullptr;
}

}  // namespace ferry::map
