#include <bzlib.h>

#include "base/error.hpp"
#include "codec/library.hpp"

namespace ferry::codec {
namespace {

/// The library reads through a pointer that is not const.
char* chars(ByteView bytes) { return reinterpret_cast<char*>(const_cast<std::uint8_t*>(bytes.data())); }

/// Sizes are 32 bits there; what is handed over in steps fits.
unsigned step_bytes(std::size_t size_bytes) { return static_cast<unsigned>(std::min(size_bytes, kStepBytes)); }

/// The library sorts so many hundred kB at once, and data that is hard to sort takes it 0.37 seconds a MB.
constexpr int kMaxSortLevel = 6;

class Bzip2Codec final : public Codec {
 public:
  Bzip2Codec(int level, CheckInterrupts check_interrupts) : level_(level), check_interrupts_(check_interrupts) {}

  /// What the library's manual says: 1 % and 600 bytes more.
  std::size_t compress_bound(std::size_t size_bytes) override { return size_bytes + size_bytes / 100 + 600; }

  std::size_t compress(ByteView in, std::span<std::uint8_t> out) override {
    LibraryStream<bz_stream, BZ2_bzCompressEnd> stream;  // the library has no way to use one again
    if (BZ2_bzCompressInit(stream.get(), std::min(level_, kMaxSortLevel), 0, 0) != BZ_OK) fail_memory();
    std::size_t written_bytes = 0;
    for (int status = BZ_RUN_OK; status != BZ_STREAM_END;) {
      check(check_interrupts_);
      const unsigned input = step_bytes(in.size()), output = step_bytes(out.size() - written_bytes);
      stream->next_in = chars(in);
      stream->avail_in = input;
      stream->next_out = reinterpret_cast<char*>(out.data() + written_bytes);
      stream->avail_out = output;
      // The end may be announced with the last bytes of the input only, and must be said again until all has come out.
      status = BZ2_bzCompress(stream.get(), input == in.size() ? BZ_FINISH : BZ_RUN);
      if (status < 0) throw Error("XX000", "could not compress a block by codec \"bzip2\"");
      in = in.subspan(input - stream->avail_in);
      written_bytes += output - stream->avail_out;
    }
    return written_bytes;
  }

  /// One stream or several, as programs that compress in parallel write them.
  ByteView decompress(ByteView in, std::size_t max_bytes, Room& room) override {
    GrowingOutput output(room, max_bytes);
    do in = in.subspan(decompress_stream(in, output));
    while (!in.empty());
    return output.written();
  }

 private:
  /// Returns the size of the stream that in begins with.
  std::size_t decompress_stream(ByteView in, GrowingOutput& output) const {
    LibraryStream<bz_stream, BZ2_bzDecompressEnd> stream;
    if (BZ2_bzDecompressInit(stream.get(), 0, 0) != BZ_OK) fail_memory();
    std::size_t read_bytes = 0;
    for (int status = BZ_OK; status != BZ_STREAM_END;) {
      check(check_interrupts_);
      const unsigned input = step_bytes(in.size() - read_bytes);
      const std::span<std::uint8_t> out = output.next();
      stream->next_in = chars(in.subspan(read_bytes));
      stream->avail_in = input;
      stream->next_out = reinterpret_cast<char*>(out.data());
      stream->avail_out = static_cast<unsigned>(out.size());
      status = BZ2_bzDecompress(stream.get());
      if (status == BZ_MEM_ERROR) fail_memory();
      if (status != BZ_OK && status != BZ_STREAM_END) fail_corrupt(CodecKind::bzip2, "the stream is damaged or something else");
      const std::size_t read_now = input - stream->avail_in, written_now = out.size() - stream->avail_out;
      if (status == BZ_OK && read_now == 0 && written_now == 0) fail_corrupt(CodecKind::bzip2, "the stream ends too early");
      read_bytes += read_now;
      output.advance(written_now);
    }
    return read_bytes;
  }

  int level_;
  CheckInterrupts check_interrupts_;
};

}  // namespace

std::unique_ptr<Codec> make_bzip2_codec(int level, CheckInterrupts check_interrupts) {
  return std::make_unique<Bzip2Codec>(level, check_interrupts);
}

}  // namespace ferry::codec
