#pragma once

#include <string>

namespace ferry::pg {

/// Sends a WARNING to the client.
void warning(const std::string& message);

}  // namespace ferry::pg
