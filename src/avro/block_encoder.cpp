#include "avro/block_encoder.hpp"

#include <algorithm>

#include "avro/encode.hpp"
#include "base/concat.hpp"
#include "base/error.hpp"

namespace ferry::avro {
namespace {

/// Count and size come before the payload, and how long they are is known after it: they are put right before it.
constexpr std::size_t kHeadBytes = 2 * kMaxLongBytes;
/// What one large block has taken is not kept for the small ones after it.
constexpr std::size_t kKeptBytes = std::size_t{4} << 20;

}  // namespace

BlockEncoder::BlockEncoder(codec::CodecKind codec, std::optional<int> level, const SyncMarker& sync_marker,
                           CheckInterrupts check_interrupts)
    : codec_(codec::make_codec(codec, level, check_interrupts)), sync_marker_(sync_marker) {}

ByteView BlockEncoder::encode(std::int64_t record_count, ByteView payload) {
  if (record_count < 0) throw Error("22003", concat("record count ", record_count, " is negative"));
  if (record_count == 0) return {};
  const std::size_t bound_bytes = codec_->compress_bound(payload.size());
  const std::size_t needed_bytes = kHeadBytes + bound_bytes + sync_marker_.size();
  if (room_.size() < needed_bytes || (room_.size() > kKeptBytes && room_.size() / 4 > needed_bytes)) room_.renew(needed_bytes);
  std::uint8_t* const body = room_.data() + kHeadBytes;
  const std::size_t body_bytes = codec_->compress(payload, {body, bound_bytes});

  std::uint8_t head[kHeadBytes];
  const std::uint8_t* const head_end = encode_long(encode_long(head, record_count), static_cast<std::int64_t>(body_bytes));
  const auto head_bytes = static_cast<std::size_t>(head_end - head);
  std::copy_n(head, head_bytes, body - head_bytes);
  std::copy(sync_marker_.begin(), sync_marker_.end(), body + body_bytes);
  return {body - head_bytes, head_bytes + body_bytes + sync_marker_.size()};
}

}  // namespace ferry::avro
