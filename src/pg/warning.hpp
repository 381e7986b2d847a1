#pragma once

#include <string>

namespace ferry::pg {

/// Sends a WARNING to the client. hint may be null.
void warning(const std::string& message, const char* hint = nullptr);

}  // namespace ferry::pg
