#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ferry::load {

/// A file of a folder that is to be loaded, or an object of a store, as it was when the folder was looked at.
struct FolderFile {
  std::string name;                 ///< as the server's machine has it; of an object in the database's encoding
  std::string path;                 ///< the folder's, a slash and the name
  std::int64_t bytes = 0;           ///< as it is stored
  std::int64_t modified_at_ns = 0;  ///< since 1970
  std::string obstacle{};           ///< why it cannot be read, or empty
  std::string etag{};               ///< of an object: what the store calls this state of it
};

/// The path of a folder without slashes at its end. In a URL more than one of them would have a meaning: one is taken.
[[nodiscard]] std::string without_slashes(std::string path);

/// What a folder holds, by name: what a link stands for in its place; folders and names that begin with a dot left out, and those
/// that the pattern of a shell does not fit. Errors: by errno, of the folder; those of pg::list_objects().
[[nodiscard]] std::vector<FolderFile> list_folder(const std::string& folder, const std::optional<std::string>& pattern);

/// Whether a file of the server is there and has the size and the time that it had.
[[nodiscard]] bool is_as_it_was(const FolderFile& file);

/// Whether it was modified less than that ago.
[[nodiscard]] bool is_fresh(const FolderFile& file, std::int64_t settle_seconds);

/// Whether a name has an ending of a CSV or Avro file, behind which it may have one of a compressed file.
[[nodiscard]] bool has_data_ending(const std::string& name);

/// A name without those endings.
[[nodiscard]] std::string without_endings(std::string name);

}  // namespace ferry::load
