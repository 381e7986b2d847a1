#pragma once

#include <string>
#include <string_view>

namespace ferry::load {

/// A name as SQL has it, in quotes where it needs them.
[[nodiscard]] std::string identifier(const std::string& name);

/// A literal on one line, whatever the text and standard_conforming_strings.
[[nodiscard]] std::string literal(std::string_view text);

}  // namespace ferry::load
