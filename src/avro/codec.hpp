#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "base/bytes.hpp"

// Source: Avro 1.12, Object Container Files, Required Codecs and Optional Codecs.
namespace ferry::avro {

enum class CodecKind : std::uint8_t { null_, deflate, zstandard };

/// The name that avro.codec has for it: "null", "deflate", "zstandard".
[[nodiscard]] std::string_view codec_name(CodecKind kind);

/// The codec of that name; "none", which is how options say it, is "null". Errors: 0A000 any other name.
[[nodiscard]] CodecKind codec_by_name(std::string_view name);

/// Compresses and decompresses the payload of blocks. Keeps its working memory between calls.
class Codec {
 public:
  virtual ~Codec() = default;

  /// Replaces out by in, compressed. in must not be a view into out. Errors: 53200 out of memory.
  virtual void compress(ByteView in, Bytes& out) = 0;

  /// Replaces out by in, decompressed. in must not be a view into out. Memory grows with the bytes that come out, never with
  /// what in claims. Errors: 22P04 data that is not of this codec or damaged; 54000 more than max_bytes come out.
  virtual void decompress(ByteView in, std::size_t max_bytes, Bytes& out) = 0;
};

/// A codec that compresses at that level: deflate 1 to 12, by default 6; zstandard 1 to 22, by default 1. null has no level.
/// Errors: 22023 a level out of range.
[[nodiscard]] std::unique_ptr<Codec> make_codec(CodecKind kind, std::optional<int> level = std::nullopt);

}  // namespace ferry::avro
