#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.hpp"

struct evp_md_ctx_st;

/// Digests, by OpenSSL.
namespace ferry::remote {

using Digest = std::array<std::uint8_t, 32>;

/// SHA-256 of what is added bit by bit.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  void add(ByteView bytes);
  /// Of all that was added; after it a new one begins.
  [[nodiscard]] Digest finish();

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

[[nodiscard]] Digest sha256(std::string_view text);
[[nodiscard]] Digest hmac_sha256(ByteView key, std::string_view text);

/// MD5 in hexadecimal digits; empty where the library does not compute it.
[[nodiscard]] std::string md5_hex(ByteView bytes);

/// In lower case.
[[nodiscard]] std::string hex(ByteView bytes);

}  // namespace ferry::remote
