#include <zstd.h>
#include <zstd_errors.h>

#include "codec/library.hpp"
#include "codec/stream_decoder.hpp"

namespace ferry::codec {
namespace {

class ZstandardDecoder final : public StreamDecoder {
 public:
  ZstandardDecoder() : state_(ZSTD_createDCtx()) {
    if (!state_) fail_memory();
    ZSTD_DCtx_setParameter(state_.get(), ZSTD_d_windowLogMax, kMaxZstandardWindowLog);
  }

  void begin() override { ZSTD_DCtx_reset(state_.get(), ZSTD_reset_session_only); }

  Step decode(ByteView in, std::span<std::uint8_t> out) override {
    ZSTD_inBuffer input{in.data(), std::min(in.size(), kStreamPieceBytes), 0};
    ZSTD_outBuffer output{out.data(), std::min(out.size(), kStreamPieceBytes), 0};
    const std::size_t result = ZSTD_decompressStream(state_.get(), &output, &input);
    if (ZSTD_isError(result)) fail(result);
    return {input.pos, output.pos, result == 0};
  }

 private:
  struct Free {
    void operator()(ZSTD_DCtx* state) const { ZSTD_freeDCtx(state); }
  };

  [[noreturn]] static void fail(std::size_t result) {
    switch (ZSTD_getErrorCode(result)) {
      case ZSTD_error_memory_allocation:
        fail_memory();
      case ZSTD_error_frameParameter_windowTooLarge:
        fail_window("zstandard", std::size_t{1} << (kMaxZstandardWindowLog - 20));
      default:
        fail_damaged("zstandard", ZSTD_getErrorName(result));
    }
  }

  std::unique_ptr<ZSTD_DCtx, Free> state_;
};

}  // namespace

std::unique_ptr<StreamDecoder> make_zstandard_decoder() { return std::make_unique<ZstandardDecoder>(); }

}  // namespace ferry::codec
