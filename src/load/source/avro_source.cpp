#include "load/source/avro_source.hpp"

#include <algorithm>
#include <cstdio>

#include "avro/value_text.hpp"
#include "base/concat.hpp"
#include "base/error.hpp"
#include "pg/encoding.hpp"
#include "pg/guard.hpp"
#include "settings.hpp"

#include "pg/server.hpp"

extern "C" {
#include "mb/pg_wchar.h"
}

namespace ferry::load {

using pg::call;

namespace {

/// Errors tell of rows that are not decided yet.
constexpr std::int64_t kKeptRows = kMostUndecided;

}  // namespace

AvroSource::AvroSource(ByteSource& bytes, const AvroOptions& options, std::string context)
    : bytes_(bytes),
      options_(options),
      context_(std::move(context)),
      file_(std::make_unique<avro::ContainerReader>(bytes, avro::ReaderLimits{.max_block_bytes = options_.max_block_bytes,
                                                                              .max_stored_block_bytes = options_.max_block_bytes,
                                                                              .check_interrupts = pg::check_interrupts,
                                                                              .block_hint = settings::kBlockHint})) {}

const std::vector<std::size_t>& AvroSource::fill(const std::vector<map::ReadColumn>& columns) {
  rows_ = std::make_unique<map::RowReader>(file_->schema(), columns, options_.match);
  for (std::size_t i = 0; i < columns.size(); i++) {
    column_names_.push_back(columns[i].name);
    if (rows_->is_read()[i]) column_of_field_.push_back(i);
  }
  values_.resize(columns.size());
  nulls_ = std::make_unique<bool[]>(columns.size());
  return column_of_field_;
}

void AvroSource::add_variables(const std::vector<map::ReadColumn>& fields) {
  variables_ = std::make_unique<map::RowReader>(file_->schema(), fields);
  for (const map::ReadColumn& field : fields) variable_names_.push_back(field.name);
  values_.resize(column_names_.size() + fields.size());
  nulls_ = std::make_unique<bool[]>(values_.size());
}

/// False at the end of the file.
bool AvroSource::next_block() {
  pg::check_interrupts();
  if (!decoder_.at_end()) throw Error("22P04", concat("block has ", decoder_.remaining(), " bytes after its last record"));
  next_record_ = 0;
  block_.block_number = 0;  // what is wrong from here on is not in the block that was read
  if (ended_ || !file_->next_block(block_)) {
    ended_ = true;
    block_.record_count = 0;  // it may be asked again
    return false;
  }
  decoder_ = avro::Decoder(block_.payload, 0, pg::check_interrupts);
  // a block without records, of which a file may have any number, is not kept
  if (!blocks_.empty() && blocks_.back().first_row > rows_read_) blocks_.pop_back();
  blocks_.push_back({rows_read_ + 1, block_.block_number});
  while (blocks_.size() > 1 && blocks_[1].first_row + kKeptRows < rows_read_) blocks_.pop_front();
  return true;
}

bool AvroSource::read(Record& record) {
  try {
    while (next_record_ == block_.record_count)
      if (!next_block()) return false;
    next_record_++;
    const std::size_t begin = decoder_.position();
    decoder_.skip(file_->schema());
    record.raw.assign(as_text(block_.payload.subspan(begin, decoder_.position() - begin)), pg::check_interrupts);
    record.problem.reset();
    record.is_cut = false;
  } catch (Error& error) {
    std::string position = context_;
    if (block_.block_number > 0) position += concat(", block ", block_.block_number);
    if (next_record_ > 0) position += concat(", record ", next_record_);
    error.context(position);
    throw;
  }
  record.row_number = ++rows_read_;
  record.line_number = 0;
  return true;
}

void AvroSource::split(const Record& record, Fields& out) {
  out.values.resize(column_of_field_.size() + variable_names_.size());
  out.valid = 0;
  out.take_problem_of(record);
  if (out.problem) return;
  const std::size_t columns = column_names_.size();
  call([&] {
    avro::Decoder decoder(as_bytes(record.raw), 0, pg::check_interrupts);
    rows_->read(decoder, values_.data(), nulls_.get());
    if (!variables_) return;
    decoder = avro::Decoder(as_bytes(record.raw), 0, pg::check_interrupts);
    variables_->read(decoder, values_.data() + columns, nulls_.get() + columns);
  });
  for (std::size_t i = 0; i < out.values.size(); i++) {
    const std::size_t column = i < column_of_field_.size() ? column_of_field_[i] : columns + i - column_of_field_.size();
    out.values[i].state = nulls_[column] ? Field::State::null : Field::State::value;
    out.values[i].text = nullptr;
    out.values[i].value = values_[column];
  }
  out.valid = out.values.size();
}

std::optional<std::size_t> AvroSource::failed_field() const {
  if (variables_ && variables_->current_column() != nullptr) {
    const auto variable = std::find(variable_names_.begin(), variable_names_.end(), variables_->current_column()->name);
    return column_of_field_.size() + static_cast<std::size_t>(variable - variable_names_.begin());
  }
  const map::ReadColumn* const column = rows_->current_column();
  if (column == nullptr) return std::nullopt;
  for (std::size_t i = 0; i < column_of_field_.size(); i++)
    if (column_names_[column_of_field_[i]] == column->name) return i;
  return std::nullopt;
}

const AvroSource::BlockStart* AvroSource::block_of(std::int64_t row) const {
  const auto begins_behind = [row](const BlockStart& block) { return block.first_row > row; };
  const auto behind = std::find_if(blocks_.begin(), blocks_.end(), begins_behind);
  return behind == blocks_.begin() ? nullptr : &*std::prev(behind);
}

bool AvroSource::tell_location(std::int64_t first_row, std::int64_t last_row, std::span<char> out) const {
  const BlockStart* const first = block_of(first_row);
  const BlockStart* const last = block_of(last_row);
  if (first == nullptr || last == nullptr) return false;
  const auto number = [](auto value) { return static_cast<long long>(value); };
  const int begun = std::snprintf(out.data(), out.size(), "block %lld, record %lld", number(first->number),
                                  number(first_row - first->first_row + 1));
  if (first_row == last_row) return true;
  const auto rest = out.subspan(std::min(static_cast<std::size_t>(begun), out.size() - 1));
  std::snprintf(rest.data(), rest.size(), " to block %lld, record %lld", number(last->number),
                number(last_row - last->first_row + 1));
  return true;
}

RecordText AvroSource::text_of(const Record& record, std::size_t most_bytes) {
  std::string json;
  avro::Decoder decoder(as_bytes(record.raw), 0, pg::check_interrupts);
  bool is_cut = record.is_cut;
  try {
    avro::append_json(json, decoder, file_->schema(), most_bytes);
  } catch (const Error&) {
    // strings that are none, or a record of which only the front was kept
    if (json.size() <= most_bytes) return {std::nullopt, is_cut};
    json.resize(pg::whole_characters(std::string_view(json).substr(0, most_bytes), PG_UTF8).size());
    is_cut = true;
  }
  return {pg::try_from_utf8(json), is_cut};
}

}  // namespace ferry::load
