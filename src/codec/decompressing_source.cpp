#include "codec/decompressing_source.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/concat.hpp"
#include "base/error.hpp"

namespace ferry::codec {
namespace {

/// So much is decompressed at once. Who works on the bytes in between drives the window out of the nearer caches; it is fetched
/// again but once for so much. With as much as a window that costs a load of zstandard 5 % of its time, and 16 % with 64 kB.
constexpr std::size_t kAheadBytes = std::size_t{2} << 20;

}  // namespace

DecompressingSource::DecompressingSource(ByteSource& origin, const StreamFormat& format, std::string position,
                                         CheckInterrupts check_interrupts)
    : origin_(origin),
      format_(format),
      position_(std::move(position)),
      check_interrupts_(check_interrupts),
      decoder_(format.make()),
      buffer_(kStreamPieceBytes) {
  plain_.renew(kAheadBytes);
}

/// False at the end of the origin.
bool DecompressingSource::fetch() {
  const std::size_t count = origin_.read(buffer_);
  in_ = ByteView(buffer_).first(count);
  fetched_bytes_ += count;
  return count > 0;
}

/// False where there is none any more.
bool DecompressingSource::begin_member() {
  do {
    check(check_interrupts_);
    if (in_.empty() && !fetch()) return false;
    if (format_.may_be_padded)
      in_ = in_.subspan(
          static_cast<std::size_t>(std::find_if(in_.begin(), in_.end(), [](auto c) { return c != 0; }) - in_.begin()));
  } while (in_.empty());
  decoder_->begin();
  is_in_member_ = true;
  may_hold_more_ = false;
  return true;
}

/// A step of the decoder; how many bytes it wrote.
std::size_t DecompressingSource::decode(std::span<std::uint8_t> out) {
  const bool has_ended = in_.empty() && !may_hold_more_ && !fetch();
  try {
    if (has_ended) throw Error("22P04", concat(format_.name, " data ends too early")).detail("The end of the file is missing.");
    const StreamDecoder::Step step = decoder_->decode(in_, out);
    if (!in_.empty() && step.read_bytes == 0 && step.written_bytes == 0 && !step.is_end)
      fail_damaged(format_.name, "it stands still");
    in_ = in_.subspan(step.read_bytes);
    is_in_member_ = !step.is_end;
    may_hold_more_ = step.written_bytes > 0;
    return step.written_bytes;
  } catch (Error& error) {
    error.context(concat(position_, ", byte ", fetched_bytes_ - in_.size()));
    throw;
  }
}

/// Fills plain_ as far as the file goes.
void DecompressingSource::read_ahead() {
  std::size_t count = 0;
  while (count < kAheadBytes) {
    check(check_interrupts_);
    if (!is_in_member_ && !begin_member()) break;
    count += decode(plain_.first(kAheadBytes).subspan(count));
  }
  ahead_ = plain_.first(count);
}

std::size_t DecompressingSource::read(std::span<std::uint8_t> out) {
  if (ahead_.empty()) read_ahead();
  const std::size_t count = std::min(out.size(), ahead_.size());
  std::memcpy(out.data(), ahead_.data(), count);
  ahead_ = ahead_.subspan(count);
  return count;
}

}  // namespace ferry::codec
