#include <libdeflate.h>
#include <zlib.h>

#include "base/error.hpp"
#include "codec/library.hpp"

// libdeflate is several times as fast as zlib, but takes a block whole: zlib, which takes pieces, has the blocks that would keep
// libdeflate busy too long.
namespace ferry::codec {
namespace {

/// The most that libdeflate compresses in one call. The levels up to 6 take up to 30 ms for a MB, the others up to 500 ms, and an
/// ordinary block with the row that overfills it is to have the better ratio of libdeflate.
std::size_t max_one_call_bytes(int level) {
  constexpr int kLastFastLevel = 6;
  return level <= kLastFastLevel ? std::size_t{4} << 20 : std::size_t{640} << 10;
}

void set(z_stream& stream, ByteView in, std::span<std::uint8_t> out) {
  stream.next_in = const_cast<std::uint8_t*>(in.data());  // zlib reads through a pointer that is not const
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = out.data();
  stream.avail_out = static_cast<uInt>(out.size());
}

/// Raw deflate, RFC 1951: without the header and the checksum of zlib.
class DeflateCodec final : public Codec {
 public:
  DeflateCodec(int level, CheckInterrupts check_interrupts) : level_(level), check_interrupts_(check_interrupts) {}

  std::size_t compress_bound(std::size_t size_bytes) override {
    const std::size_t bound = libdeflate_deflate_compress_bound(&compressor(), size_bytes);
    return size_bytes <= max_one_call_bytes(level_) ? bound : std::max<std::size_t>(bound, compressBound(size_bytes));
  }

  std::size_t compress(ByteView in, std::span<std::uint8_t> out) override {
    check(check_interrupts_);
    if (in.size() > max_one_call_bytes(level_)) return compress_in_pieces(in, out);
    return libdeflate_deflate_compress(&compressor(), in.data(), in.size(), out.data(), out.size());
  }

  ByteView decompress(ByteView in, std::size_t max_bytes, Room& room) override {
    std::size_t read_bytes = 0;
    if (!decompressor_) decompressor_.reset(libdeflate_alloc_decompressor());
    if (!decompressor_) fail_memory();
    const std::optional<ByteView> at_once = decompress_in_one_call(
        in, in.size() * 4, max_bytes, room, [&](std::span<std::uint8_t> out) -> std::optional<std::size_t> {
          check(check_interrupts_);
          std::size_t size_bytes = 0;
          switch (libdeflate_deflate_decompress_ex(decompressor_.get(), in.data(), in.size(), out.data(), out.size(), &read_bytes,
                                                   &size_bytes)) {
            case LIBDEFLATE_SUCCESS:
              return size_bytes;
            case LIBDEFLATE_INSUFFICIENT_SPACE:
              return std::nullopt;
            default:
              fail_stream();
          }
        });
    const ByteView result = at_once ? *at_once : decompress_in_pieces(in, max_bytes, room, read_bytes);
    check_end(in.subspan(read_bytes), result);
    return result;
  }

 private:
  [[noreturn]] static void fail_stream() { fail_corrupt(CodecKind::deflate, "the stream is damaged or ends too early"); }

  std::size_t compress_in_pieces(ByteView in, std::span<std::uint8_t> out) const {
    constexpr int kMemoryLevel = 8;  // the library's own
    LibraryStream<z_stream, deflateEnd> stream;
    const int level = std::min(level_, Z_BEST_COMPRESSION);
    if (deflateInit2(stream.get(), level, Z_DEFLATED, -MAX_WBITS, kMemoryLevel, Z_DEFAULT_STRATEGY) != Z_OK) fail_memory();
    std::size_t written_bytes = 0;
    for (int status = Z_OK; status != Z_STREAM_END;) {
      check(check_interrupts_);
      const ByteView input = step_of(in);
      const std::span<std::uint8_t> output = out.subspan(written_bytes, std::min(out.size() - written_bytes, kStepBytes));
      set(*stream.get(), input, output);
      status = deflate(stream.get(), input.size() == in.size() ? Z_FINISH : Z_NO_FLUSH);
      if (status != Z_OK && status != Z_STREAM_END) throw Error("XX000", "could not compress a block by codec \"deflate\"");
      in = in.subspan(input.size() - stream->avail_in);
      written_bytes += output.size() - stream->avail_out;
    }
    return written_bytes;
  }

  /// read_bytes: set to how much of in the stream is.
  ByteView decompress_in_pieces(ByteView in, std::size_t max_bytes, Room& room, std::size_t& read_bytes) const {
    LibraryStream<z_stream, inflateEnd> stream;
    if (inflateInit2(stream.get(), -MAX_WBITS) != Z_OK) fail_memory();
    GrowingOutput output(room, max_bytes);
    read_bytes = 0;
    for (int status = Z_OK; status != Z_STREAM_END;) {
      check(check_interrupts_);
      const ByteView input = step_of(in.subspan(read_bytes));
      const std::span<std::uint8_t> out = output.next();
      set(*stream.get(), input, out);
      status = inflate(stream.get(), Z_NO_FLUSH);
      if (status == Z_MEM_ERROR) fail_memory();
      if (status != Z_OK && status != Z_STREAM_END) fail_stream();
      read_bytes += input.size() - stream->avail_in;
      output.advance(out.size() - stream->avail_out);
    }
    return output.written();
  }

  /// After the end of the stream python3-avro leaves the first three bytes of the checksum that zlib has there; others may leave
  /// all four. Nothing else belongs there.
  void check_end(ByteView rest, ByteView result) const {
    if (rest.empty()) return;
    std::uint32_t sum = 1;
    for (ByteView step; !result.empty(); result = result.subspan(step.size())) {
      check(check_interrupts_);
      step = step_of(result, kFastStepBytes);
      sum = libdeflate_adler32(sum, step.data(), step.size());
    }
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
  CheckInterrupts check_interrupts_;
  std::unique_ptr<libdeflate_compressor, Free> compressor_;
  std::unique_ptr<libdeflate_decompressor, Free> decompressor_;
};

}  // namespace

std::unique_ptr<Codec> make_deflate_codec(int level, CheckInterrupts check_interrupts) {
  return std::make_unique<DeflateCodec>(level, check_interrupts);
}

}  // namespace ferry::codec
