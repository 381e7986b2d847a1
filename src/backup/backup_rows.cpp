#include "backup/backup_rows.hpp"

#include <algorithm>
#include <cstdio>

#include "base/concat.hpp"
#include "base/error.hpp"

#include "pg/server.hpp"

extern "C" {
#include "executor/executor.h"
}

namespace ferry::backup {
namespace {

/// A block is as large as the largest row of the table it came from, and the file is known to be what the backup wrote.
constexpr std::size_t kAnySize = std::size_t{1} << 40;
constexpr avro::ReaderLimits kLimits{
    .max_block_bytes = kAnySize, .max_stored_block_bytes = kAnySize, .check_interrupts = pg::check_interrupts};

}  // namespace

BackupRows::BackupRows(const std::string& path, const TableEntry& entry, Relation table, pg::Operation operation,
                       MatchColumns match)
    : path_(path),
      table_name_(RelationGetRelationName(table)),
      entry_(entry),
      source_(path),
      container_(source_, kLimits),
      columns_(match(container_.schema(), entry, table)),
      rows_(make_reader(container_.schema(), entry, columns_, table_name_)),
      values_(columns_.read.size()),
      nulls_(std::make_unique<bool[]>(columns_.read.size())),
      decoder_(ByteView{}) {
  if (pg::sha256_of(as_bytes(container_.schema_json())) != entry.schema_sha256)
    throw Error("22P04", concat("schema of file \"", path, "\" is not the one in its manifest"));
  progress_.operation = operation;
  progress_.table = RelationGetRelid(table);
  progress_.kind = pg::StreamKind::file;
  progress_.bytes_total = entry.bytes;
}

bool BackupRows::next_block() {
  pg::check_interrupts();
  progress_.bytes = static_cast<std::int64_t>(container_.position());
  progress_.rows_loaded = rows_read_;
  progress_.show();
  if (!container_.next_block(block_)) {
    source_.check(entry_);
    if (rows_read_ != entry_.rows)
      throw Error("22P04", concat("file \"", path_, "\" has ", rows_read_, " rows, but its manifest says ", entry_.rows));
    progress_.end();
    return false;
  }
  decoder_ = avro::Decoder(block_.payload, 0, pg::check_interrupts);
  next_record_ = looked_back_ = 0;
  return true;
}

bool BackupRows::next_row(TupleTableSlot* slot, ExprContext* expressions) {
  if (next_record_ == block_.record_count) {
    if (!decoder_.at_end()) throw Error("22P04", concat("block has ", decoder_.remaining(), " bytes after its last record"));
    return false;
  }
  next_record_++;
  looked_back_ = 0;
  rows_.read(decoder_, values_.data(), nulls_.get());
  std::fill_n(slot->tts_isnull, slot->tts_tupleDescriptor->natts, true);
  for (std::size_t i = 0; i < columns_.attributes.size(); i++) {
    const int at = columns_.attributes[i] - 1;
    slot->tts_values[at] = values_[i];
    slot->tts_isnull[at] = nulls_[i];
  }
  for (const DefaultColumn& column : columns_.defaults) {
    if (column.expression == nullptr) continue;
    const int at = column.attribute - 1;
    slot->tts_values[at] = ExecEvalExpr(column.expression, expressions, &slot->tts_isnull[at]);
  }
  ExecStoreVirtualTuple(slot);
  rows_read_++;
  return true;
}

void BackupRows::tell_position(std::span<char> out) const {
  const map::ReadColumn* const target = rows_.current_column();
  std::snprintf(out.data(), out.size(), "%s of %s, file \"%s\", block %lld, record %lld%s%s",
                progress_.operation == pg::Operation::restore ? "restore" : "comparison", table_name_.c_str(), path_.c_str(),
                static_cast<long long>(block_.block_number), static_cast<long long>(next_record_ - looked_back_),
                target == nullptr ? "" : ", column ", target == nullptr ? "" : target->name.c_str());
}

}  // namespace ferry::backup
