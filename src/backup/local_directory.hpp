#pragma once

#include "backup/directory.hpp"

namespace ferry::backup {

/// A directory of the server's machine. A folder that is to be removed is renamed first.
class LocalDirectory final : public Directory {
 public:
  using Directory::Directory;
  [[nodiscard]] std::vector<std::string> folders() override;
  [[nodiscard]] std::vector<std::string> folders_with(const std::string& file) override;
  [[nodiscard]] std::vector<FolderFile> files_of(const std::string& folder) override;
  [[nodiscard]] std::optional<FolderFile> find(const std::string& folder, const std::string& file) override;
  [[nodiscard]] std::optional<std::int64_t> changed_at(const std::string& folder) override;
  void make_folder(const std::string& folder) override;
  [[nodiscard]] std::unique_ptr<NewFile> create(const std::string& folder, const std::string& file) override;
  void take_back(const std::string& folder, const std::vector<std::string>& files) noexcept override;
  [[nodiscard]] std::optional<std::string> hide(const std::string& folder) override;
  [[nodiscard]] bool is_hidden(const std::string& folder) const override;
  void remove(const std::string& folder) override;
};

}  // namespace ferry::backup
