#include "codec/stream_decoder.hpp"

#include <algorithm>

#include "base/concat.hpp"
#include "base/error.hpp"

namespace ferry::codec {
namespace {

/// Whether bytes has the mark at that position. A file that is cut off within it is none of the format.
bool has(ByteView bytes, std::string_view mark, std::size_t at = 0) {
  return bytes.size() >= at && as_text(bytes.subspan(at)).starts_with(mark);
}

/// RFC 1952: the mark, the only method, and flags of which three bits are not in use.
bool is_gzip(ByteView front) { return has(front, "\x1f\x8b\x08") && (front.size() == 3 || (front[3] & 0xe0) == 0); }

/// The frames with data for programs of their own have the same marks in both formats.
bool is_skippable_frame(ByteView bytes) { return has(bytes, "\x2a\x4d\x18", 1) && (bytes[0] & 0xf0) == 0x50; }

constexpr std::string_view kLz4Mark{"\x04\x22\x4d\x18"};

/// A frame, or a short one to be skipped and a frame behind it.
bool is_lz4(ByteView front) {
  constexpr std::size_t kHeaderBytes = 8;
  if (!is_skippable_frame(front) || front.size() < kHeaderBytes) return has(front, kLz4Mark);
  return front[5] == 0 && front[6] == 0 && front[7] == 0 && has(front, kLz4Mark, kHeaderBytes + front[4]);
}

/// Files of pzstd begin with a frame to be skipped.
bool is_zstandard(ByteView front) { return has(front, "\x28\xb5\x2f\xfd") || (is_skippable_frame(front) && !is_lz4(front)); }

/// The head, which is text that anybody may write, is not enough: behind it are the marks of a block or of the end.
bool is_bzip2(ByteView front) {
  constexpr std::size_t kHeadBytes = 4;
  return has(front, "BZh") && front.size() > kHeadBytes && front[3] >= '1' && front[3] <= '9' &&
         (has(front, "\x31\x41\x59\x26\x53\x59", kHeadBytes) || has(front, "\x17\x72\x45\x38\x50\x90", kHeadBytes));
}

bool is_xz(ByteView front) { return has(front, {"\xfd\x37\x7a\x58\x5a\x00", 6}); }

constexpr StreamFormat kStreamFormats[] = {
    {"gzip", is_gzip, true, make_gzip_decoder},     {"zstandard", is_zstandard, false, make_zstandard_decoder},
    {"bzip2", is_bzip2, false, make_bzip2_decoder}, {"xz", is_xz, true, make_xz_decoder},
    {"lz4", is_lz4, false, make_lz4_decoder},
};

}  // namespace

const StreamFormat* find_stream_format(ByteView front) {
  const auto* const found =
      std::find_if(std::begin(kStreamFormats), std::end(kStreamFormats), [front](const auto& f) { return f.is_at(front); });
  return found == std::end(kStreamFormats) ? nullptr : found;
}

void fail_damaged(std::string_view format, std::string_view reason) {
  throw Error("22P04", concat(format, " data is damaged")).detail(concat("The decompressor says: ", reason, "."));
}

void fail_window(std::string_view format, std::size_t limit_mb) {
  throw Error("54000", concat(format, " data needs more than ", limit_mb, " MB of memory to be decompressed"))
      .hint("Compress it with a smaller window, or let a program decompress it.");
}

}  // namespace ferry::codec
