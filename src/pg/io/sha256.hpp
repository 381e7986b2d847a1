#pragma once

#include <string>

#include "base/bytes.hpp"

struct pg_cryptohash_ctx;

namespace ferry::pg {

/// The SHA-256 of bytes that come in pieces, by the server's own implementation. It belongs to the (sub)transaction that made it.
class Sha256 {
 public:
  Sha256();
  void update(ByteView bytes);
  /// The digest in lower-case hexadecimal. To be called once; the object is of no use afterwards.
  [[nodiscard]] std::string finish();

 private:
  pg_cryptohash_ctx* context_;
};

/// Of bytes in one piece.
[[nodiscard]] std::string sha256_of(ByteView bytes);

}  // namespace ferry::pg
