#include <zstd.h>
#include <zstd_errors.h>

#include "base/concat.hpp"
#include "base/error.hpp"
#include "codec/library.hpp"

namespace ferry::codec {
namespace {

class ZstandardCodec final : public Codec {
 public:
  ZstandardCodec(int level, CheckInterrupts check_interrupts) : level_(level), check_interrupts_(check_interrupts) {}

  std::size_t compress_bound(std::size_t size_bytes) override { return ZSTD_compressBound(size_bytes); }

  std::size_t compress(ByteView in, std::span<std::uint8_t> out) override {
    if (!compressor_) make_compressor();
    check(check_interrupts_);
    // the levels up to 12 take up to 60 ms for a MB, the others up to 650 ms
    constexpr int kLastFastLevel = 12;
    constexpr std::size_t kMaxFastBytes = std::size_t{1} << 20;
    if (level_ > kLastFastLevel || in.size() > kMaxFastBytes) return compress_in_pieces(in, out);
    const std::size_t result = ZSTD_compress2(compressor_.get(), out.data(), out.size(), in.data(), in.size());
    if (ZSTD_isError(result)) fail_memory();
    return result;
  }

  /// One frame or several, with or without their content size.
  ByteView decompress(ByteView in, std::size_t max_bytes, Room& room) override {
    if (in.empty()) fail_corrupt(CodecKind::zstandard, "there is no frame");
    if (!decompressor_) decompressor_.reset(ZSTD_createDCtx());
    if (!decompressor_) fail_memory();
    const std::optional<ByteView> at_once = decompress_in_one_call(
        in, first_bytes(in), max_bytes, room, [&](std::span<std::uint8_t> out) -> std::optional<std::size_t> {
          check(check_interrupts_);
          const std::size_t result = ZSTD_decompressDCtx(decompressor_.get(), out.data(), out.size(), in.data(), in.size());
          if (ZSTD_getErrorCode(result) == ZSTD_error_dstSize_tooSmall) return std::nullopt;
          return checked(result);
        });
    return at_once ? *at_once : decompress_in_pieces(in, max_bytes, room);
  }

 private:
  /// What the decompressor returns, if it is no error.
  static std::size_t checked(std::size_t result) {
    if (!ZSTD_isError(result)) return result;
    switch (ZSTD_getErrorCode(result)) {
      case ZSTD_error_memory_allocation:
        fail_memory();
      case ZSTD_error_frameParameter_windowTooLarge:
        throw Error("54000", "block of codec \"zstandard\" needs a window of more than 128 MB to be decompressed")
            .hint("Compress it with a smaller window.");
      default:
        fail_corrupt(CodecKind::zstandard, ZSTD_getErrorName(result));
    }
  }

  std::size_t compress_in_pieces(ByteView in, std::span<std::uint8_t> out) {
    ZSTD_CCtx_reset(compressor_.get(), ZSTD_reset_session_only);
    ZSTD_CCtx_setPledgedSrcSize(compressor_.get(), in.size());
    ZSTD_outBuffer output{out.data(), out.size(), 0};
    for (bool is_complete = false; !is_complete;) {
      check(check_interrupts_);
      const ByteView step = step_of(in);
      const bool is_last = step.size() == in.size();
      ZSTD_inBuffer input{step.data(), step.size(), 0};
      const std::size_t left_bytes =
          ZSTD_compressStream2(compressor_.get(), &output, &input, is_last ? ZSTD_e_end : ZSTD_e_continue);
      if (ZSTD_isError(left_bytes)) fail_memory();
      in = in.subspan(input.pos);
      is_complete = is_last && left_bytes == 0;
    }
    return output.pos;
  }

  ByteView decompress_in_pieces(ByteView in, std::size_t max_bytes, Room& room) {
    ZSTD_DCtx_reset(decompressor_.get(), ZSTD_reset_session_only);
    GrowingOutput growing(room, max_bytes);
    for (bool is_complete = false; !in.empty() || !is_complete;) {
      check(check_interrupts_);
      const ByteView step = step_of(in);
      const std::span<std::uint8_t> out = growing.next();
      ZSTD_inBuffer input{step.data(), step.size(), 0};
      ZSTD_outBuffer output{out.data(), out.size(), 0};
      is_complete = checked(ZSTD_decompressStream(decompressor_.get(), &output, &input)) == 0;
      if (!is_complete && input.pos == 0 && output.pos == 0) fail_corrupt(CodecKind::zstandard, "the frame ends too early");
      in = in.subspan(input.pos);
      growing.advance(output.pos);
    }
    return growing.written();
  }

  struct Free {
    void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
  };

  void make_compressor() {
    std::unique_ptr<ZSTD_CCtx, Free> made(ZSTD_createCCtx());
    if (!made) fail_memory();
    const auto set = [&made](ZSTD_cParameter parameter, int value) {
      if (ZSTD_isError(ZSTD_CCtx_setParameter(made.get(), parameter, value)))
        throw Error("XX000", concat("zstandard does not take ", value, " for parameter ", static_cast<int>(parameter)));
    };
    set(ZSTD_c_compressionLevel, level_);
    // a table that the processor's nearest memory holds: rows take 8 percent less time, and up to 2 percent more room
    if (level_ == 1) set(ZSTD_c_hashLog, 13);
    // the tables for the windows of the highest levels, up to 128 MB, take 300 ms to be cleared; it is a limit, and no size
    constexpr int kFirstLongLevel = 20, kMaxWindowLog = 24;
    if (level_ >= kFirstLongLevel) set(ZSTD_c_windowLog, kMaxWindowLog);
    compressor_ = std::move(made);
  }

  /// The size that the first frame claims, as far as it is believed.
  static std::size_t first_bytes(ByteView in) {
    const unsigned long long claimed = ZSTD_getFrameContentSize(in.data(), in.size());
    if (claimed == ZSTD_CONTENTSIZE_UNKNOWN || claimed == ZSTD_CONTENTSIZE_ERROR) return in.size() * 4;
    return static_cast<std::size_t>(std::min<unsigned long long>(claimed, in.size() * kMaxFirstRatio));
  }

  int level_;
  CheckInterrupts check_interrupts_;
  std::unique_ptr<ZSTD_CCtx, Free> compressor_;
  std::unique_ptr<ZSTD_DCtx, Free> decompressor_;
};

}  // namespace

std::unique_ptr<Codec> make_zstandard_codec(int level, CheckInterrupts check_interrupts) {
  return std::make_unique<ZstandardCodec>(level, check_interrupts);
}

}  // namespace ferry::codec
