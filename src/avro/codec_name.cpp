#include "avro/codec_name.hpp"

#include "avro/shown_text.hpp"
#include "base/concat.hpp"
#include "base/error.hpp"

namespace ferry::avro {

codec::CodecKind codec_by_name(std::string_view name) {
  if (const auto kind = codec::find_codec(name)) return *kind;
  throw Error("0A000", concat("codec \"", shown_text(name), "\" is not supported")).detail(codec::kCodecList);
}

}  // namespace ferry::avro
