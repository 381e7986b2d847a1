#include <bit>

#include <lzma.h>

#include "base/concat.hpp"
#include "base/error.hpp"
#include "codec/library.hpp"

namespace ferry::codec {
namespace {

[[noreturn]] void fail_decompression(lzma_ret status) {
  switch (status) {
    case LZMA_MEM_ERROR:
      fail_memory();
    case LZMA_MEMLIMIT_ERROR:
      throw Error("54000", concat("block of codec \"xz\" needs more than ", kMaxXzMemoryBytes >> 20, " MB to be decompressed"))
          .hint("Compress it with a smaller dictionary.");
    case LZMA_FORMAT_ERROR:
      fail_corrupt(CodecKind::xz, "something else than a stream begins here");
    case LZMA_OPTIONS_ERROR:
      fail_corrupt(CodecKind::xz, "the stream has options that are not supported");
    case LZMA_BUF_ERROR:
      fail_corrupt(CodecKind::xz, "the stream ends too early");
    default:
      fail_corrupt(CodecKind::xz, "the stream is damaged");
  }
}

class XzCodec final : public Codec {
 public:
  XzCodec(int level, CheckInterrupts check_interrupts) : level_(level), check_interrupts_(check_interrupts) {}

  /// The library's bound is that of its single call, which stores incompressible data in chunks of 64 kB; the encoder for steps
  /// makes them a little smaller.
  std::size_t compress_bound(std::size_t size_bytes) override {
    const std::size_t bound = lzma_stream_buffer_bound(size_bytes);
    if (bound == 0) throw Error("54000", concat("block of ", size_bytes, " bytes is too large for codec \"xz\""));
    return bound + size_bytes / 4096 + 64;
  }

  std::size_t compress(ByteView in, std::span<std::uint8_t> out) override {
    begin_compression(in.size());
    encoder_->next_out = out.data();
    encoder_->avail_out = out.size();
    for (lzma_ret status = LZMA_OK; status != LZMA_STREAM_END;) {
      check(check_interrupts_);
      const std::size_t input = std::min(in.size(), kStepBytes);
      encoder_->next_in = in.data();
      encoder_->avail_in = input;
      status = lzma_code(encoder_.get(), input == in.size() ? LZMA_FINISH : LZMA_RUN);
      if (status == LZMA_MEM_ERROR) fail_memory();
      if (status != LZMA_OK && status != LZMA_STREAM_END) throw Error("XX000", "could not compress a block by codec \"xz\"");
      in = in.subspan(input - encoder_->avail_in);
    }
    return out.size() - encoder_->avail_out;
  }

  /// One stream or several, with padding between them.
  ByteView decompress(ByteView in, std::size_t max_bytes, Room& room) override {
    const lzma_ret begun = lzma_stream_decoder(decoder_.get(), kMaxXzMemoryBytes, LZMA_CONCATENATED);
    if (begun != LZMA_OK) fail_decompression(begun);
    GrowingOutput output(room, max_bytes);
    for (lzma_ret status = LZMA_OK; status != LZMA_STREAM_END;) {
      check(check_interrupts_);
      const ByteView input = step_of(in);
      const std::span<std::uint8_t> out = output.next();
      decoder_->next_in = input.data();
      decoder_->avail_in = input.size();
      decoder_->next_out = out.data();
      decoder_->avail_out = out.size();
      status = lzma_code(decoder_.get(), input.size() == in.size() ? LZMA_FINISH : LZMA_RUN);
      if (status != LZMA_OK && status != LZMA_STREAM_END) fail_decompression(status);
      in = in.subspan(input.size() - decoder_->avail_in);
      output.advance(out.size() - decoder_->avail_out);
    }
    return output.written();
  }

 private:
  /// The dictionary, and with it what writer and reader need of memory, is no larger than what can be looked up in it.
  void begin_compression(std::size_t size_bytes) {
    lzma_options_lzma options;
    lzma_lzma_preset(&options, static_cast<std::uint32_t>(level_));
    const std::size_t largest = options.dict_size;
    options.dict_size = static_cast<std::uint32_t>(
        std::min(largest, std::bit_ceil(std::clamp<std::size_t>(size_bytes, LZMA_DICT_SIZE_MIN, largest))));
    const lzma_filter filters[] = {{LZMA_FILTER_LZMA2, &options}, {LZMA_VLI_UNKNOWN, nullptr}};
    if (lzma_stream_encoder(encoder_.get(), filters, LZMA_CHECK_CRC64) != LZMA_OK) fail_memory();
  }

  int level_;
  CheckInterrupts check_interrupts_;
  LibraryStream<lzma_stream, lzma_end> encoder_, decoder_;  ///< they keep their memory when they begin again
};

}  // namespace

std::unique_ptr<Codec> make_xz_codec(int level, CheckInterrupts check_interrupts) {
  return std::make_unique<XzCodec>(level, check_interrupts);
}

}  // namespace ferry::codec
