#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace ferry::text {

/// Bytes of text that marks_of() looks at together.
inline constexpr std::size_t kMarkedBytes = 64;

/// A bit for each of the kMarkedBytes bytes at text: whether it is wanted; the first byte's is the lowest.
[[nodiscard]] inline std::uint64_t marks_of(const char* text, char wanted) {
  std::uint64_t marks = 0;
#ifdef __SSE2__
  const __m128i pattern = _mm_set1_epi8(wanted);
  for (unsigned i = 0; i < kMarkedBytes; i += sizeof pattern) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text + i));
    const auto hits = static_cast<std::uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, pattern)));
    marks |= std::uint64_t{hits} << i;
  }
#else
  for (unsigned i = 0; i < kMarkedBytes; i++) marks |= std::uint64_t{text[i] == wanted} << i;
#endif
  return marks;
}

/// Up to four bytes, to be found in text eight bytes at a time.
class ByteSearch {
 public:
  /// A byte may be given more than once.
  ByteSearch(char a, char b, char c, char d) : patterns_{repeat(a), repeat(b), repeat(c), repeat(d)} {}
  ByteSearch(char a, char b) : ByteSearch(a, b, a, b) {}

  /// The position of the first of the bytes in [from, to), or to.
  [[nodiscard]] const char* find(const char* from, const char* to) const {
#ifdef __SSE2__
    for (; to - from >= 16; from += 16) {
      const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
      const auto is = [bytes](std::uint64_t pattern) {
        return _mm_cmpeq_epi8(bytes, _mm_set1_epi64x(static_cast<long long>(pattern)));
      };
      const __m128i hits =
          _mm_or_si128(_mm_or_si128(is(patterns_[0]), is(patterns_[1])), _mm_or_si128(is(patterns_[2]), is(patterns_[3])));
      if (const int marks = _mm_movemask_epi8(hits); marks != 0) return from + std::countr_zero(static_cast<unsigned>(marks));
    }
#endif
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
