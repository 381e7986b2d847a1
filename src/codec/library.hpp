#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "codec/codec.hpp"

// What the codecs share, and what makes each; for codec.cpp and the files of the codecs only.
namespace ferry::codec {

/// Each over its library. Precondition: the level is one of codec_levels().
[[nodiscard]] std::unique_ptr<Codec> make_deflate_codec(int level, CheckInterrupts check_interrupts);
[[nodiscard]] std::unique_ptr<Codec> make_snappy_codec(CheckInterrupts check_interrupts);
[[nodiscard]] std::unique_ptr<Codec> make_zstandard_codec(int level, CheckInterrupts check_interrupts);
[[nodiscard]] std::unique_ptr<Codec> make_bzip2_codec(int level, CheckInterrupts check_interrupts);
[[nodiscard]] std::unique_ptr<Codec> make_xz_codec(int level, CheckInterrupts check_interrupts);

/// 53200
[[noreturn]] void fail_memory();
/// 54000: more than max_bytes come out of a block.
[[noreturn]] void fail_limit(std::size_t max_bytes);
/// 22P04: a block is not what its codec makes. reason: the end of a sentence.
[[noreturn]] void fail_corrupt(CodecKind kind, std::string_view reason);

/// How much is compressed or decompressed between two looks for interrupts. The slowest make a MB in three seconds.
inline constexpr std::size_t kStepBytes = std::size_t{32} << 10;
/// The same where it is little more than a copy.
inline constexpr std::size_t kFastStepBytes = std::size_t{1} << 20;
/// The most that is decompressed by a single call of a library, which nothing can interrupt.
inline constexpr std::size_t kMaxOneCallBytes = std::size_t{32} << 20;

/// What a decompressor gets at least and, however well the data compresses, at first at most of for each byte of input.
inline constexpr std::size_t kMinOutputBytes = std::size_t{64} << 10;
inline constexpr std::size_t kMaxFirstRatio = 32;

/// The front of bytes, for one step.
inline ByteView step_of(ByteView bytes, std::size_t step_bytes = kStepBytes) {
  return bytes.first(std::min(bytes.size(), step_bytes));
}

/// Makes room size_bytes large or leaves it larger. What is in there is lost.
inline void make_room(Room& room, std::size_t size_bytes) {
  if (room.size() < size_bytes) room.renew(size_bytes);
}

/// Calls decompress_into(out), which returns the size of the result or nothing where out is too small, with an ever larger out.
/// Some libraries decompress a whole block into one buffer fastest, without a window buffer whose size the data would choose; a
/// retry is rare, because the room of the last block is tried first. Nothing where the block is too large for one call.
template <class Function>
std::optional<ByteView> decompress_in_one_call(ByteView in, std::size_t first_bytes, std::size_t max_bytes, Room& room,
                                               Function decompress_into) {
  if (in.size() > kMaxOneCallBytes) return std::nullopt;
  const std::size_t most_bytes = std::min(max_bytes, kMaxOneCallBytes);
  std::size_t size_bytes = std::min(std::max({first_bytes, room.size(), kMinOutputBytes}), most_bytes);
  for (;;) {
    make_room(room, size_bytes);
    const std::span<std::uint8_t> out = room.first(size_bytes);
    if (const std::optional<std::size_t> result = decompress_into(out)) return out.first(*result);
    if (size_bytes == max_bytes) fail_limit(max_bytes);
    if (size_bytes == most_bytes) return std::nullopt;
    size_bytes = size_bytes > most_bytes / 2 ? most_bytes : size_bytes * 2;
  }
}

/// The state of a library's coder, zero before it begins, with what frees it.
template <class State, auto End>
class LibraryStream {
 public:
  LibraryStream() = default;
  ~LibraryStream() { End(&state_); }
  LibraryStream(const LibraryStream&) = delete;
  LibraryStream& operator=(const LibraryStream&) = delete;
  State* get() { return &state_; }
  State* operator->() { return &state_; }

 private:
  State state_{};
};

/// Where a library that hands out its output bit by bit puts it: room, which grows as it fills.
class GrowingOutput {
 public:
  GrowingOutput(Room& room, std::size_t max_bytes) : room_(room), max_bytes_(max_bytes) {}

  /// Where the next bytes go: one to kStepBytes of them.
  [[nodiscard]] std::span<std::uint8_t> next() {
    // Only a library that has room to write shows whether there is more to come.
    if (done_bytes_ == max_bytes_) return {&beyond_, 1};
    if (done_bytes_ >= room_.size()) grow();
    return {room_.data() + done_bytes_, std::min({room_.size() - done_bytes_, max_bytes_ - done_bytes_, kStepBytes})};
  }

  /// That many bytes of it were written. Errors: 54000.
  void advance(std::size_t written_bytes) {
    if (written_bytes > max_bytes_ - done_bytes_) fail_limit(max_bytes_);
    done_bytes_ += written_bytes;
  }

  /// All that was written.
  [[nodiscard]] ByteView written() const { return room_.first(done_bytes_); }

 private:
  void grow() {
    const std::size_t doubled = done_bytes_ > max_bytes_ / 2 ? max_bytes_ : done_bytes_ * 2;
    room_.resize(std::min(std::max(doubled, kMinOutputBytes), max_bytes_));
  }

  Room& room_;
  std::size_t max_bytes_, done_bytes_ = 0;
  std::uint8_t beyond_ = 0;
};

}  // namespace ferry::codec
