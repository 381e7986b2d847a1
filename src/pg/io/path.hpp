#pragma once

#include <string>

namespace ferry::pg {

/// Refuses a path that is not absolute or has "..". if_relative: what is said of the first; empty: the usual words.
/// Errors: 42602.
void check_path(const std::string& path, std::string if_relative = {});

}  // namespace ferry::pg
