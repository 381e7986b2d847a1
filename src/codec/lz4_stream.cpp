#include <lz4frame.h>

#include "codec/library.hpp"
#include "codec/stream_decoder.hpp"

namespace ferry::codec {
namespace {

class Lz4Decoder final : public StreamDecoder {
 public:
  Lz4Decoder() {
    LZ4F_dctx* made = nullptr;
    if (LZ4F_isError(LZ4F_createDecompressionContext(&made, LZ4F_VERSION))) fail_memory();
    state_.reset(made);
  }

  void begin() override { LZ4F_resetDecompressionContext(state_.get()); }

  Step decode(ByteView in, std::span<std::uint8_t> out) override {
    std::size_t read_bytes = std::min(in.size(), kStreamPieceBytes), written_bytes = std::min(out.size(), kStreamPieceBytes);
    const std::size_t result = LZ4F_decompress(state_.get(), out.data(), &written_bytes, in.data(), &read_bytes, nullptr);
    if (LZ4F_isError(result)) {
      const std::string_view name = LZ4F_getErrorName(result);
      if (name == "ERROR_allocation_failed") fail_memory();
      fail_damaged("lz4", name);
    }
    return {read_bytes, written_bytes, result == 0};
  }

 private:
  struct Free {
    void operator()(LZ4F_dctx* state) const { LZ4F_freeDecompressionContext(state); }
  };

  std::unique_ptr<LZ4F_dctx, Free> state_;
};

}  // namespace

std::unique_ptr<StreamDecoder> make_lz4_decoder() { return std::make_unique<Lz4Decoder>(); }

}  // namespace ferry::codec
