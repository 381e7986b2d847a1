#include "load/functions/folder_files.hpp"

#include <dirent.h>
#include <fnmatch.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <utility>

#include "base/concat.hpp"
#include "pg/encoding.hpp"
#include "pg/guard.hpp"
#include "pg/io/remote_object.hpp"
#include "remote/url.hpp"

#include "pg/server.hpp"

extern "C" {
#include "storage/fd.h"
}

namespace ferry::load {
namespace {

constexpr std::int64_t kSecond_ns = 1'000'000'000;

std::int64_t modified_at_ns(const struct ::stat& status) {
  return std::int64_t{status.st_mtim.tv_sec} * kSecond_ns + status.st_mtim.tv_nsec;
}

constexpr std::array<std::string_view, 6> kDataEndings{".csv", ".tsv", ".tab", ".psv", ".txt", ".avro"};
constexpr std::array<std::string_view, 8> kCompressedEndings{".gz", ".gzip", ".zst", ".zstd", ".bz2", ".bzip2", ".xz", ".lz4"};

/// Takes one of the endings off the end of a name, in capitals or not; something stays in front of it.
template <class Endings>
bool take_ending(std::string& name, const Endings& endings) {
  for (const std::string_view ending : endings) {
    if (name.size() <= ending.size()) continue;
    const std::string_view tail = std::string_view(name).substr(name.size() - ending.size());
    if (::pg_strncasecmp(tail.data(), ending.data(), ending.size()) != 0) continue;
    name.resize(name.size() - ending.size());
    return true;
  }
  return false;
}

/// Nothing for a folder.
std::optional<FolderFile> look_at(const std::string& folder, std::string name) {
  FolderFile file{.name = std::move(name), .path = {}};
  file.path = concat(folder, '/', file.name);
  struct ::stat status {};
  if (::stat(file.path.c_str(), &status) != 0) {
    file.obstacle = concat("could not stat file: ", std::strerror(errno));
    return file;
  }
  if (S_ISDIR(status.st_mode)) return std::nullopt;
  if (!S_ISREG(status.st_mode)) file.obstacle = "it is no regular file";
  file.bytes = status.st_size;
  file.modified_at_ns = modified_at_ns(status);
  return file;
}

/// A name that begins with a dot is none that is wanted.
bool is_wanted(const char* name, const std::optional<std::string>& pattern) {
  return name[0] != '.' && (!pattern || ::fnmatch(pattern->c_str(), name, FNM_PERIOD) == 0);
}

/// The objects right below a URL. The folder itself may be an object without a name.
std::vector<FolderFile> list_bucket(const std::string& folder, const std::optional<std::string>& pattern) {
  std::vector<FolderFile> files;
  std::vector<remote::ObjectFacts> objects = pg::list_objects(folder + '/');
  if (objects.empty())
    pg::notice(concat("\"", folder, "/\" has no objects").c_str(),
               "Folders of a store are the names that objects begin with. Check the spelling.");
  for (remote::ObjectFacts& object : objects) {
    if (object.key.empty() || object.key.ends_with('/')) continue;
    std::optional<std::string> name = pg::try_from_utf8(object.key);
    FolderFile file{.name = name ? *name : pg::shown_from_utf8(object.key),
                    .path = {},
                    .bytes = static_cast<std::int64_t>(object.bytes),
                    .modified_at_ns = object.modified_at * kSecond_ns,
                    .obstacle = !name                 ? "its name is no text in the encoding of the database"
                                : object.etag.empty() ? "the store tells no ETag of it"
                                                      : "",
                    .etag = std::move(object.etag)};
    file.path = concat(folder, '/', file.name);
    if (is_wanted(file.name.c_str(), pattern)) files.push_back(std::move(file));
  }
  return files;
}

}  // namespace

std::string without_slashes(std::string path) {
  if (remote::is_url(path) && path.ends_with('/')) path.pop_back();
  while (!remote::is_url(path) && path.ends_with('/')) path.pop_back();
  return path;
}

std::vector<FolderFile> list_folder(const std::string& folder, const std::optional<std::string>& pattern) {
  if (remote::is_url(folder)) return list_bucket(folder, pattern);
  std::vector<FolderFile> files;
  const std::string opened_path = folder.empty() ? "/" : folder;
  const char* const name = opened_path.c_str();
  DIR* const opened = pg::call([name] { return AllocateDir(name); });
  while (const dirent* const entry = pg::call(ReadDir, opened, name)) {
    pg::check_interrupts();
    if (!is_wanted(entry->d_name, pattern)) continue;
    if (auto file = look_at(folder, entry->d_name)) files.push_back(std::move(*file));
  }
  pg::call(FreeDir, opened);
  std::sort(files.begin(), files.end(), [](const FolderFile& a, const FolderFile& b) { return a.name < b.name; });
  return files;
}

bool is_as_it_was(const FolderFile& file) {
  struct ::stat status {};
  return ::stat(file.path.c_str(), &status) == 0 && status.st_size == file.bytes && modified_at_ns(status) == file.modified_at_ns;
}

bool is_fresh(const FolderFile& file, std::int64_t settle_seconds) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const std::int64_t age = std::chrono::duration_cast<std::chrono::nanoseconds>(now).count() - file.modified_at_ns;
  // a clock that is ahead by hours says nothing of now
  return std::abs(age) < settle_seconds * kSecond_ns;
}

std::string without_endings(std::string name) {
  take_ending(name, kCompressedEndings);
  take_ending(name, kDataEndings);
  return name;
}

bool has_data_ending(const std::string& name) {
  std::string rest = name;
  take_ending(rest, kCompressedEndings);
  return take_ending(rest, kDataEndings);
}

}  // namespace ferry::load
