#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "base/bytes.hpp"
#include "base/room.hpp"
#include "codec/codec.hpp"

// Source: Avro 1.12, Object Container Files.
namespace ferry::avro {

/// What a block has before compression unless it is said otherwise. More no longer fits into the caches of usual processors.
inline constexpr std::size_t kUsualBlockBytes = std::size_t{512} << 10;

using SyncMarker = std::array<std::uint8_t, 16>;

/// Makes blocks of a container file, apart from writing them: several encoders of the same codec and sync marker, in processes of
/// their own, make blocks that one ContainerWriter appends to one file.
class BlockEncoder {
 public:
  /// Errors: 22023 as check_codec_level().
  BlockEncoder(codec::CodecKind codec, std::optional<int> level, const SyncMarker& sync_marker,
               CheckInterrupts check_interrupts = nullptr);

  /// All bytes of a block of record_count records, whose encoding is payload: count, size, the payload compressed, sync marker.
  /// Of 0 records nothing. Valid until the next call. The payload is compressed, or copied once, right where it belongs.
  /// Errors: 22003 a negative record_count; as Codec::compress().
  [[nodiscard]] ByteView encode(std::int64_t record_count, ByteView payload);

 private:
  std::unique_ptr<codec::Codec> codec_;
  SyncMarker sync_marker_;
  Room room_;
};

}  // namespace ferry::avro
