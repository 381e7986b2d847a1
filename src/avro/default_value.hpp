#pragma once

#include <cstddef>
#include <string_view>

#include "avro/schema.hpp"
#include "base/bytes.hpp"

// Source: Avro 1.12, Complex Types, Records: the defaults of fields.
namespace ferry::avro {

/// What one default may cost: values, JSON text looked at and bytes written, together.
inline constexpr std::size_t kMaxDefaultWork = std::size_t{16} << 20;
/// How deep its values may be nested, counting records, unions, arrays and maps.
inline constexpr int kMaxDefaultDepth = 256;

/// Appends to out the value that json, the default of a field of that schema, stands for, in binary. Of a union it is the first
/// branch that it fits; fields that a record's default leaves out take their own; bytes and fixed are the code points 0 to 255 of
/// a string. False, and out as it was, where json does not fit the schema: files with such defaults exist, and can be read as
/// long as nobody needs them. Errors: 54000 beyond kMaxDefaultWork or kMaxDefaultDepth.
[[nodiscard]] bool put_default(Bytes& out, const Schema& schema, std::string_view json);

}  // namespace ferry::avro
