#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "base/bytes.hpp"

// Compressed files as programs write them, which are decompressed piece by piece: gzip, zstandard, bzip2, xz and lz4. Such a file
// is a row of members (gzip), frames (zstandard, lz4) or streams (bzip2, xz), here all called members; each is complete in
// itself.
namespace ferry::codec {

/// Decompresses one member after the other. Memory: the window that the file was compressed with, and a little.
class StreamDecoder {
 public:
  struct Step {
    std::size_t read_bytes = 0, written_bytes = 0;
    bool is_end = false;  ///< of the member
  };

  virtual ~StreamDecoder() = default;
  /// To be called before each member. Errors: 53200.
  virtual void begin() = 0;
  /// Decompresses from the front of in to the front of out, which is not empty. A step that neither reads nor writes asks for
  /// more of in. Takes milliseconds for pieces of kStreamPieceBytes. Errors: 22P04 damaged data; 54000 a window larger than the
  /// limit; 53200.
  [[nodiscard]] virtual Step decode(ByteView in, std::span<std::uint8_t> out) = 0;
};

inline constexpr std::size_t kStreamPieceBytes = std::size_t{64} << 10;

/// The largest windows: what the program zstd takes without being told, and what the highest level of xz makes
/// (kMaxXzMemoryBytes).
inline constexpr int kMaxZstandardWindowLog = 27;

/// A format of compressed files.
struct StreamFormat {
  std::string_view name;          ///< "gzip", "zstandard", "bzip2", "xz", "lz4"
  bool (*is_at)(ByteView front);  ///< whether a file with these first bytes is one
  bool may_be_padded;             ///< its programs pass over zeros behind a member
  std::unique_ptr<StreamDecoder> (*make)();
};

/// The format of a file with these first bytes, kFrontBytes or all of them; null: it is not compressed. Text is never taken for
/// one: the marks of all but bzip2 have bytes that no text has, and that of bzip2 is asked for its ten bytes.
[[nodiscard]] const StreamFormat* find_stream_format(ByteView front);

/// Each over its library.
[[nodiscard]] std::unique_ptr<StreamDecoder> make_gzip_decoder();
[[nodiscard]] std::unique_ptr<StreamDecoder> make_zstandard_decoder();
[[nodiscard]] std::unique_ptr<StreamDecoder> make_bzip2_decoder();
[[nodiscard]] std::unique_ptr<StreamDecoder> make_xz_decoder();
[[nodiscard]] std::unique_ptr<StreamDecoder> make_lz4_decoder();

/// 22P04. reason: the end of a sentence.
[[noreturn]] void fail_damaged(std::string_view format, std::string_view reason);
/// 54000. limit_mb: of the window or of all memory.
[[noreturn]] void fail_window(std::string_view format, std::size_t limit_mb);

}  // namespace ferry::codec
