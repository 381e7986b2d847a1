#pragma once

#include <optional>
#include <string>
#include <vector>

#include "load/functions/folder_files.hpp"

#include "pg/server.hpp"

namespace ferry::load {

/// Which table a file is for, as a user says it: regular expressions on the names of files, and the names of tables.
class FolderMapping {
 public:
  FolderMapping() = default;
  /// json: {"expression": "schema.table"}, or an array of such objects, in which the first match counts. In one object, which
  /// does not keep the order that it was written in, two matches must be of one table. Errors: 22023 another shape; 42602, 2201B
  /// what is no name of a table, no expression.
  explicit FolderMapping(const std::string& json);

  /// The name of the table; nothing where no expression fits. Errors: 22023 two fit that are not in an order.
  [[nodiscard]] std::optional<std::string> find(const std::string& file_name) const;

 private:
  struct Rule {
    std::string expression, table;
    std::size_t place;  ///< of its object in the array
  };
  void add(const std::string& object, std::size_t place);
  std::vector<Rule> rules_;
};

/// A table of that name, as the search path of the caller finds it, locked against changes of its definition; InvalidOid where
/// there is none. Errors: 42602 no name; 42501 a schema that may not be used.
[[nodiscard]] Oid find_folder_table(const std::string& name);

/// The table that the name of a file tells: the file's name without its endings, as it is or as a plain name of SQL, with or
/// without the numbers, dates and marks at its end. InvalidOid where there is none. Errors: 42501.
[[nodiscard]] Oid table_by_file_name(const std::string& file_name);

}  // namespace ferry::load
