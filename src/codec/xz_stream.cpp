#include <lzma.h>

#include "codec/library.hpp"
#include "codec/stream_decoder.hpp"

namespace ferry::codec {
namespace {

class XzDecoder final : public StreamDecoder {
 public:
  void begin() override {
    if (lzma_stream_decoder(state_.get(), kMaxXzMemoryBytes, 0) != LZMA_OK) fail_memory();
  }

  Step decode(ByteView in, std::span<std::uint8_t> out) override {
    const ByteView input = step_of(in, kStreamPieceBytes);
    const std::span<std::uint8_t> output = out.first(std::min(out.size(), kStreamPieceBytes));
    state_->next_in = input.data();
    state_->avail_in = input.size();
    state_->next_out = output.data();
    state_->avail_out = output.size();
    const lzma_ret status = lzma_code(state_.get(), LZMA_RUN);
    if (status != LZMA_OK && status != LZMA_STREAM_END && status != LZMA_BUF_ERROR) fail(status);
    return {input.size() - state_->avail_in, output.size() - state_->avail_out, status == LZMA_STREAM_END};
  }

 private:
  [[noreturn]] static void fail(lzma_ret status) {
    switch (status) {
      case LZMA_MEM_ERROR:
        fail_memory();
      case LZMA_MEMLIMIT_ERROR:
        fail_window("xz", kMaxXzMemoryBytes >> 20);
      case LZMA_FORMAT_ERROR:
        fail_damaged("xz", "something else than a stream begins here");
      case LZMA_OPTIONS_ERROR:
        fail_damaged("xz", "the stream has options that are not supported");
      default:
        fail_damaged("xz", "the stream does not make sense, or a checksum does not match");
    }
  }

  LibraryStream<lzma_stream, lzma_end> state_;  ///< keeps its memory when it begins again
};

}  // namespace

std::unique_ptr<StreamDecoder> make_xz_decoder() { return std::make_unique<XzDecoder>(); }

}  // namespace ferry::codec
