#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ferry::load {

/// What a header line says of the fields below it.
struct HeaderLine {
  std::vector<std::string> names{};
  std::vector<bool> are_null{};  ///< the null string, which is no name
  std::string hint{};            ///< why they may be no names; empty where nothing looks like it
};

/// What a header may be in truth that is not understood, as the hint of an error, by its bytes or, where it has one name only,
/// by that: compressed data, UTF-16, fields with another delimiter between them. Else nothing.
[[nodiscard]] std::string hint_at_bytes(std::string_view raw);
[[nodiscard]] std::string hint_at_delimiter(std::string_view only_name);

}  // namespace ferry::load
