#include <bzlib.h>

#include <optional>

#include "codec/library.hpp"
#include "codec/stream_decoder.hpp"

namespace ferry::codec {
namespace {

class Bzip2Decoder final : public StreamDecoder {
 public:
  void begin() override {
    if (BZ2_bzDecompressInit(state_.emplace().get(), 0, 0) != BZ_OK) fail_memory();
  }

  Step decode(ByteView in, std::span<std::uint8_t> out) override {
    bz_stream& state = *state_->get();
    const ByteView input = step_of(in, kStreamPieceBytes);
    const std::span<std::uint8_t> output = out.first(std::min(out.size(), kStreamPieceBytes));
    // the library reads through a pointer that is not const
    state.next_in = reinterpret_cast<char*>(const_cast<std::uint8_t*>(input.data()));
    state.avail_in = static_cast<unsigned>(input.size());
    state.next_out = reinterpret_cast<char*>(output.data());
    state.avail_out = static_cast<unsigned>(output.size());
    const int status = BZ2_bzDecompress(&state);
    if (status == BZ_MEM_ERROR) fail_memory();
    if (status != BZ_OK && status != BZ_STREAM_END)
      fail_damaged("bzip2",
                   status == BZ_DATA_ERROR_MAGIC ? "something else than a stream begins here" : "the checksum does not match");
    return {input.size() - state.avail_in, output.size() - state.avail_out, status == BZ_STREAM_END};
  }

 private:
  std::optional<LibraryStream<bz_stream, BZ2_bzDecompressEnd>> state_;  ///< of one stream: the library cannot begin again
};

}  // namespace

std::unique_ptr<StreamDecoder> make_bzip2_decoder() { return std::make_unique<Bzip2Decoder>(); }

}  // namespace ferry::codec
