#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "load/functions/folder_files.hpp"
#include "load/load.hpp"
#include "load/log/past_loads.hpp"

namespace ferry::load {

/// How the files of a folder are loaded; what is not given is found out.
struct FolderOptions {
  std::optional<bool> header{};
  std::optional<char> delimiter{};
  OnConflict on_conflict = OnConflict::reject;
  std::optional<std::int64_t> reject_limit{};
  bool changed_only = true;
};

/// What became of a file.
struct FolderOutcome {
  const char* status = "failed";
  std::optional<std::int64_t> load_id{};  ///< the load that has the file
  std::int64_t rows_loaded = 0, rows_rejected = 0;
  std::string reason{};
};

/// Loads a file in a subtransaction of its own. past: the last load of the file into the table, or null: a file that is as it was
/// then is left alone, and of one that has grown by whole lines the new ones are loaded. What is wrong with the file is an
/// outcome. Errors: those that another file would meet, too: a cancel, a deadlock, a full disk and their like.
[[nodiscard]] FolderOutcome load_folder_file(const FolderFile& file, Oid table, const PastLoad* past,
                                             const FolderOptions& options);

/// Runs body, which is about one file, in a subtransaction; the reason where it failed for something that other files need not
/// meet. Errors: the others.
[[nodiscard]] std::optional<std::string> try_file(const std::function<void()>& body);

}  // namespace ferry::load
