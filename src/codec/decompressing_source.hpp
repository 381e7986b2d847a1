#pragma once

#include <memory>
#include <string>

#include "base/interrupts.hpp"
#include "base/io.hpp"
#include "base/room.hpp"
#include "codec/stream_decoder.hpp"

namespace ferry::codec {

/// The bytes of a compressed file, decompressed as they are read: all members, one behind the other.
class DecompressingSource final : public ByteSource {
 public:
  /// origin begins with format and outlives the source. position: what errors call it, as file "/d/a.gz".
  DecompressingSource(ByteSource& origin, const StreamFormat& format, std::string position, CheckInterrupts check_interrupts);

  /// Calls check_interrupts every few milliseconds.
  /// Errors, with position and byte in the context: 22P04 data that is damaged, ends too early or is followed by something else;
  /// those of StreamDecoder. What origin and check_interrupts throw.
  [[nodiscard]] std::size_t read(std::span<std::uint8_t> out) override;
  /// All that was decompressed.
  [[nodiscard]] std::optional<std::uint64_t> origin_bytes() const override { return fetched_bytes_ - in_.size(); }

 private:
  bool fetch();
  bool begin_member();
  [[nodiscard]] std::size_t decode(std::span<std::uint8_t> out);
  void read_ahead();

  ByteSource& origin_;
  const StreamFormat& format_;
  std::string position_;
  CheckInterrupts check_interrupts_;
  std::unique_ptr<StreamDecoder> decoder_;
  Bytes buffer_;
  ByteView in_;  ///< what is left in it
  std::uint64_t fetched_bytes_ = 0;
  Room plain_;
  ByteView ahead_;  ///< what is left in it
  bool is_in_member_ = false;
  bool may_hold_more_ = false;  ///< the decoder, of which the last step filled all that it was given
};

}  // namespace ferry::codec
