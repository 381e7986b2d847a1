#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "backup/folder.hpp"
#include "base/io.hpp"
#include "pg/io/open_source.hpp"
#include "pg/io/sha256.hpp"

#include "pg/server.hpp"

namespace ferry::backup {

/// A file that is hashed as it is read.
class HashingSource final : public ByteSource {
 public:
  explicit HashingSource(const std::string& path)
      : path_(path), file_(pg::open_source(pg::FileOrigin{path}, pg::Compression::none)) {}
  [[nodiscard]] std::size_t read(std::span<std::uint8_t> out) override;
  /// Reads what is left and closes the file. Errors: 22P04 its size or its digest is not that of entry.
  void check(const TableEntry& entry);

 private:
  std::string path_;
  std::unique_ptr<pg::Input> file_;
  pg::Sha256 hash_;
};

/// Reads the whole file of a table. Errors: 22P04 it is not what the manifest tells; by errno.
void verify_file(const std::string& path, const TableEntry& entry);

}  // namespace ferry::backup
