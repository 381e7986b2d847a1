#pragma once

#include <string>

#include "remote/service.hpp"

namespace ferry::remote {

/// Gives an upload to abort_abandoned_uploads(), or, without an upload_id, an object that is there.
void abandon_upload(SharedService service, const std::string& key, const std::string& upload_id) noexcept;

}  // namespace ferry::remote
