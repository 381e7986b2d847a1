#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "avro/decode.hpp"
#include "avro/schema.hpp"
#include "map/read/read_node.hpp"
#include "map/read/value_reader.hpp"
#include "map/types/pg_type.hpp"

#include "pg/server.hpp"

namespace ferry::map {

/// How the fields of a file find their columns.
enum class Match : std::uint8_t {
  name,      ///< by pg.name, else the field's name, else its aliases; then the same without regard to case
  position,  ///< the first field is the first column, and so on
  whole,     ///< there is one column, which takes all of a record as one value
};

/// A column to be read.
struct ReadColumn {
  std::string name;  ///< in the database's encoding
  PgType type;
};

/// Decodes the records of a file into the columns of a table or the attributes of a row type. What the file has and the columns
/// have not is skipped. A file whose schema is no record has one column: its field is called "value", and where there is one
/// column only, it is that whatever its name.
class RowReader {
 public:
  /// writer: the schema of the file; it outlives the reader. The reader belongs to the current memory context.
  /// Errors, with the column: 42804 a field whose values cannot become those of its column; 42703 no field is that
  /// of a column, or more fields than columns by position; 42702 fields that differ by case only and want the same column.
  RowReader(const avro::Schema& writer, std::vector<ReadColumn> columns, Match match = Match::name);
  /// The same for a backup's file, where the caller has found the column of each field of the record; < 0: the
  /// field is skipped.
  RowReader(const avro::Schema& writer, std::vector<ReadColumn> columns, const std::vector<int>& column_of_field, Origin origin);
  RowReader(const RowReader&) = delete;
  RowReader& operator=(const RowReader&) = delete;

  /// The columns that the file has a field for.
  [[nodiscard]] const std::vector<bool>& is_read() const { return is_read_; }

  /// Decodes one record into values and nulls, which have an item for every column; those without a field are left alone. Values
  /// are allocated in the current memory context. Calls the server without a guard of its own: to be used inside pg::call().
  /// Errors: 22P04 malformed data; 54000 a limit; what else is said by ValueReader::read().
  void read(avro::Decoder& decoder, Datum* values, bool* nulls);

  /// Whether a text may become longer than its form in the record, but for a change of encoding: it is made of something else.
  [[nodiscard]] bool makes_texts() const;

  /// Whether read() raises no error of the server, of which only a subtransaction could free it, but for a lack of memory.
  [[nodiscard]] bool reads_without_errors() const;

  /// The column whose value was being read when read() raised; null between records.
  [[nodiscard]] const ReadColumn* current_column() const { return current_; }

 private:
  struct Step {
    const avro::Schema* schema;  ///< of the field
    int column;                  ///< < 0: the field is skipped
    ReadNode node;               ///< unset where it is skipped
  };

  void add_step(const avro::Field& field, int column, Origin origin);

  std::vector<ReadColumn> columns_;
  std::vector<Step> steps_;
  std::vector<bool> is_read_;
  std::vector<avro::Field> single_;  ///< stands for the one column of a schema that is no record
  ValueReader values_;
  const ReadColumn* current_ = nullptr;
};

/// The columns that a record schema tells of, as CREATE TABLE would have them: "id integer NOT NULL, name text".
[[nodiscard]] std::string stored_definition(const avro::Schema& writer);

}  // namespace ferry::map
