#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ferry::text {

/// Names for columns, and so made that SQL needs few quotes, from those of a header, in UTF-8: small letters, digits and _; one
/// that is blank becomes column_N; each different from the others and from the columns that every table has; of at most 63
/// bytes. Letters beyond ASCII stay.
[[nodiscard]] std::vector<std::string> column_names(const std::vector<std::string>& header);

/// A text as a name of SQL as above, empty where nothing is left of it.
[[nodiscard]] std::string plain_name(std::string_view text);

}  // namespace ferry::text
