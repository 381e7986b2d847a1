#pragma once

#include <string>
#include <utility>

#include "backup/directory.hpp"
#include "pg/store/store_place.hpp"

namespace ferry::backup {

/// A part of a bucket: s3://bucket/prefix. There are no folders in it, only names, so a folder is there as long as it has files,
/// and one that is to be removed loses its manifest first.
class BucketDirectory final : public Directory {
 public:
  /// path: a URL without a slash at its end. Errors: those of pg::StorePlace; 0A000 not s3://.
  BucketDirectory(const std::string& path, pg::StoreUse use);

  [[nodiscard]] std::vector<std::string> folders() override;
  [[nodiscard]] std::vector<std::string> folders_with(const std::string& file) override;
  [[nodiscard]] std::vector<FolderFile> files_of(const std::string& folder) override;
  [[nodiscard]] std::optional<FolderFile> find(const std::string& folder, const std::string& file) override;
  [[nodiscard]] std::optional<std::int64_t> changed_at(const std::string& folder) override;
  void make_folder(const std::string& /*folder*/) override {}
  [[nodiscard]] std::unique_ptr<NewFile> create(const std::string& folder, const std::string& file) override;
  void take_back(const std::string& folder, const std::vector<std::string>& files) noexcept override;
  [[nodiscard]] std::optional<std::string> hide(const std::string& folder) override;
  /// None has: what a removal has left is an unfinished backup.
  [[nodiscard]] bool is_hidden(const std::string& /*folder*/) const override { return false; }
  void remove(const std::string& folder) override;

 private:
  template <class Visit>
  void list(const std::string& prefix, Visit visit);
  [[nodiscard]] std::string key_of(const std::string& folder) const { return prefix_ + folder + '/'; }

  pg::StorePlace place_;
  std::string prefix_;  ///< of keys, with a slash at its end; empty: the whole bucket
};

}  // namespace ferry::backup
