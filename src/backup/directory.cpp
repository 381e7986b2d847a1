#include "backup/directory.hpp"

#include <utility>

#include "backup/bucket_directory.hpp"
#include "backup/local_directory.hpp"
#include "base/concat.hpp"
#include "base/error.hpp"
#include "pg/guard.hpp"
#include "pg/io/path.hpp"
#include "remote/url.hpp"
#include "settings.hpp"

#include "pg/server.hpp"

extern "C" {
#include "port.h"
}

namespace ferry::backup {
namespace {

std::string canonical(const std::string& path) {
  char* const copy = pg::call(pstrdup, path.c_str());
  pg::call(canonicalize_path, copy);
  return copy;
}

std::unique_ptr<Directory> open_bucket(std::string url, Purpose purpose) {
  if (url.ends_with('/') && !url.ends_with("//")) url.pop_back();
  return std::make_unique<BucketDirectory>(url, purpose == Purpose::restore ? pg::StoreUse::read : pg::StoreUse::write);
}

/// The directory of the setting.
std::unique_ptr<Directory> own_directory(Purpose purpose) {
  std::string path = settings::backup_directory == nullptr ? "" : settings::backup_directory;
  if (path.empty()) throw Error("22023", "no directory of backups").hint("Set pg_ferry.backup_directory, or name a directory.");
  if (remote::is_url(path)) return open_bucket(std::move(path), purpose);
  if (!is_absolute_path(path.c_str())) path = concat(DataDir, '/', path);
  path = canonical(path);
  if (purpose == Purpose::backup && pg::call(path_is_prefix_of_path, DataDir, path.c_str()))
    pg::notice(
        "backups are written inside the data directory",
        "Set pg_ferry.backup_directory to a directory elsewhere: pg_upgrade, pg_rewind and standbys do not keep this one.");
  return std::make_unique<LocalDirectory>(path);
}

}  // namespace

std::unique_ptr<Directory> find_directory(const std::optional<std::string>& named, Purpose purpose) {
  if (!named) return own_directory(purpose);
  if (remote::is_url(*named)) return open_bucket(*named, purpose);
  purpose == Purpose::restore ? pg::check_may_read(*named) : pg::check_may_write(*named);
  return std::make_unique<LocalDirectory>(canonical(*named));
}

}  // namespace ferry::backup
