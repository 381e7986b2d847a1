#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ferry::remote {

/// What a server answers to a request. The headers are those that somebody here asks for.
struct Answer {
  int status = 0;
  std::optional<std::uint64_t> content_length{};
  bool is_chunked = false;  ///< its end is marked, whatever its length
  std::string etag{};       ///< as it stands, with its quotes
  std::string content_range{}, location{}, bucket_region{}, last_modified_text{};
  std::int64_t modified_at = 0;  ///< seconds since 1970; 0 where the server does not say
  std::int64_t sent_at = 0;      ///< the server's clock; 0 where the server does not say
  std::int64_t retry_after_s = 0;
  std::string body{};  ///< of an answer that is not streamed

  [[nodiscard]] bool is_success() const { return status >= 200 && status < 300; }
};

/// Of Content-Range: "bytes first-last/total" or "bytes */total".
struct ContentRange {
  std::optional<std::uint64_t> first, last;
  std::uint64_t total;
};

/// Nothing where text is something else.
[[nodiscard]] std::optional<ContentRange> parse_content_range(std::string_view text);

/// Puts a line of an answer's head into answer. A status line begins a new answer: one of 100 may come before the one that
/// counts.
void take_header_line(std::string_view line, Answer& answer);

/// An ETag without its quotes; a weak one keeps the "W/" before it.
[[nodiscard]] std::string plain_etag(std::string_view etag);

}  // namespace ferry::remote
