#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/io.hpp"

// UTF-16 and UTF-32, which no server knows as encodings of its own: files in them are read as UTF-8.
namespace ferry::text {

enum class WideEncoding : std::uint8_t { none, utf16le, utf16be, utf32le, utf32be };

/// The encoding of a name as "UTF16LE": in any case, with or without hyphens and underscores. none: there is none.
[[nodiscard]] WideEncoding wide_encoding_by_name(std::string_view name);
/// "UTF16LE"; of none an empty one.
[[nodiscard]] std::string_view name_of(WideEncoding encoding);
/// The encoding of the byte order mark that front begins with. front: four bytes, or all that there are.
[[nodiscard]] WideEncoding wide_encoding_of_mark(ByteView front);

/// Its byte order mark; of none an empty one.
[[nodiscard]] std::string_view mark_of(WideEncoding encoding);

/// Appends to out, in a wide encoding, what Utf8Source has made UTF-8 of: also what is no character. Other bytes that are no
/// UTF-8 become U+FFFD. encoding: not none.
void append_wide(std::string& out, std::string_view utf8, WideEncoding encoding);

/// The UTF-8 of a source in a wide encoding; a byte order mark becomes the one of UTF-8. What is no character becomes bytes that
/// are no UTF-8, so that whoever checks its text finds it where it is: half a pair of surrogates and numbers beyond the last
/// character as UTF-8 would have them if it went so far, a part of a unit at the end of the source as the byte 0xff.
class Utf8Source final : public ByteSource {
 public:
  /// origin outlives it. encoding: not none.
  Utf8Source(ByteSource& origin, WideEncoding encoding);

  /// Errors: what the origin throws.
  [[nodiscard]] std::size_t read(std::span<std::uint8_t> out) override;
  /// Those of the file, as whole pieces that were converted.
  [[nodiscard]] std::optional<std::uint64_t> origin_bytes() const override {
    const std::optional<std::uint64_t> of_origin = origin_.origin_bytes();
    return of_origin ? of_origin : fetched_bytes_;
  }

 private:
  bool fetch();
  void convert(ByteView bytes);
  void take_unit16(std::uint32_t unit);
  void append(std::uint32_t number);
  void append_open_surrogate();

  ByteSource& origin_;
  WideEncoding encoding_;
  std::size_t unit_bytes_;
  Bytes buffer_;
  std::size_t kept_bytes_ = 0;  ///< at the front of buffer_: of a unit that is not whole yet
  std::uint64_t fetched_bytes_ = 0;
  std::uint32_t high_surrogate_ = 0;  ///< that waits for the low one; 0: none does
  bool has_ended_ = false;
  Bytes utf8_;
  std::size_t given_bytes_ = 0;  ///< of utf8_
};

}  // namespace ferry::text
