#include "backup/local_directory.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string_view>

#include "backup/folder.hpp"
#include "base/concat.hpp"
#include "pg/guard.hpp"
#include "pg/io/output_file.hpp"
#include "pg/warning.hpp"

#include "pg/server.hpp"

extern "C" {
#include "storage/fd.h"
}

namespace ferry::backup {
namespace {

/// What the names of folders begin with that have lost theirs and are being removed.
constexpr std::string_view kRemovedPrefix = ".removed.";

class LocalFile final : public NewFile {
 public:
  explicit LocalFile(const std::string& path) : file_(path) {}
  void write(ByteView bytes) override { file_.write(bytes); }
  void commit() override { file_.commit(); }
  [[nodiscard]] std::int64_t bytes_written() const override { return file_.bytes_written(); }
  [[nodiscard]] const std::string& sha256() const override { return file_.sha256(); }

 private:
  pg::OutputFile file_;
};

/// The names in a folder; nothing where there is none.
std::vector<std::string> names_in(const std::string& path) {
  std::vector<std::string> names;
  const char* const name = path.c_str();
  DIR* const folder = pg::call([name] { return AllocateDir(name); });
  if (folder == nullptr && errno == ENOENT) return names;
  while (const dirent* const entry = pg::call(ReadDir, folder, name)) {
    const std::string found = entry->d_name;
    if (found != "." && found != "..") names.push_back(found);
  }
  pg::call(FreeDir, folder);
  return names;
}

/// False where there is nothing of that name.
bool look_at(const std::string& path, struct ::stat& status) {
  if (::lstat(path.c_str(), &status) == 0) return true;
  if (errno == ENOENT) return false;
  const int error = errno;
  const char* const name = path.c_str();
  pg::call([=] {
    errno = error;
    ereport(ERROR, (errcode_for_file_access(), errmsg("could not stat file \"%s\": %m", name)));
  });
  return false;
}

}  // namespace

std::vector<std::string> LocalDirectory::folders() {
  std::vector<std::string> names = names_in(path());
  std::erase_if(names, [this](const std::string& name) { return !changed_at(name); });
  return names;
}

std::vector<std::string> LocalDirectory::folders_with(const std::string& file) {
  std::vector<std::string> names = names_in(path());
  std::erase_if(names, [&](const std::string& name) {
    struct ::stat status {};
    return ::lstat(path_of(name, file).c_str(), &status) != 0 || !S_ISREG(status.st_mode);
  });
  return names;
}

std::vector<FolderFile> LocalDirectory::files_of(const std::string& folder) {
  std::vector<FolderFile> files;
  for (const std::string& name : names_in(path_of(folder)))
    // one that is gone by now is none of its files
    if (std::optional<FolderFile> file = find(folder, name)) files.push_back(std::move(*file));
  std::sort(files.begin(), files.end(), [](const FolderFile& a, const FolderFile& b) { return a.name < b.name; });
  return files;
}

std::optional<FolderFile> LocalDirectory::find(const std::string& folder, const std::string& file) {
  struct ::stat status {};
  if (!look_at(path_of(folder, file), status)) return std::nullopt;
  return FolderFile{file, S_ISREG(status.st_mode), status.st_size, status.st_mtime};
}

std::optional<std::int64_t> LocalDirectory::changed_at(const std::string& folder) {
  struct ::stat status {};
  if (::lstat(path_of(folder).c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) return std::nullopt;
  return status.st_mtime;
}

void LocalDirectory::make_folder(const std::string& folder) { pg::make_folder(path_of(folder)); }

std::unique_ptr<NewFile> LocalDirectory::create(const std::string& folder, const std::string& file) {
  return std::make_unique<LocalFile>(path_of(folder, file));
}

void LocalDirectory::take_back(const std::string& folder, const std::vector<std::string>& files) noexcept {
  for (const std::string& file : files) ::unlink(path_of(folder, file).c_str());
  ::rmdir(path_of(folder).c_str());
}

std::optional<std::string> LocalDirectory::hide(const std::string& folder) {
  const std::string hidden = concat(kRemovedPrefix, folder), from = path_of(folder), to = path_of(hidden);
  if (::rename(from.c_str(), to.c_str()) != 0) {
    if (errno == ENOENT) return std::nullopt;
    const int error = errno;
    const char *const from_name = from.c_str(), *const to_name = to.c_str();
    pg::call([=] {
      errno = error;
      ereport(ERROR, (errcode_for_file_access(), errmsg("could not rename file \"%s\" to \"%s\": %m", from_name, to_name)));
    });
  }
  pg::call(fsync_fname_ext, path().c_str(), true, false, ERROR);
  return hidden;
}

bool LocalDirectory::is_hidden(const std::string& folder) const {
  return folder.starts_with(kRemovedPrefix) && is_new_backup_id(std::string_view(folder).substr(kRemovedPrefix.size()));
}

void LocalDirectory::remove(const std::string& folder) {
  const auto warn = [](const std::string& name) {
    pg::warning(concat("could not remove file \"", name, "\": ", std::strerror(errno)));
  };
  for (const FolderFile& file : files_of(folder)) {
    const std::string name = path_of(folder, file.name);
    if (::unlink(name.c_str()) != 0 && errno != ENOENT) return warn(name);
  }
  if (::rmdir(path_of(folder).c_str()) != 0 && errno != ENOENT) warn(path_of(folder));
}

}  // namespace ferry::backup
