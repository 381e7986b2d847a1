#include "avro/codec.hpp"

#include <algorithm>
#include <span>

#include <libdeflate.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "base/concat.hpp"
#include "base/error.hpp"

namespace ferry::avro {
namespace {

/// What a decompressor gets at least and, however well the data compresses, at first at most of for each byte of input.
constexpr std::size_t kMinOutputBytes = std::size_t{64} << 10;
constexpr std::size_t kMaxFirstRatio = 32;

[[noreturn]] void fail_memory() { throw Error("53200", "out of memory"); }

[[noreturn]] void fail_limit(std::size_t max_bytes) {
  throw Error("54000", concat("block is larger than ", max_bytes, " bytes when decompressed"));
}

[[noreturn]] void fail_corrupt(CodecKind kind, std::string_view reason) {
  throw Error("22P04", concat("block is not valid ", codec_name(kind), " data"))
      .detail(concat("The decompressor says: ", reason, "."));
}

/// Calls decompress_into(out), which returns the size of the result or nothing where out is too small, with an ever larger out.
/// Both libraries decompress a whole block into one buffer fastest, without a window buffer whose size the data would choose; a
/// retry is rare, because the size of the last block is tried first.
template <class Function>
void decompress_growing(std::size_t first_bytes, std::size_t max_bytes, Bytes& out, Function decompress_into) {
  std::size_t size_bytes = std::min(std::max({first_bytes, out.capacity(), kMinOutputBytes}), max_bytes);
  for (;;) {
    // What is in there is of no use, and need not be copied when the buffer moves.
    if (size_bytes > out.capacity()) out = Bytes();
    out.resize(size_bytes);
    if (const std::optional<std::size_t> result = decompress_into(std::span<std::uint8_t>(out))) {
      out.resize(*result);
      return;
    }
    if (size_bytes == max_bytes) fail_limit(max_bytes);
    size_bytes = size_bytes > max_bytes / 2 ? max_bytes : size_bytes * 2;
  }
}

class NullCodec final : public Codec {
 public:
  void compress(ByteView in, Bytes& out) override { out.assign(in.begin(), in.end()); }
  void decompress(ByteView in, std::size_t max_bytes, Bytes& out) override {
    if (in.size() > max_bytes) fail_limit(max_bytes);
    out.assign(in.begin(), in.end());
  }
};

/// Raw deflate, RFC 1951: without the header and the checksum of zlib.
class DeflateCodec final : public Codec {
 public:
  explicit DeflateCodec(int level) : level_(level) {}

  void compress(ByteView in, Bytes& out) override {
    if (!compressor_) compressor_.reset(libdeflate_alloc_compressor(level_));
    if (!compressor_) fail_memory();
    out.resize(libdeflate_deflate_compress_bound(compressor_.get(), in.size()));
    out.resize(libdeflate_deflate_compress(compressor_.get(), in.data(), in.size(), out.data(), out.size()));
  }

  /// Bytes after the end of the stream are let pass: python3-avro 1.11 leaves three of zlib's checksum there.
  void decompress(ByteView in, std::size_t max_bytes, Bytes& out) override {
    if (!decompressor_) decompressor_.reset(libdeflate_alloc_decompressor());
    if (!decompressor_) fail_memory();
    const std::size_t first_bytes = in.size() * 4;
    decompress_growing(first_bytes, max_bytes, out, [&](std::span<std::uint8_t> room) -> std::optional<std::size_t> {
      std::size_t size_bytes = 0;
      switch (libdeflate_deflate_decompress(decompressor_.get(), in.data(), in.size(), room.data(), room.size(), &size_bytes)) {
        case LIBDEFLATE_SUCCESS:
          return size_bytes;
        case LIBDEFLATE_INSUFFICIENT_SPACE:
          return std::nullopt;
        default:
          fail_corrupt(CodecKind::deflate, "the stream is damaged or ends too early");
      }
    });
  }

