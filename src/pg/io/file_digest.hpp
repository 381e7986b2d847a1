#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.hpp"
#include "pg/io/sha256.hpp"

namespace ferry::pg {

/// The SHA-256 of a file while it is read, and that of its first bytes, where they are what is known of an older state of it.
/// Digests are as the log has them: sha256:... It belongs to the (sub)transaction that made it.
class FileDigest {
 public:
  /// start_bytes: how many of the first bytes have a digest of their own; 0: none.
  explicit FileDigest(std::uint64_t start_bytes = 0);
  void update(ByteView bytes);
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  /// That of the first start_bytes; empty where no so many have come yet.
  [[nodiscard]] const std::string& of_start() const { return of_start_; }
  /// That of all bytes. To be called once; nothing is to be added afterwards.
  [[nodiscard]] std::string finish();

 private:
  std::uint64_t start_bytes_, bytes_ = 0;
  Sha256 whole_;
  std::optional<Sha256> start_;
  std::string of_start_;
};

}  // namespace ferry::pg
