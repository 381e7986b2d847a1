#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

namespace ferry::load {

/// What the log has of the last load of a file into a table.
struct PastLoad {
  std::int64_t load_id = 0;
  std::int64_t source_bytes = 0;
  std::string source_digest{};
};

/// The last loads of the files of a folder, of which the log has a digest and which the current user may see, as of now.
class PastLoads {
 public:
  /// folder: without a slash at its end. Errors: 42704 in a database without the extension.
  explicit PastLoads(const std::string& folder);
  /// table: schema.table, quoted where SQL needs it. Null where there is none.
  [[nodiscard]] const PastLoad* find(const std::string& path, const std::string& table) const;

 private:
  std::map<std::pair<std::string, std::string>, PastLoad> loads_;  ///< by path and table
};

}  // namespace ferry::load
