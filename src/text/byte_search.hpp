#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace ferry::text {

/// Up to four bytes, to be found in text eight bytes at a time.
class ByteSearch {
 public:
  /// A byte may be given more than once.
  ByteSearch(char a, char b, char c, char d) : patterns_{repeat(a), repeat(b), repeat(c), repeat(d)} {}
  ByteSearch(char a, char b) : ByteSearch(a, b, a, b) {}

  /// The first place of one of the bytes in [from, to), or to.
  [[nodiscard]] const char* find(const char* from, const char* to) const {
    if constexpr (std::endian::native == std::endian::little) {
      for (; to - from >= 8; from += 8) {
        std::uint64_t word;
        std::memcpy(&word, from, sizeof word);
        const std::uint64_t hits =
            zeros(word ^ patterns_[0]) | zeros(word ^ patterns_[1]) | zeros(word ^ patterns_[2]) | zeros(word ^ patterns_[3]);
        if (hits != 0) return from + std::countr_zero(hits) / 8;
      }
    }
    while (from < to && !is_wanted(*from)) from++;
    return from;
  }

 private:
  static constexpr std::uint64_t kOnes = 0x0101010101010101u;
  static std::uint64_t repeat(char byte) { return kOnes * static_cast<unsigned char>(byte); }
  /// Marks the top bit of every zero byte; behind the first of them other bytes may be marked, too.
  static std::uint64_t zeros(std::uint64_t word) { return (word - kOnes) & ~word & (kOnes << 7); }
  [[nodiscard]] bool is_wanted(char byte) const {
    const std::uint64_t pattern = repeat(byte);
    return pattern == patterns_[0] || pattern == patterns_[1] || pattern == patterns_[2] || pattern == patterns_[3];
  }

  std::array<std::uint64_t, 4> patterns_;
};

}  // namespace ferry::text
