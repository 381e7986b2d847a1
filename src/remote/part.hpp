#pragma once

#include <cstdint>
#include <memory>

#include "base/bytes.hpp"
#include "remote/digest.hpp"
#include "remote/store.hpp"
#include "remote/transfer.hpp"

namespace ferry::remote {

constexpr int kMostParts = 10'000;                                  ///< of an upload, by S3
constexpr std::uint64_t kMemoryPartBytes = std::uint64_t{5} << 20;  ///< of one without a file: the least that S3 takes

/// How large part number (from 1) of an upload is. The first 2,000 are equal, as some stores demand; the others grow, so that
/// kMostParts hold 5 TB.
[[nodiscard]] constexpr std::uint64_t part_bytes(int number) {
  constexpr int kEqualParts = 2'000;
  constexpr std::uint64_t kPartBytes = std::uint64_t{16} << 20;
  constexpr std::uint64_t kStepBytes = std::uint64_t{192} << 10;
  return kPartBytes + (number > kEqualParts ? static_cast<std::uint64_t>(number - kEqualParts) * kStepBytes : 0);
}

/// A part of an upload: it is filled, and then kept until the store has it. A small one is in memory, a larger one in a file: so
/// several can be under way, and a store's time for each of them does not add up.
class Part {
 public:
  /// has_digest: a digest of the bytes is computed on the way.
  Part(const Surroundings& surroundings, bool has_digest);
  ~Part();
  Part(Part&&) noexcept = default;
  Part& operator=(Part&&) noexcept = default;

  /// Empties it for part number. Where there are no files, the part is no larger than kMemoryPartBytes.
  void begin(int number);
  [[nodiscard]] std::uint64_t room_bytes() const { return most_bytes_ - payload_.bytes; }
  [[nodiscard]] bool is_empty() const { return payload_.bytes == 0; }
  /// Takes what has room, and returns how many bytes that is.
  std::size_t add(ByteView bytes);
  /// All that was added, valid until begin().
  [[nodiscard]] const Payload& finish();

 private:
  struct Descriptor {
    int number = -1;
    Descriptor() = default;
    explicit Descriptor(int descriptor) : number(descriptor) {}
    Descriptor(Descriptor&& other) noexcept;
    Descriptor& operator=(Descriptor&& other) noexcept;
    ~Descriptor();
  };

  void move_to_file();

  int (*open_spool_)();
  bool has_digest_;
  std::uint64_t most_bytes_ = kMemoryPartBytes;
  Bytes memory_;
  Descriptor file_;
  Sha256 digest_;
  Payload payload_;
};

}  // namespace ferry::remote
