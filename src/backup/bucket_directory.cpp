#include "backup/bucket_directory.hpp"

#include <algorithm>

#include "backup/manifest.hpp"
#include "base/concat.hpp"
#include "base/error.hpp"
#include "pg/io/remote_object.hpp"
#include "pg/io/remote_sink.hpp"
#include "pg/io/sha256.hpp"
#include "pg/store/shown_errors.hpp"

#include "pg/server.hpp"

namespace ferry::backup {
namespace {

class BucketFile final : public NewFile {
 public:
  explicit BucketFile(const std::string& url) : object_(url) {}
  void write(ByteView bytes) override {
    hash_.update(bytes);
    object_.write(bytes);
  }
  void commit() override {
    object_.commit();
    sha256_ = hash_.finish();
  }
  [[nodiscard]] std::int64_t bytes_written() const override { return object_.bytes_written(); }
  [[nodiscard]] const std::string& sha256() const override { return sha256_; }

 private:
  pg::RemoteSink object_;
  pg::Sha256 hash_;
  std::string sha256_;
};

}  // namespace

BucketDirectory::BucketDirectory(const std::string& path, pg::StoreUse use)
    : Directory(path), place_(path + '/', use), prefix_(place_.key()) {
  if (remote::parse_url(path).scheme != remote::Url::Scheme::s3)
    throw Error("0A000", concat("cannot use \"", path, "\" as a directory of backups"))
        .detail("Backups are kept in a directory of the server's machine, or in s3://bucket/prefix.");
}

std::vector<std::string> BucketDirectory::folders() {
  std::vector<std::string> names;
  for (const remote::ObjectFacts& entry : pg::list_objects(path()))
    if (entry.key.ends_with('/')) names.push_back(entry.key.substr(0, entry.key.size() - 1));
  return names;
}

std::vector<std::string> BucketDirectory::folders_with(const std::string& file) {
  std::vector<std::string> names;
  list(prefix_, [&](const std::string& name, const remote::ObjectFacts& /*object*/) {
    const std::size_t slash = name.find('/');
    if (slash != std::string::npos && name.substr(slash + 1) == file) names.push_back(name.substr(0, slash));
  });
  return names;
}

std::vector<FolderFile> BucketDirectory::files_of(const std::string& folder) {
  std::vector<FolderFile> files;
  list(key_of(folder), [&](const std::string& name, const remote::ObjectFacts& object) {
    files.push_back(
        {.name = name, .is_regular = true, .bytes = static_cast<std::int64_t>(object.bytes), .modified_at = object.modified_at});
  });
  return files;
}

/// Calls visit for each object below a prefix, with what its key has behind that.
template <class Visit>
void BucketDirectory::list(const std::string& prefix, Visit visit) {
  pg::with_shown_errors([&] {
    place_.store().list(prefix, [&](const remote::ObjectFacts& object) { visit(object.key.substr(prefix.size()), object); });
  });
}

std::optional<FolderFile> BucketDirectory::find(const std::string& folder, const std::string& file) {
  const std::optional<remote::ObjectFacts> object = pg::find_object(path_of(folder, file));
  if (!object) return std::nullopt;
  return FolderFile{file, true, static_cast<std::int64_t>(object->bytes), object->modified_at};
}

std::optional<std::int64_t> BucketDirectory::changed_at(const std::string& folder) {
  std::optional<std::int64_t> last;
  for (const FolderFile& file : files_of(folder)) last = std::max(last.value_or(0), file.modified_at);
  return last;
}

std::unique_ptr<NewFile> BucketDirectory::create(const std::string& folder, const std::string& file) {
  return std::make_unique<BucketFile>(path_of(folder, file));
}

void BucketDirectory::take_back(const std::string& folder, const std::vector<std::string>& files) noexcept {
  for (const std::string& file : files) place_.store().give_up(key_of(folder) + file);
}

std::optional<std::string> BucketDirectory::hide(const std::string& folder) {
  if (!changed_at(folder)) return std::nullopt;
  pg::remove_object(path_of(folder, kManifestName));
  return folder;
}

void BucketDirectory::remove(const std::string& folder) {
  for (const FolderFile& file : files_of(folder)) pg::remove_object(path_of(folder, file.name));
}

}  // namespace ferry::backup
