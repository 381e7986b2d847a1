#include "text/wide_text.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <string>

namespace ferry::text {
namespace {

struct Known {
  WideEncoding encoding;
  std::string_view name, mark;
};
/// Longer marks come first: two zeros behind the mark of UTF-16LE would be a character that no text has.
constexpr Known kKnown[] = {
    {WideEncoding::utf32le, "UTF32LE", {"\xff\xfe\0\0", 4}},
    {WideEncoding::utf32be, "UTF32BE", {"\0\0\xfe\xff", 4}},
    {WideEncoding::utf16le, "UTF16LE", "\xff\xfe"},
    {WideEncoding::utf16be, "UTF16BE", "\xfe\xff"},
};

constexpr std::size_t kPieceBytes = std::size_t{64} << 10;

bool is_high_surrogate(std::uint32_t unit) { return (unit & 0xfffffc00) == 0xd800; }
bool is_low_surrogate(std::uint32_t unit) { return (unit & 0xfffffc00) == 0xdc00; }

}  // namespace

WideEncoding wide_encoding_by_name(std::string_view name) {
  std::string plain;
  for (const char c : name)
    if (c != '-' && c != '_') plain += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  for (const Known& known : kKnown)
    if (known.name == plain) return known.encoding;
  return WideEncoding::none;
}

std::string_view name_of(WideEncoding encoding) {
  for (const Known& known : kKnown)
    if (known.encoding == encoding) return known.name;
  return {};
}

WideEncoding wide_encoding_of_mark(ByteView front) {
  for (const Known& known : kKnown)
    if (as_text(front).starts_with(known.mark)) return known.encoding;
  return WideEncoding::none;
}

std::string_view mark_of(WideEncoding encoding) {
  for (const Known& known : kKnown)
    if (known.encoding == encoding) return known.mark;
  return {};
}

namespace {

/// The number at the front of utf8, which is not empty, as Utf8Source::append() writes it; takes its bytes away.
std::uint32_t take_number(std::string_view& utf8) {
  constexpr std::uint32_t kReplacement = 0xfffd;
  const auto lead = static_cast<std::uint8_t>(utf8.front());
  utf8.remove_prefix(1);
  if (lead < 0x80) return lead;
  const auto size = static_cast<std::size_t>(std::countl_one(lead));
  if (size < 2 || size > 7 || utf8.size() < size - 1) return kReplacement;
  std::uint32_t number = size < 7 ? lead & (0x7fU >> size) : 0;
  for (std::size_t i = 0; i + 1 < size; i++) {
    const auto byte = static_cast<std::uint8_t>(utf8[i]);
    if ((byte & 0xc0) != 0x80) return kReplacement;
    number = number << 6 | (byte & 0x3f);
  }
  utf8.remove_prefix(size - 1);
  return number;
}

/// Appends a unit of so many bytes.
void append_unit(std::string& out, std::uint32_t unit, int bytes, bool little_endian) {
  for (int i = 0; i < bytes; i++) out += static_cast<char>(unit >> (8 * (little_endian ? i : bytes - 1 - i)) & 0xff);
}

}  // namespace

void append_wide(std::string& out, std::string_view utf8, WideEncoding encoding) {
  const bool little_endian = encoding == WideEncoding::utf16le || encoding == WideEncoding::utf32le;
  const bool is_utf32 = encoding == WideEncoding::utf32le || encoding == WideEncoding::utf32be;
  while (!utf8.empty()) {
    const std::uint32_t number = take_number(utf8);
    if (is_utf32) {
      append_unit(out, number, 4, little_endian);
    } else if (number < 0x10000) {
      append_unit(out, number, 2, little_endian);
    } else {
      append_unit(out, 0xd800 | ((number - 0x10000) >> 10 & 0x3ff), 2, little_endian);
      append_unit(out, 0xdc00 | (number & 0x3ff), 2, little_endian);
    }
  }
}

Utf8Source::Utf8Source(ByteSource& origin, WideEncoding encoding)
    : origin_(origin),
      encoding_(encoding),
      unit_bytes_(encoding == WideEncoding::utf16le || encoding == WideEncoding::utf16be ? 2 : 4),
      buffer_(kPieceBytes) {}

/// Appends the number in the form of UTF-8, which with seven bytes has room for every one.
void Utf8Source::append(std::uint32_t number) {
  if (number < 0x80) {
    utf8_.push_back(static_cast<std::uint8_t>(number));
    return;
  }
  int more = 1;  // bytes behind the first one, six bits each
  for (std::uint64_t limit = 0x800; number >= limit && more < 6; limit <<= 5) more++;
  const unsigned lead = 0xff & (0xff00U >> (more + 1));
  utf8_.push_back(static_cast<std::uint8_t>(lead | (more < 6 ? number >> (6 * more) : 0)));
  for (int shift = 6 * (more - 1); shift >= 0; shift -= 6)
    utf8_.push_back(static_cast<std::uint8_t>(0x80 | (number >> shift & 0x3f)));
}

void Utf8Source::append_open_surrogate() {
  if (high_surrogate_ != 0) append(high_surrogate_);
  high_surrogate_ = 0;
}

void Utf8Source::take_unit16(std::uint32_t unit) {
  if (high_surrogate_ != 0 && is_low_surrogate(unit)) {
    append(0x10000 + ((high_surrogate_ & 0x3ff) << 10 | (unit & 0x3ff)));
    high_surrogate_ = 0;
    return;
  }
  append_open_surrogate();
  if (is_high_surrogate(unit))
    high_surrogate_ = unit;
  else
    append(unit);
}

/// Converts whole units.
void Utf8Source::convert(ByteView bytes) {
  const std::uint8_t* at = bytes.data();
  const std::uint8_t* const end = at + bytes.size();
  switch (encoding_) {
    case WideEncoding::utf16le:
      for (; at < end; at += 2) take_unit16(at[0] | std::uint32_t{at[1]} << 8);
      return;
    case WideEncoding::utf16be:
      for (; at < end; at += 2) take_unit16(at[1] | std::uint32_t{at[0]} << 8);
      return;
    case WideEncoding::utf32le:
      for (; at < end; at += 4)
        append(at[0] | std::uint32_t{at[1]} << 8 | std::uint32_t{at[2]} << 16 | std::uint32_t{at[3]} << 24);
      return;
    case WideEncoding::utf32be:
      for (; at < end; at += 4)
        append(at[3] | std::uint32_t{at[2]} << 8 | std::uint32_t{at[1]} << 16 | std::uint32_t{at[0]} << 24);
      return;
    case WideEncoding::none:
      return;
  }
}

/// Makes the next piece of UTF-8; false behind the last one.
bool Utf8Source::fetch() {
  if (has_ended_) return false;
  utf8_.clear();
  given_bytes_ = 0;
  const std::size_t count = origin_.read(std::span(buffer_).subspan(kept_bytes_));
  fetched_bytes_ += count;
  if (count == 0) {
    has_ended_ = true;
    append_open_surrogate();
    if (kept_bytes_ > 0) utf8_.push_back(0xff);
    return !utf8_.empty();
  }
  const std::size_t size = kept_bytes_ + count;
  kept_bytes_ = size % unit_bytes_;
  convert(ByteView(buffer_).first(size - kept_bytes_));
  std::copy_n(buffer_.begin() + static_cast<std::ptrdiff_t>(size - kept_bytes_), kept_bytes_, buffer_.begin());
  return true;
}

std::size_t Utf8Source::read(std::span<std::uint8_t> out) {
  while (given_bytes_ == utf8_.size())
    if (!fetch()) return 0;
  const std::size_t count = std::min(out.size(), utf8_.size() - given_bytes_);
  std::memcpy(out.data(), utf8_.data() + given_bytes_, count);
  given_bytes_ += count;
  return count;
}

}  // namespace ferry::text
