#pragma once

#include "map/read/read_node.hpp"
#include "map/read/server_text.hpp"

#include "pg/server.hpp"

// Values that must have their type's length, precision and scale already: to cut or to round them would change them. The
// functions call the server without a guard.
namespace ferry::map {

/// A value that an input function makes of text, exactly. Errors: 22001, 22003, 22008 a value that the type's modifier would
/// change; what the input function raises.
[[nodiscard]] Datum input_value(ReadNode& node, ServerText text);

/// A value of a text type. Errors: 22001.
[[nodiscard]] Datum text_value(const ReadNode& node, ServerText text);

/// A numeric that has all its digits, as the column's. Errors: 22003 it would be rounded, or is too large.
[[nodiscard]] Datum fitted_numeric(const ReadNode& node, Datum exact);

/// A time, timestamp, timestamptz, timetz or interval of the column's precision. Errors: 22008 it would be rounded.
[[nodiscard]] Datum fitted_time(const ReadNode& node, Datum exact);

/// Errors: 22003 or 22008, as sqlstate says.
[[noreturn]] void fail_range(const ReadNode& node, const char* sqlstate = "22003");

}  // namespace ferry::map
