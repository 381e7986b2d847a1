#include <zlib.h>

#include "codec/library.hpp"
#include "codec/stream_decoder.hpp"

namespace ferry::codec {
namespace {

class GzipDecoder final : public StreamDecoder {
 public:
  void begin() override {
    constexpr int kWithGzipHeader = 16;
    const int status = is_open_ ? inflateReset(state_.get()) : inflateInit2(state_.get(), MAX_WBITS + kWithGzipHeader);
    if (status != Z_OK) fail_memory();
    is_open_ = true;
  }

  Step decode(ByteView in, std::span<std::uint8_t> out) override {
    const ByteView input = step_of(in, kStreamPieceBytes);
    const std::span<std::uint8_t> output = out.first(std::min(out.size(), kStreamPieceBytes));
    state_->next_in = const_cast<std::uint8_t*>(input.data());
    state_->avail_in = static_cast<unsigned>(input.size());
    state_->next_out = output.data();
    state_->avail_out = static_cast<unsigned>(output.size());
    const int status = inflate(state_.get(), Z_NO_FLUSH);
    if (status == Z_MEM_ERROR) fail_memory();
    if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR)
      fail_damaged("gzip", state_->msg != nullptr ? state_->msg : "the data is something else");
    return {input.size() - state_->avail_in, output.size() - state_->avail_out, status == Z_STREAM_END};
  }

 private:
  LibraryStream<z_stream, inflateEnd> state_;
  bool is_open_ = false;
};

}  // namespace

std::unique_ptr<StreamDecoder> make_gzip_decoder() { return std::make_unique<GzipDecoder>(); }

}  // namespace ferry::codec
