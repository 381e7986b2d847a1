#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "avro/decode.hpp"
#include "map/read/row_reader.hpp"
#include "query/avro_file.hpp"

#include "pg/server.hpp"

namespace ferry::query {

/// The records of a file as rows, one after the other. It belongs to the memory context in which it was made.
class RecordStream {
 public:
  /// Errors: as AvroFile; as map::RowReader, with nothing in the context: they are about the schema and the columns.
  RecordStream(const std::string& path, std::vector<map::ReadColumn> columns, map::Match match);

  /// Whether the file has a field for each of the columns.
  [[nodiscard]] const std::vector<bool>& is_read() const { return rows_.is_read(); }
  /// Decodes the next record; false at the end. Values are in the current memory context; those of columns without a field are
  /// left alone. Errors: as map::RowReader::read(), with file, block, record and column in the context.
  [[nodiscard]] bool next(Datum* values, bool* nulls);
  [[nodiscard]] const AvroFile& file() const { return file_; }

 private:
  [[nodiscard]] bool next_block();
  void tell_position(std::span<char> out) const;

  AvroFile file_;
  map::RowReader rows_;
  avro::Block block_;
  avro::Decoder decoder_;
  std::int64_t next_record_ = 0;
};

}  // namespace ferry::query
