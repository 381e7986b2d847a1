#pragma once

#include <cstdint>
#include <string>
#include <string_view>

/// Files that are not on the server's machine: objects of S3-compatible stores, and those of web servers for reading.
namespace ferry::remote {

/// s3://bucket/key or https://host[:port]/key. The key is the text behind the first slash as it stands: nothing in it is an
/// escape, and "?", "#", "//" and ".." have no meaning.
struct Url {
  enum class Scheme : std::uint8_t { s3, https };
  Scheme scheme;
  std::string authority;  ///< the bucket, or host[:port]
  std::string key;        ///< without the slash before it; empty for a bucket itself
};

/// Whether a text is name, name:port, [IPv6] or [IPv6]:port.
[[nodiscard]] bool is_host(std::string_view text);

/// Whether a path names something that is not on the server's machine: "scheme://...".
[[nodiscard]] bool is_url(std::string_view path);

/// Errors: 0A000 a scheme other than these two; 42602 no authority, or what cannot be one; a byte of zero.
[[nodiscard]] Url parse_url(std::string_view text);

/// As it was written.
[[nodiscard]] std::string text_of(const Url& url);

/// Whether a scope, such as s3://bucket/prefix, holds an address: its key begins with that of the scope, in whole segments.
[[nodiscard]] bool holds(const Url& scope, const Url& url);

}  // namespace ferry::remote
