#pragma once

#include <string_view>

#include "codec/codec.hpp"

namespace ferry::avro {

/// The codec of a name as codec::find_codec() knows it. Errors: 0A000 any other name.
[[nodiscard]] codec::CodecKind codec_by_name(std::string_view name);

}  // namespace ferry::avro
