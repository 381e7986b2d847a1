#pragma once

#include <cstdint>
#include <string_view>

namespace ferry::text {

/// [+|-]digits[.digits][e[+|-]digits] whose value is whole, as 1.0, 1e3 and -.5E1, and within the range of the type; white space
/// around it is fine, digits on one side of the point are enough. Unlike the parsers of value_parse.hpp it takes what input
/// functions of integers refuse.
[[nodiscard]] bool parse_whole_number(std::string_view text, std::int64_t& value);

}  // namespace ferry::text
