#pragma once

#include <memory>
#include <string>

#include "remote/service.hpp"

namespace ferry::remote {

/// Store::write().
[[nodiscard]] std::unique_ptr<ObjectWriter> new_object(SharedService service, const std::string& key);

}  // namespace ferry::remote
