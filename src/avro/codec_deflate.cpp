#include <libdeflate.h>

#include "avro/codec_library.hpp"

namespace ferry::avro {
namespace {

/// Raw deflate, RFC 1951: without the header and the checksum of zlib.
class DeflateCodec final : public Codec {
 public:
  explicit DeflateCodec(int level) : level_(level) {}

  std::size_t compress_bound(std::size_t size_bytes) override {
    return libdeflate_deflate_compress_bound(&compressor(), size_bytes);
  }

  std::size_t compress(ByteView in, std::span<std::uint8_t> out) override {
    return libdeflate_deflate_compress(&compressor(), in.data(), in.size(), out.data(), out.size());
  }

  ByteView decompress(ByteView in, std::size_t max_bytes, Bytes& room) override {
    if (!decompressor_) decompressor_.reset(libdeflate_alloc_decompressor());
    if (!decompressor_) fail_memory();
    std::size_t read_bytes = 0;
    const ByteView result =
        decompress_growing(in.size() * 4, max_bytes, room, [&](std::span<std::uint8_t> out) -> std::optional<std::size_t> {
          std::size_t size_bytes = 0;
          switch (libdeflate_deflate_decompress_ex(decompressor_.get(), in.data(), in.size(), out.data(), out.size(), &read_bytes,
                                                   &size_bytes)) {
            case LIBDEFLATE_SUCCESS:
              return size_bytes;
            case LIBDEFLATE_INSUFFICIENT_SPACE:
              return std::nullopt;
            default:
              fail_corrupt(CodecKind::deflate, "the stream is damaged or ends too early");
          }
        });
    check_end(in.subspan(read_bytes), result);
    return result;
  }

 private:
  /// After the end of the stream python3-avro leaves the first three bytes of the checksum that zlib has there; others may leave
  /// all four. Nothing else belongs there.
  static void check_end(ByteView rest, ByteView result) {
    if (rest.empty()) return;
    const std::uint32_t sum = libdeflate_adler32(1, result.data(), result.size());
    bool is_sum = rest.size() <= sizeof sum;
    for (std::size_t i = 0; is_sum && i < rest.size(); i++) is_sum = rest[i] == static_cast<std::uint8_t>(sum >> (24 - 8 * i));
    if (!is_sum) fail_corrupt(CodecKind::deflate, "there are bytes after the end of the stream");
  }

  libdeflate_compressor& compressor() {
    if (!compressor_) compressor_.reset(libdeflate_alloc_compressor(level_));
    if (!compressor_) fail_memory();
    return *compressor_;
  }

  struct Free {
    void operator()(libdeflate_compressor* compressor) const { libdeflate_free_compressor(compressor); }
    void operator()(libdeflate_decompressor* decompressor) const { libdeflate_free_decompressor(decompressor); }
  };
  int level_;
  std::unique_ptr<libdeflate_compressor, Free> compressor_;
  std::unique_ptr<libdeflate_decompressor, Free> decompressor_;
};

}  // namespace

std::unique_ptr<Codec> make_deflate_codec(int level) { return std::make_unique<DeflateCodec>(level); }

}  // namespace ferry::avro
