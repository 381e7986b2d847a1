#pragma once

#include <memory>
#include <string>

#include "remote/service.hpp"

namespace ferry::remote {

/// Opens an object: Store::read().
[[nodiscard]] std::unique_ptr<ObjectReader> open_object(SharedService service, const std::string& key);

}  // namespace ferry::remote
