#include "backup/restore_source.hpp"

#include <algorithm>

#include "base/concat.hpp"
#include "base/error.hpp"
#include "map/pg_type.hpp"

namespace ferry::backup {
namespace {

/// A block is as large as the largest row of the table it came from, and the file is known to be what the backup wrote.
constexpr std::size_t kAnySize = std::size_t{1} << 40;
constexpr avro::ReaderLimits kLimits{.max_block_bytes = kAnySize, .max_stored_block_bytes = kAnySize};

[[noreturn]] void fail(const char* sqlstate, std::string message, const avro::Schema& writer, const std::string& column,
                       const map::Table& table) {
  throw Error(sqlstate, std::move(message))
      .detail(concat("The file has the columns (", map::stored_definition(writer), ")."))
      .column(column)
      .table(table.name);
}

/// A backup is of these very columns: what else could be read without loss is not what was saved.
const avro::Schema& check_columns(const avro::Schema& writer, const map::Table& table) {
  if (writer.type != avro::Type::record)
    throw Error("42804", concat("records expected, but the file has values of type ", avro::type_name(writer.type)));
  std::vector<bool> is_found(table.columns.size());
  for (const avro::Field& field : writer.fields) {
    const std::string name = map::column_name(field), type = map::column_type(field);
    const auto found =
        std::find_if(table.columns.begin(), table.columns.end(), [&](const map::Column& column) { return column.name == name; });
    const auto place = static_cast<std::size_t>(found - table.columns.begin());
    if (found == table.columns.end() || is_found[place])
      fail("42703", concat("column \"", name, "\" of the file does not exist in table \"", table.name, '"'), writer, name, table);
    is_found[place] = true;
    if (type != found->type.name)
      fail("42804",
           concat("column \"", name, "\" of table \"", table.name, "\" has type ", found->type.name, ", but type ", type,
                  " in the file"),
           writer, name, table);
  }
  for (std::size_t i = 0; i < is_found.size(); i++)
    if (!is_found[i])
      fail("42703", concat("column \"", table.columns[i].name, "\" of table \"", table.name, "\" does not exist in the file"),
           writer, table.columns[i].name, table);
  return writer;
}

std::vector<map::Target> targets_of(const map::Table& table, std::vector<AttrNumber>& attributes) {
  std::vector<map::Target> targets;
  for (const map::Column& column : table.columns) {
    if (column.is_generated) continue;
    targets.push_back({column.name, column.type});
    attributes.push_back(column.attribute);
  }
  return targets;
}

}  // namespace

std::size_t HashingSource::read(std::span<std::uint8_t> out) {
  const std::size_t count = file_.read(out);
  hash_.update(ByteView(out).first(count));
  bytes_ += static_cast<std::int64_t>(count);
  return count;
}

void HashingSource::check(const TableEntry& entry) {
  Bytes rest(std::size_t{256} << 10);
  while (read(rest) != 0) {
  }
  file_.close();
  const std::string digest = hash_.finish();
  if (bytes_ != entry.bytes)
    throw Error("22P04", concat("file \"", path_, "\" has ", bytes_, " bytes, but its manifest says ", entry.bytes));
  if (digest != entry.sha256)
    throw Error("22P04", concat("file \"", path_, "\" does not match the SHA-256 digest in its manifest"));
}

void verify_file(const std::string& path, const TableEntry& entry) {
  HashingSource source(path);
  source.check(entry);
}

RestoreSource::RestoreSource(const std::string& path, const TableEntry& entry, const map::Table& table)
    : path_(path),
      table_name_(table.name),
      entry_(entry),
      source_(path),
      container_(source_, kLimits),
      rows_(check_columns(container_.schema(), table), targets_of(table, attributes_)),
      values_(attributes_.size()),
      nulls_(std::make_unique<bool[]>(attributes_.size())),
      decoder_(ByteView{}) {
  if (pg::sha256_of(as_bytes(container_.schema_json())) != entry.schema_sha256)
    throw Error("22P04", concat("schema of file \"", path, "\" is not the one in its manifest"));
}

bool RestoreSource::next_block() {
  pg::check_interrupts();
  if (!container_.next_block(block_)) {
    source_.check(entry_);
    if (rows_read_ != entry_.rows)
      throw Error("22P04", concat("file \"", path_, "\" has ", rows_read_, " rows, but its manifest says ", entry_.rows));
    return false;
  }
  decoder_ = avro::Decoder(block_.payload);
  next_record_ = 0;
  return true;
}

bool RestoreSource::next_row(TupleTableSlot* slot) {
  if (next_record_ == block_.record_count) {
    if (!decoder_.at_end()) throw Error("22P04", concat("block has ", decoder_.remaining(), " bytes after its last record"));
    return false;
  }
  next_record_++;
  rows_.read(decoder_, values_.data(), nulls_.get());
  std::fill_n(slot->tts_isnull, slot->tts_tupleDescriptor->natts, true);
  for (std::size_t i = 0; i < attributes_.size(); i++) {
    const int at = attributes_[i] - 1;
    slot->tts_values[at] = values_[i];
    slot->tts_isnull[at] = nulls_[i];
  }
  ExecStoreVirtualTuple(slot);
  rows_read_++;
  return true;
}

std::string RestoreSource::place() const {
  std::string text =
      concat("restore of ", table_name_, ", file \"", path_, "\", block ", block_.block_number, ", record ", next_record_);
  if (rows_.current_target() != nullptr) text += concat(", column ", rows_.current_target()->name);
  return text;
}

void RestoreSource::add_context() const {
  const long long block = static_cast<long long>(block_.block_number), record = static_cast<long long>(next_record_);
  if (rows_.current_target() == nullptr)
    errcontext("restore of %s, file \"%s\", block %lld, record %lld", table_name_.c_str(), path_.c_str(), block, record);
  else
    errcontext("restore of %s, file \"%s\", block %lld, record %lld, column %s", table_name_.c_str(), path_.c_str(), block,
               record, rows_.current_target()->name.c_str());
}

}  // namespace ferry::backup
