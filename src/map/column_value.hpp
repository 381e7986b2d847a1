#pragma once

#include "avro/decode.hpp"
#include "map/types.hpp"

#include "pg/server.hpp"

/// The values of columns, read. Both functions allocate in the current memory context and call the server without a guard of
/// their own. Errors: 22P04 malformed data; 22P02, 22003, 22001, 22021 a value that does not fit the column.
namespace ferry::map {

/// A value as Shape::value has it.
[[nodiscard]] Datum read_value(avro::Decoder& decoder, const Column& column);

/// A value as Shape::other has it.
[[nodiscard]] Datum read_other(avro::Decoder& decoder, const Column& column);

}  // namespace ferry::map
