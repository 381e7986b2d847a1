#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "base/bytes.hpp"
#include "base/interrupts.hpp"
#include "base/room.hpp"

// Source: Avro 1.12, Object Container Files, Required Codecs and Optional Codecs.
namespace ferry::codec {

enum class CodecKind : std::uint8_t { null_, deflate, snappy, zstandard, bzip2, xz };

inline constexpr CodecKind kCodecKinds[] = {CodecKind::null_,     CodecKind::deflate, CodecKind::snappy,
                                            CodecKind::zstandard, CodecKind::bzip2,   CodecKind::xz};

/// The name that avro.codec has for it: "null", "deflate", "snappy", "zstandard", "bzip2", "xz".
[[nodiscard]] std::string_view codec_name(CodecKind kind);

/// The codec of that name; "none", which is how options say it, is "null". Nothing where there is none.
[[nodiscard]] std::optional<CodecKind> find_codec(std::string_view name);

/// The same of an option, in any case, where "zstd" is zstandard, too, and "gzip" deflate, which is what gzip compresses by.
[[nodiscard]] std::optional<CodecKind> find_option_codec(std::string_view name);

/// All names, as a sentence for people.
inline constexpr const char* kCodecList = "The codecs are none, deflate, snappy, zstandard, bzip2 and xz.";

/// A sentence about the codec that other programs call by that name, in any case, "zst" or "gz"; null where there is none.
[[nodiscard]] const char* codec_suggestion(std::string_view name);

/// The levels a codec has, from min to max, and the one it takes where none is asked for.
struct CodecLevels {
  int min, max, preset;
};

/// deflate: 1 to 12, 6; zstandard: 1 to 22, 1; bzip2: 1 to 9, 9; xz: 0 to 9, 6. null and snappy have none.
[[nodiscard]] std::optional<CodecLevels> codec_levels(CodecKind kind);

/// Errors: 22023 a level out of range, or any level of a codec that has none.
void check_codec_level(CodecKind kind, int level);

/// Compresses and decompresses the payload of blocks. Keeps its working memory between calls. One thread at a time.
class Codec {
 public:
  virtual ~Codec() = default;

  /// The most bytes that compress() makes of size_bytes. Errors: 53200 out of memory; 54000 more than the codec can take.
  [[nodiscard]] virtual std::size_t compress_bound(std::size_t size_bytes) = 0;

  /// Compresses in to the front of out, which has room for compress_bound(in.size()) bytes and does not overlap in. Returns how
  /// many bytes came out. Errors: 53200 out of memory; what check_interrupts throws.
  [[nodiscard]] virtual std::size_t compress(ByteView in, std::span<std::uint8_t> out) = 0;

  /// in, decompressed: a view into room or, of null, in itself. room keeps its size and what is in it is of no use after; in must
  /// not be a view into it. It grows with the bytes that come out, never with what in claims, and not beyond max_bytes.
  /// Errors: 22P04 data that is not of this codec or damaged, or followed by other bytes; 54000 more than max_bytes come out, or
  /// more memory is needed than kMaxXzMemoryBytes; 53200; what check_interrupts throws.
  [[nodiscard]] virtual ByteView decompress(ByteView in, std::size_t max_bytes, Room& room) = 0;
};

/// What the decompressor of xz may take. The dictionary of the highest level of xz has 64 MB.
inline constexpr std::size_t kMaxXzMemoryBytes = std::size_t{80} << 20;

/// A codec that compresses at that level. It calls check_interrupts again and again: usually within 200 ms of work, as large
/// blocks are compressed and decompressed in pieces; of data made to be hard, bzip2 from level 6 on and deflate at level 12 can
/// take half as long again for a piece. Errors: as check_codec_level().
[[nodiscard]] std::unique_ptr<Codec> make_codec(CodecKind kind, std::optional<int> level = std::nullopt,
                                                CheckInterrupts check_interrupts = nullptr);

}  // namespace ferry::codec
