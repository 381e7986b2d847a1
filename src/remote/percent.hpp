#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Texts in addresses: every byte but letters, digits and "-._~" becomes "%XX".
namespace ferry::remote {

enum class Slashes : std::uint8_t { kept, encoded };

[[nodiscard]] std::string percent_encoded(std::string_view text, Slashes slashes);

/// The text again; "+" is a blank, as stores write keys in lists. Nothing where a "%" has no two hexadecimal digits behind it.
[[nodiscard]] std::optional<std::string> percent_decoded(std::string_view text);

}  // namespace ferry::remote