 private:
  struct Free {
    void operator()(libdeflate_compressor* compressor) const { libdeflate_free_compressor(compressor); }
    void operator()(libdeflate_decompressor* decompressor) const { libdeflate_free_decompressor(decompressor); }
  };
  int level_;
  std::unique_ptr<libdeflate_compressor, Free> compressor_;
  std::unique_ptr<libdeflate_decompressor, Free> decompressor_;
};

class ZstandardCodec final : public Codec {
 public:
  explicit ZstandardCodec(int level) : level_(level) {}

  void compress(ByteView in, Bytes& out) override {
    if (!compressor_) compressor_.reset(ZSTD_createCCtx());
    if (!compressor_) fail_memory();
    out.resize(ZSTD_compressBound(in.size()));
    const std::size_t result = ZSTD_compressCCtx(compressor_.get(), out.data(), out.size(), in.data(), in.size(), level_);
    if (ZSTD_isError(result)) fail_memory();
    out.resize(result);
  }

  /// One frame or several, with or without their content size.
  void decompress(ByteView in, std::size_t max_bytes, Bytes& out) override {
    if (in.empty()) fail_corrupt(CodecKind::zstandard, "there is no frame");
    if (!decompressor_) decompressor_.reset(ZSTD_createDCtx());
    if (!decompressor_) fail_memory();
    decompress_growing(first_bytes(in), max_bytes, out, [&](std::span<std::uint8_t> room) -> std::optional<std::size_t> {
      const std::size_t result = ZSTD_decompressDCtx(decompressor_.get(), room.data(), room.size(), in.data(), in.size());
      if (!ZSTD_isError(result)) return result;
      switch (ZSTD_getErrorCode(result)) {
        case ZSTD_error_dstSize_tooSmall:
          return std::nullopt;
        case ZSTD_error_memory_allocation:
          fail_memory();
        default:
          fail_corrupt(CodecKind::zstandard, ZSTD_getErrorName(result));
      }
    });
  }

 private:
  struct Free {
    void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
  };

  /// The size that the first frame claims, as far as it is believed.
  static std::size_t first_bytes(ByteView in) {
    const unsigned long long claimed = ZSTD_getFrameContentSize(in.data(), in.size());
    if (claimed == ZSTD_CONTENTSIZE_UNKNOWN || claimed == ZSTD_CONTENTSIZE_ERROR) return in.size() * 4;
    return static_cast<std::size_t>(std::min<unsigned long long>(claimed, in.size() * kMaxFirstRatio));
  }

  int level_;
  std::unique_ptr<ZSTD_CCtx, Free> compressor_;
  std::unique_ptr<ZSTD_DCtx, Free> decompressor_;
};

int checked_level(CodecKind kind, int level, int max_level) {
  if (level >= 1 && level <= max_level) return level;
  throw Error("22023", concat("compression level ", level, " is out of range for codec \"", codec_name(kind), "\""))
      .detail(concat("Valid levels are 1 to ", max_level, "."));
}

}  // namespace

std::string_view codec_name(CodecKind kind) {
  switch (kind) {
    case CodecKind::null_:
      return "null";
    case CodecKind::deflate:
      return "deflate";
    case CodecKind::zstandard:
      return "zstandard";
  }
  return {};
}

CodecKind codec_by_name(std::string_view name) {
  if (name == "none") return CodecKind::null_;
  for (const CodecKind kind : {CodecKind::null_, CodecKind::deflate, CodecKind::zstandard})
    if (codec_name(kind) == name) return kind;
  throw Error("0A000", concat("codec \"", name, "\" is not supported"))
      .detail("Supported codecs are none (null), deflate and zstandard.");
}

std::unique_ptr<Codec> make_codec(CodecKind kind, std::optional<int> level) {
  switch (kind) {
    case CodecKind::null_:
      return std::make_unique<NullCodec>();
    case CodecKind::deflate:
      return std::make_unique<DeflateCodec>(checked_level(kind, level.value_or(6), 12));
    case CodecKind::zstandard:
      return std::make_unique<ZstandardCodec>(checked_level(kind, level.value_or(1), 22));
  }
  throw Error("XX000", "codec has no implementation");
}

}  // namespace ferry::avro
