#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ferry::avro {

/// A name out of a file in the form that messages show it in: at most max_bytes of it, the rest is "..."; control characters,
/// and all that is not ASCII where text is not UTF-8, as \x and two digits.
[[nodiscard]] std::string shown_text(std::string_view text, std::size_t max_bytes = 100);

}  // namespace ferry::avro
