#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/io.hpp"

namespace ferry::backup {

/// What a folder holds.
struct FolderFile {
  std::string name;
  bool is_regular;  ///< an ordinary file; links are not followed
  std::int64_t bytes;
  std::int64_t modified_at;  ///< seconds since 1970
};

/// A file of a backup that is written; under its name it appears complete and lasting, by commit(), or not at all.
class NewFile : public ByteSink {
 public:
  virtual void commit() = 0;
  [[nodiscard]] virtual std::int64_t bytes_written() const = 0;
  /// Of all that was written. Precondition: commit() was called.
  [[nodiscard]] virtual const std::string& sha256() const = 0;
};

/// Where backups are, each in a folder of its own: a directory of the server's machine, or a part of a bucket, where folders are
/// what names have before their last slash. Folders and files are given by their names. Errors: by errno, those of
/// remote::Store.
class Directory {
 public:
  explicit Directory(std::string path) : path_(std::move(path)) {}
  virtual ~Directory() = default;
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;

  /// As an error or an answer has it, and as a source of bytes is opened.
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string path_of(const std::string& folder) const { return path_ + '/' + folder; }
  [[nodiscard]] std::string path_of(const std::string& folder, const std::string& file) const {
    return path_of(folder) + '/' + file;
  }

  /// The names of its folders, in no order; nothing where there is no directory.
  [[nodiscard]] virtual std::vector<std::string> folders() = 0;
  /// Those of them that have an ordinary file of that name.
  [[nodiscard]] virtual std::vector<std::string> folders_with(const std::string& file) = 0;
  /// By name; nothing where there is no folder.
  [[nodiscard]] virtual std::vector<FolderFile> files_of(const std::string& folder) = 0;
  [[nodiscard]] virtual std::optional<FolderFile> find(const std::string& folder, const std::string& file) = 0;
  /// When something in a folder changed, in seconds since 1970; nothing where there is none.
  [[nodiscard]] virtual std::optional<std::int64_t> changed_at(const std::string& folder) = 0;

  virtual void make_folder(const std::string& folder) = 0;
  [[nodiscard]] virtual std::unique_ptr<NewFile> create(const std::string& folder, const std::string& file) = 0;
  /// Removes a folder with the files that a backup has made in it which does not come to its end, as far as that can be done.
  virtual void take_back(const std::string& folder, const std::vector<std::string>& files) noexcept = 0;

  /// Takes a backup out of sight in one step, so that half of one is never listed. The folder that is to be removed then; nothing
  /// where another session did it.
  [[nodiscard]] virtual std::optional<std::string> hide(const std::string& folder) = 0;
  /// Whether a folder has a name that hide() gives.
  [[nodiscard]] virtual bool is_hidden(const std::string& folder) const = 0;
  /// Removes a folder with its files. What cannot be removed is a WARNING, for another call to try again.
  virtual void remove(const std::string& folder) = 0;

 private:
  std::string path_;
};

/// What a directory is opened for: to write a backup, to read some, to remove some.
enum class Purpose { backup, restore, prune };

/// Named, or else the setting pg_ferry.backup_directory. A directory of the server's machine that is named takes the right to
/// read or write files of the server; one inside the data directory gives a NOTICE at a backup. Errors: 42501; 42602 path; those
/// of pg::StorePlace.
[[nodiscard]] std::unique_ptr<Directory> find_directory(const std::optional<std::string>& named, Purpose purpose);

}  // namespace ferry::backup
