#pragma once

#include <string>
#include <vector>

#include "avro/schema.hpp"
#include "backup/manifest.hpp"
#include "map/read/row_reader.hpp"

#include "pg/server.hpp"

extern "C" {
#include "nodes/execnodes.h"
}

namespace ferry::backup {

/// A column that the backup has no values for, and what gives it one; an expression of null: it stays null.
struct DefaultColumn {
  AttrNumber attribute;
  ExprState* expression;
};

/// Which column of a table today is read from which field of its file in a backup.
struct MatchedColumns {
  std::vector<map::ReadColumn> read;   ///< the columns that are read
  std::vector<AttrNumber> attributes;  ///< of those
  std::vector<int> column_of_field;    ///< field -> index in read; < 0: the field is not read
  map::Origin origin = map::Origin::backup;
  std::vector<DefaultColumn> defaults;  ///< the columns that the file has no field for
  bool has_volatile_default = false;    ///< one that may see the rows before its own
  std::vector<std::string> dropped;     ///< columns of the file that the table has not
  std::vector<std::string> computed;    ///< columns of the file that the table computes by now
  std::vector<std::string> parts;       ///< attributes of composite types of the file that the table's types have not
  std::vector<std::string> added;       ///< in a comparison: columns that the file has no field for
  std::vector<std::string> retyped;     ///< in a comparison: columns that have another type by now
};

/// The reader of the columns, whose parts it sets. Errors: 42804 values that cannot become those of a column.
[[nodiscard]] map::RowReader make_reader(const avro::Schema& writer, const TableEntry& entry, MatchedColumns& columns,
                                         const std::string& table_name);

/// Names in double quotes, with commas between them.
[[nodiscard]] std::string quoted_list(const std::vector<std::string>& names);

/// What an error says of the table as it was when it was backed up.
[[nodiscard]] std::string definition_then(const TableEntry& entry);

}  // namespace ferry::backup
