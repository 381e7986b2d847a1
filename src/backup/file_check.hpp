#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "backup/directory.hpp"
#include "backup/manifest.hpp"

/// Whether the file of a table in a backup is what its manifest tells. A problem is text for people in the database's encoding,
/// empty where there is none. Errors: only those that say nothing of the file, such as a cancel.
namespace ferry::backup {

struct FileCheck {
  std::optional<std::int64_t> bytes;  ///< size of the file, where there is one
  std::string problem;
};

/// Its size alone: what can be said without reading it.
[[nodiscard]] FileCheck check_size(Directory& directory, const std::string& folder, const TableEntry& entry);

/// Its size and its digest.
[[nodiscard]] FileCheck check_file(Directory& directory, const std::string& folder, const TableEntry& entry);

struct RowsCheck {
  std::optional<std::int64_t> rows;  ///< that can be decoded from the first on; nothing where the file cannot be read
  std::string problem;
};

/// Decodes every block and compares rows, schema and columns. is_intact: the file has the right digest, so that blocks may be
/// of any size; else they may be as large as in a foreign file.
[[nodiscard]] RowsCheck check_rows(const std::string& path, const TableEntry& entry, bool is_intact);

}  // namespace ferry::backup
