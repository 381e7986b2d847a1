#pragma once

#include <string>
#include <string_view>

namespace ferry::text {

/// Text of one byte a character as UTF-8: LATIN1, or WIN1252, which has other characters from 0x80 to 0x9F.
[[nodiscard]] std::string utf8_of_latin1(std::string_view text);
[[nodiscard]] std::string utf8_of_win1252(std::string_view text);

}  // namespace ferry::text
