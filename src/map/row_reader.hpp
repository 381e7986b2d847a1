#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "avro/decode.hpp"
#include "avro/schema.hpp"
#include "map/types.hpp"

#include "pg/server.hpp"

namespace ferry::map {

/// Decodes records into rows of a table. Fields and columns are matched by name and have the same type.
class RowReader {
 public:
  /// writer: the schema of the file; it outlives the reader. Generated columns of the table are left to the server to compute.
  /// Errors: 42703 a column that only one side has; 42804 types that differ, or a schema that is no record. The detail shows
  /// the definition that the file holds.
  RowReader(const avro::Schema& writer, const Table& table);
  RowReader(const RowReader&) = delete;
  RowReader& operator=(const RowReader&) = delete;

  /// Decodes one record into slot, which is empty and has the row type of the table; its values are allocated in the current
  /// memory context or point into the decoder's payload. Calls the server without a guard of its own: to be used inside
  /// pg::call(). Errors: 22P04 malformed data; 22P02, 22003, 22001, 22021 values that do not fit the column.
  void read(avro::Decoder& decoder, TupleTableSlot* slot) const;

  /// The column whose value was being read when read() raised; null between records.
  [[nodiscard]] const Column* current_column() const { return current_; }

 private:
  struct Step {
    const avro::Schema* schema;  ///< of the field
    const Column* column;        ///< null: the field is skipped
    int null_branch, value_branch, other_branch, branch_count;
  };

  Step match(const avro::Field& field, const Column& column) const;
  Step match_branches(const avro::Field& field, const Column& column) const;

  std::vector<Column> columns_;
  std::vector<Step> steps_;
  std::string table_name_;
  mutable const Column* current_ = nullptr;
};

/// The columns that a record schema tells of, as CREATE TABLE would have them: "id integer NOT NULL, name text".
[[nodiscard]] std::string stored_definition(const avro::Schema& writer);

}  // namespace ferry::map
