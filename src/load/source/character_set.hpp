#pragma once

#include <optional>
#include <string>

#include "base/fronted_source.hpp"
#include "load/source/stream_source.hpp"
#include "text/wide_text.hpp"

namespace ferry::load {

/// Sets the encoding of a stream: one that the server knows, or UTF16LE, UTF16BE, UTF32LE or UTF32BE. Errors: 22023.
void set_encoding(StreamOptions& stream, const std::string& name);

/// The same for a wide one, whose records will be UTF-8; of none the encoding stays that of the records.
void set_wide_encoding(StreamOptions& stream, text::WideEncoding encoding);

/// The name of a stream's encoding.
[[nodiscard]] std::string encoding_name(const StreamOptions& stream);

/// The bytes of a stream in an encoding of the server: UTF-16 and UTF-32 as UTF-8.
class EncodedBytes {
 public:
  /// bytes outlives it. Where stream leaves it to the byte order mark, sets its encoding. Reads the first bytes.
  EncodedBytes(ByteSource& bytes, StreamOptions& stream);
  [[nodiscard]] ByteSource& source() { return utf8_ ? static_cast<ByteSource&>(*utf8_) : bytes_; }

 private:
  FrontedSource bytes_;
  std::optional<text::Utf8Source> utf8_;
};

}  // namespace ferry::load
